// Shutting an account out: what ends with it is shown first, each key and link can be given to another
// account instead, and what is on air is asked about once more.

import { el } from "../../common/dom.js";
import { count } from "../../common/format.js";
import { n, t } from "../../common/words.js";
import { get, patch } from "../api.js";
import { ask } from "../ask.js";
import { facts, kindWords, nameOf, owners } from "./credential-words.js";
import { badge, row } from "./list.js";
import { FormSheet, offer } from "./sheet.js";

const sheet = new FormSheet("shut-out-sheet");
/** How many are listed: what is on air first. The others end, however many somebody made. */
const SHOWN = 100;
const all = sheet.part("all");
const ends = sheet.part("ends");

const owned = async ({ id }) => (await get(`/api/v1/credentials?owner=${id}`)).credentials;

const choices = (kind, accounts, account) => owners(kind, accounts, account.id).map(([id, name]) => [id, t("Give it to %(name)s", { name })]);

function line(credential, accounts, account) {
  const choice = el("select", { class: "field__input", name: `give.${credential.id}`, "data-as": "text", "aria-label": t("What becomes of %(name)s", { name: nameOf(credential) }) }, new Option(t("It ends"), ""));
  offer(choice, choices(credential.kind, accounts, account));
  return row({
    title: nameOf(credential),
    badges: [badge(kindWords(credential.kind)), credential.on_air ? badge(t("On air"), "live") : credential.sending ? badge(t("Connected"), "leaf") : null].filter(Boolean),
    lines: [facts(credential).join(" · ")].filter(Boolean),
    acts: [choice],
  });
}

/** Whether viewers may lose these pictures; without any nothing is asked. */
async function isMeant(onAir, account) {
  if (!onAir.length) return true;
  return ask({
    title: t("%(name)s is on air", account),
    words: t("Viewers lose this picture within five seconds: %(what)s.", { what: onAir.map((each) => nameOf(each)).join(" · ") }),
    yes: t("Yes, end the picture too"),
  });
}

/**
 * Shuts `account` out once that is confirmed; `done(hasEnded)` is called then. `accounts` are all
 * there are.
 */
export async function shutOut(account, accounts, done) {
  const put = (give) => patch(`/api/v1/accounts/${account.id}`, { disabled: true, give });
  const found = await owned(account);
  if (!found.length) {
    const isSure = await ask({
      title: t("Shut out %(name)s?", account),
      words: t("They are signed out everywhere and can't sign in."),
      yes: t("Yes, shut out"),
    });
    if (!isSure) return;
    await put({});
    done(false);
    return;
  }
  found.sort((one, other) => other.on_air - one.on_air || other.sending - one.sending);
  ends.replaceChildren(...found.slice(0, SHOWN).map((each) => line(each, accounts, account)));
  const rest = found.length - SHOWN;
  const more = sheet.part("rest");
  more.hidden = rest <= 0;
  more.textContent = rest > 0 ? n("%(n)s more ends too.", "%(n)s more end too.", rest, { n: count(rest) }) : "";
  offer(all, choices("api_key", accounts, account));
  all.closest("[data-field]").hidden = found.length < 2;
  sheet.open({
    title: t("Shut out %(name)s?", account),
    job: async ({ give }) => {
      const given = Object.fromEntries(Object.entries(give ?? {}).filter(([, to]) => to));
      // It may have gone on air, or have made another key, since the list was drawn.
      const now = await owned(account);
      if (!(await isMeant(now.filter((each) => each.on_air && !given[each.id]), account))) return false;
      await put(given);
      return () => done(true);
    },
  });
}

all.addEventListener("change", () => {
  for (const choice of ends.querySelectorAll("select")) choice.value = all.value;
});
