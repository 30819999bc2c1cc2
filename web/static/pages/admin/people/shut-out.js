// Shutting an account out: what ends with it is shown first, each key and link can be given to another
// account instead, and what is on air is asked about once more. So are the accounts that it made or
// invited, which stay unless they are shut out too, and the keys of others that it knows.

import { el, findAll } from "../../../lib/ui/dom.js";
import { count, listed } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t } from "../../../lib/words.js";
import { getAll, patch } from "../../../lib/channel/staff-api.js";
import { askToConfirm } from "../../../lib/ui/confirm.js";
import { roleWords } from "../../../lib/format/roles.js";
import { facts, kindWords, nameOf, owners } from "./credential-words.js";
import { badge, row } from "../../../lib/ui/remote-list.js";
import { FormSheet, offer } from "../../../lib/forms/form-sheet.js";

/** @typedef {import("../../../lib/state/api").CredentialAnswer} Credential */
/** @typedef {import("../../../lib/state/api").AccountAnswer} Account */

const sheet = new FormSheet("shut-out-sheet");
/** How many are listed: what is on air first. The others end, however many somebody made. */
const SHOWN = 100;
const all = sheet.part("all", HTMLSelectElement);
const ends = sheet.part("ends");

/** @type {() => Promise<Credential[]>} */
const every = async () => (await getAll("/api/v1/credentials")).credentials;

/**
 * The accounts in use that `account` made or invited, and those that these made in their turn.
 * @param {Account} account
 * @param {Account[]} accounts
 */
function madeBy(account, accounts) {
  const found = [account];
  for (const { id } of found)
    found.push(...accounts.filter((each) => each.made_by === id && !found.includes(each)));
  return found.slice(1).filter(({ disabled }) => !disabled);
}

/**
 * @param {Account} made
 * @param {Account[]} accounts
 */
function madeLine(made, accounts) {
  const choice = el(
    "select",
    {
      class: "field__input",
      name: `out.${made.id}`,
      "data-as": "yes",
      "aria-label": t("What happens to %(name)s", { name: made.name }),
    },
    new Option(t("Keep active"), ""),
    new Option(t("Deactivate too, with everything it created"), "yes"),
  );
  const maker = accounts.find(({ id }) => id === made.made_by);
  return row({
    title: made.name,
    badges: [badge(roleWords(made.role))],
    lines: [maker ? t("Created or invited by %(name)s", { name: maker.name }) : ""].filter(Boolean),
    acts: [choice],
  });
}

/**
 * @param {string} kind
 * @param {Account[]} accounts
 * @param {Account} account
 * @returns {[string, string][]}
 */
const choices = (kind, accounts, account) =>
  owners(kind, accounts, account.id).map(([id, name]) => [id, t("Give it to %(name)s", { name })]);

/**
 * @param {Credential} credential
 * @param {Account[]} accounts
 * @param {Account} account
 */
function line(credential, accounts, account) {
  const choice = el(
    "select",
    {
      class: "field__input",
      name: `give.${credential.id}`,
      "data-as": "text",
      "aria-label": t("What happens to %(name)s", { name: nameOf(credential) }),
    },
    new Option(t("Ends"), ""),
  );
  offer(choice, choices(credential.kind, accounts, account));
  return row({
    title: nameOf(credential),
    badges: [
      badge(kindWords(credential.kind)),
      credential.on_air
        ? badge(t("On air"), "live")
        : credential.sending
          ? badge(t("Connected"), "leaf")
          : null,
    ].filter((each) => each !== null),
    lines: [facts(credential).join(" · ")].filter(Boolean),
    acts: [choice],
  });
}

/**
 * Whether viewers may lose these pictures; without any nothing is asked.
 * @param {Credential[]} onAir
 * @param {Account} account
 */
async function isMeant(onAir, account) {
  if (!onAir.length) return true;
  return askToConfirm({
    title: t("%(name)s is on air", { name: account.name }),
    words: t("Viewers lose this picture within five seconds: %(what)s.", {
      what: onAir.map((each) => nameOf(each)).join(" · "),
    }),
    yes: t("Yes, end the picture too"),
  });
}

/**
 * Shows what is to be decided of `found`, what it owns; of `known`, keys of others; and of accounts.
 * @param {Account} account
 * @param {Account[]} accounts
 * @param {{ found: Credential[], known: Credential[], made: Account[] }} what
 */
function draw(account, accounts, { found, known, made }) {
  sheet.part("owned").hidden = !found.length;
  /** @param {Credential} each */
  const rank = (each) => (each.on_air ? 2 : 0) + (each.sending ? 1 : 0);
  found.sort((one, other) => rank(other) - rank(one));
  ends.replaceChildren(...found.slice(0, SHOWN).map((each) => line(each, accounts, account)));
  const rest = found.length - SHOWN;
  const more = sheet.part("rest");
  more.hidden = rest <= 0;
  more.textContent =
    rest > 0 ? n("%(n)s more ends too.", "%(n)s more end too.", rest, { n: count(rest) }) : "";
  offer(all, choices("api_key", accounts, account));
  const choosing = all.closest("[data-field]");
  if (choosing instanceof HTMLElement) choosing.hidden = found.length < 2;
  sheet.part("known").hidden = !known.length;
  sheet.part("known-words").textContent = known.length
    ? t(
        "They also know %(what)s, owned by other accounts. These keep working: renew them under “Keys and links”.",
        { what: listed(known.map((each) => nameOf(each))) },
      )
    : "";
  sheet.part("made").hidden = !made.length;
  sheet.part("made-accounts").replaceChildren(...made.map((each) => madeLine(each, accounts)));
}

/**
 * Shuts out those that `account` made and that were chosen, and returns who is; who can't be is named.
 * @param {Account[]} chosen
 */
async function shutOutChosenAccounts(chosen) {
  /** @type {Account[]} */
  const out = [];
  for (const each of chosen) {
    try {
      await patch(`/api/v1/accounts/${each.id}`, { disabled: true });
      out.push(each);
    } catch (problem) {
      toastProblem(problem, each.name);
    }
  }
  return out;
}

/**
 * Shuts `account` out once that is confirmed; `done(out, hasEnded)` is called then with the accounts
 * that were shut out. `accounts` are all there are.
 * @param {Account} account
 * @param {Account[]} accounts
 * @param {(out: Account[], hasEnded: boolean) => void} done
 */
export async function shutOut(account, accounts, done) {
  /** @param {Record<string, string>} give */
  const put = (give) => patch(`/api/v1/accounts/${account.id}`, { disabled: true, give });
  const credentials = await every();
  const found = credentials.filter(({ owner }) => owner === account.id);
  const known = credentials.filter(
    ({ owner, made_by: maker }) => maker === account.id && owner !== maker,
  );
  const made = madeBy(account, accounts);
  if (!found.length && !known.length && !made.length) {
    const isSure = await askToConfirm({
      title: t("Deactivate %(name)s?", { name: account.name }),
      words: t("They are signed out everywhere and can't sign in."),
      yes: t("Yes, deactivate"),
    });
    if (!isSure) return;
    await put({});
    done([account], false);
    return;
  }
  draw(account, accounts, { found, known, made });
  sheet.open({
    title: t("Deactivate %(name)s?", { name: account.name }),
    job: async ({ give, out }) => {
      /** @type {Record<string, string>} */
      const given = Object.fromEntries(Object.entries(give ?? {}).filter(([, to]) => to));
      const chosen = made.filter(({ id }) => out?.[id]);
      // It may have gone on air, or have made another key, since the list was drawn.
      const ending = [account, ...chosen].map(({ id }) => id);
      const now = (await every()).filter(({ owner }) => owner && ending.includes(owner));
      // What goes to an account that is shut out next ends with that.
      /** @param {Credential} each */
      const isEnding = ({ id }) => !given[id] || ending.includes(given[id]);
      if (
        !(await isMeant(
          now.filter((each) => each.on_air && isEnding(each)),
          account,
        ))
      )
        return false;
      await put(given);
      const gone = [account, ...(await shutOutChosenAccounts(chosen))];
      return () => done(gone, found.length > 0 || chosen.length > 0);
    },
  });
}

all.addEventListener("change", () => {
  for (const choice of findAll(ends, "select", HTMLSelectElement)) choice.value = all.value;
});

// Nothing is given to an account that is shut out too: it would end with that.
sheet.part("made-accounts").addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLSelectElement)) return;
  const account = target.name.replace("out.", "");
  const reset = [];
  for (const choice of [all, ...findAll(ends, "select", HTMLSelectElement)]) {
    const option = [...choice.options].find(({ value }) => value === account);
    if (!option) continue;
    option.disabled = target.value !== "";
    option.hidden = option.disabled;
    if (!option.disabled || choice.value !== account) continue;
    choice.value = "";
    if (choice !== all) reset.push(choice);
  }
  if (reset.length)
    toast(
      t(
        "Nothing can be passed to an account that is deactivated too. Choose again for what you passed to it.",
      ),
    );
});
