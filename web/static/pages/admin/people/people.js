// People: accounts with their roles, and invitations by link. Keys and what ends with an account are in
// credentials.js and shut-out.js, who is blocked in blocklist.js.

import { find } from "../../../lib/ui/dom.js";
import { count, day, dayAndClock, dayShort, listed } from "../../../lib/format/format.js";
import { now } from "../../../lib/channel/server-clock.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, page, t, text } from "../../../lib/words.js";
import { getAll, patch, post, remove } from "../../../lib/channel/staff-api.js";
import { askToConfirm } from "../../../lib/ui/confirm.js";
import { roleWords, setUpRoles } from "../../../lib/format/roles.js";
import { together } from "../../../lib/format/staff-sentences.js";
import { credentials } from "./credentials.js";
import { act, badge, RemoteList, row, sign } from "../../../lib/ui/remote-list.js";
import { showOnce } from "./secret-sheet.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";
import { shutOut } from "./shut-out.js";

const sheets = Object.fromEntries(
  ["invite", "account"].map((name) => [name, new FormSheet(`${name}-sheet`)]),
);
/** @typedef {import("../../../lib/state/api").AccountAnswer} Account */
/** @typedef {import("../../../lib/state/api").InvitationAnswer & { idle: boolean }} Invitation */
/** @typedef {{ role: string, farms: string[], centres: string[] | null }} Scoped */

/** @param {string} name */
const part = (name) => find(document, `[data-${name}]`);
/** @type {Record<"farms" | "centres", { id: string, name: import("../../../lib/words.js").BilingualText }[]>} */
const known = { farms: [], centres: [] };
/** @type {Account | null} */
let opened = null;

/**
 * @param {"farms" | "centres"} kind
 * @param {string[] | null} ids
 */
const names = (kind, ids) =>
  listed(
    (ids ?? []).map((id) => text(known[kind].find((each) => each.id === id)?.name)).filter(Boolean),
  );
/**
 * A clerk from before clerks belonged to pick-up points: all of them, until some are chosen.
 * @param {Pick<Scoped, "role" | "centres">} of
 */
const hasAll = ({ role, centres }) => role === "clerk" && centres === null;
/** @param {Scoped} of */
const scopeWords = (of) =>
  hasAll(of)
    ? t("Sees the orders of every pick-up point.")
    : names("farms", of.farms) || names("centres", of.centres);
/** @param {string} moment */
const when = (moment) => dayAndClock(Date.parse(moment));
const fail = toastProblem;

/** The account whose sheet is open. */
function current() {
  if (!opened) throw new Error("No account is open");
  return opened;
}

/**
 * What stands beside an account's name about its second factor.
 * @param {Account} account
 */
function factorBadge({
  disabled,
  second_factor: has,
  second_factor_demanded: isDemanded,
  second_factor_until: until,
}) {
  if (has) return badge(t("Second factor"), "leaf");
  if (!isDemanded || disabled) return null;
  if (!until) return badge(t("No second factor"), "red");
  const due = Date.parse(until);
  return badge(
    due > now()
      ? t("No second factor (until %(day)s)", { day: dayShort(due) })
      : t("No second factor (overdue)"),
    "red",
  );
}

const accounts = new RemoteList(
  "accounts",
  async () => {
    const { accounts: found } = await getAll("/api/v1/accounts");
    /** @type {Account[]} */
    const all = found;
    const unchosen = all.filter((account) => hasAll(account) && !account.disabled);
    part("unchosen").hidden = unchosen.length === 0;
    if (unchosen.length) {
      const who = listed(unchosen.map(({ name }) => name));
      part("unchosen-words").textContent = t(
        "Clerks who still see every pick-up point's orders, with names and phone numbers: %(names)s. Press “Change” and choose theirs.",
        { names: who },
      );
    }
    return all;
  },
  (account) =>
    row({
      picture: sign("person"),
      title: account.name,
      dim: account.disabled,
      badges: [
        badge(roleWords(account.role), account.role === "seller" ? "leaf" : ""),
        account.disabled ? badge(t("Deactivate"), "red") : null,
        hasAll(account) ? badge(t("All pick-up points"), "red") : null,
        factorBadge(account),
        account.name === page.data.name ? badge(t("You")) : null,
      ].filter((each) => each !== null),
      lines: [
        account.display_name ? t("Viewers see: %(name)s", { name: account.display_name }) : "",
        scopeWords(account),
        t("since %(day)s", { day: day(Date.parse(account.created_at)) }),
      ].filter(Boolean),
      onOpen: () => change(account),
      acts: [act(t("Change"), () => change(account), { name: account.name })],
    }),
);

const invitations = new RemoteList(
  "invitations",
  async () => {
    const [found, keys] = await Promise.all([
      getAll("/api/v1/invitations"),
      getAll("/api/v1/credentials"),
    ]);
    /** @type {import("../../../lib/state/api").CredentialAnswer[]} */
    const all = keys.credentials;
    /** @type {import("../../../lib/state/api").InvitationAnswer[]} */
    const open = found.invitations;
    const idle = new Set(all.filter((each) => each.idle).map(({ id }) => id));
    return open.map((each) => ({ ...each, idle: idle.has(each.id) }));
  },
  (invitation) =>
    row({
      picture: sign("send"),
      title: invitation.label ?? t("Someone"),
      badges: [
        badge(roleWords(invitation.role)),
        invitation.idle ? badge(t("Does nothing"), "red") : null,
        hasAll(invitation) ? badge(t("All pick-up points"), "red") : null,
      ].filter((each) => each !== null),
      lines: [
        scopeWords(invitation),
        t("open until %(when)s", { when: when(invitation.expires_at) }),
      ],
      acts: [
        act(t("Withdraw it"), () => revoke(invitation), {
          name: invitation.label ?? roleWords(invitation.role),
        }),
      ],
    }),
);

function invite() {
  sheets.invite.open({
    values: { role: "seller" },
    job: async (body) => {
      const made = await post("/api/v1/invitations", body);
      invitations.reload();
      return () =>
        showOnce({
          title: t("The invitation is ready"),
          path: made.url,
          words: t(
            "Let them scan it, or send the link. It is shown only once, works once, and lasts seven days.",
          ),
        });
    },
  });
}

/** @param {Invitation} invitation */
async function revoke(invitation) {
  try {
    await remove(`/api/v1/invitations/${invitation.id}`);
    await invitations.reload();
    toast(t("The link no longer works."));
  } catch (problem) {
    fail(problem);
  }
}

/**
 * Shows *Seven more days* for whoever must have a second factor and has none, or why there are no more.
 * @param {Account} account
 */
function offerMoreDays({
  name,
  disabled,
  second_factor_demanded: isDemanded,
  second_factor_until: until,
  second_factor_extensions: left,
}) {
  const isOffered = isDemanded && !disabled && name !== page.data.name;
  const why = !until
    ? t("Their seven days without a second factor begin when they sign in.")
    : left
      ? ""
      : t(
          "Seven more days were given twice, so no more can be given here. The server's operator can give more.",
        );
  const extending = sheets.account.part("extend", HTMLButtonElement);
  extending.hidden = !isOffered;
  extending.disabled = why !== "";
  sheets.account.part("extend-why").hidden = !isOffered || why === "";
  sheets.account.part("extend-why").textContent = why;
}

/** @param {Account} account */
function change(account) {
  opened = account;
  const disable = sheets.account.part("disable");
  disable.textContent = account.disabled ? t("Reactivate") : t("Deactivate");
  disable.classList.toggle("button--danger", !account.disabled);
  disable.hidden = account.name === page.data.name;
  offerMoreDays(account);
  sheets.account.part("reset-factor").hidden =
    !account.second_factor || account.name === page.data.name;
  sheets.account.open({
    title: account.name,
    values: account,
    job: async ({ display_name, ...body }) => {
      await patch(
        `/api/v1/accounts/${account.id}`,
        display_name ? { ...body, display_name } : body,
      );
      await accounts.reload();
      toast(t("%(name)s: saved.", { name: account.name }));
    },
  });
}

async function resetPassword() {
  const account = current();
  const isMeant = await askToConfirm({
    title: t("A new password for %(name)s?", { name: account.name }),
    words: t("The current one stops working at once, and %(name)s is signed out everywhere.", {
      name: account.name,
    }),
    yes: t("Yes, set a new one"),
  });
  if (!isMeant) return;
  try {
    const { password } = await post(`/api/v1/accounts/${account.id}/password`);
    if (opened === account) sheets.account.close();
    showOnce({
      title: t("New password of %(name)s", { name: account.name }),
      value: password,
      words: t(
        "Shown only once, and valid for 24 hours. Tell them or write it down; at the first sign-in they choose their own.",
      ),
    });
  } catch (problem) {
    fail(problem);
  }
}

async function resetFactor() {
  const account = current();
  const isMeant = await askToConfirm({
    title: t("Reset the second factor of %(name)s?", { name: account.name }),
    words: t(
      "%(name)s can then sign in with the password alone until a new one is set up. Make sure that it is really %(name)s who is asking.",
      { name: account.name },
    ),
    yes: t("Yes, reset it"),
  });
  if (!isMeant) return;
  try {
    await remove(`/api/v1/accounts/${account.id}/factors`);
    if (opened === account) sheets.account.close();
    await accounts.reload();
    toast(t("%(name)s no longer has a second factor.", { name: account.name }));
  } catch (problem) {
    fail(problem);
  }
}

async function extend() {
  const account = current();
  try {
    const { second_factor_until: until, second_factor_extensions: left } = await post(
      `/api/v1/accounts/${account.id}/factors/extension`,
    );
    if (opened === account) sheets.account.close();
    toast(
      together([
        t("%(name)s has until %(day)s to set up a second factor.", {
          name: account.name,
          day: day(Date.parse(until)),
        }),
        left ? t("One more extension is possible.") : t("No further extension is possible."),
      ]),
    );
  } catch (problem) {
    fail(problem);
  }
  await accounts.reload();
}

/**
 * Names who was shut out, and leads to the keys of others that they know. Ended keys don't come back
 * with the account: then there is no `undo`.
 * @param {Account[]} out
 * @param {{ act?: string, onAct?: () => void }} undo
 */
function tellOfShutOut(out, undo) {
  const names = listed(out.map(({ name }) => name));
  const ids = out.map(({ id }) => id);
  const left = credentials.items.filter(
    ({ owner, made_by: maker }) => maker !== null && ids.includes(maker) && owner !== maker,
  ).length;
  toast(
    together(
      [
        n(
          "%(names)s is deactivated and signed out.",
          "%(names)s are deactivated and signed out.",
          out.length,
          { names },
        ),
        left
          ? n(
              "They still know %(n)s key or link: renew it here.",
              "They still know %(n)s keys and links: renew them here.",
              left,
              { n: count(left) },
            )
          : "",
      ].filter(Boolean),
    ),
    undo,
  );
  if (left) find(document, "#credentials").scrollIntoView();
}

async function toggleDisabled() {
  const account = current();
  const undo = () => ({
    act: t("Undo"),
    onAct: () =>
      patch(`/api/v1/accounts/${account.id}`, { disabled: account.disabled }).then(reload, fail),
  });
  try {
    if (account.disabled) {
      await patch(`/api/v1/accounts/${account.id}`, { disabled: false });
      if (opened === account) sheets.account.close();
      toast(t("%(name)s can sign in again.", { name: account.name }), undo());
    } else {
      if (opened === account) sheets.account.close();
      await shutOut(account, accounts.items, async (out, hasEnded) => {
        await reload();
        tellOfShutOut(out, hasEnded ? {} : undo());
      });
    }
    await accounts.reload();
  } catch (problem) {
    fail(problem);
  }
}

const reload = () => Promise.all([accounts, invitations, credentials].map((list) => list.reload()));

for (const button of document.querySelectorAll("[data-invite]"))
  button.addEventListener("click", invite);
sheets.account.part("reset").addEventListener("click", resetPassword);
sheets.account.part("extend").addEventListener("click", extend);
sheets.account.part("reset-factor").addEventListener("click", resetFactor);
sheets.account.part("disable").addEventListener("click", toggleDisabled);

const setRoles = [sheets.invite, sheets.account].map(({ form }) => setUpRoles(form));

async function start() {
  for (const kind of /** @type {const} */ (["farms", "centres"])) {
    /** @type {Record<string, any[]>} */
    const found = await getAll(`/api/v1/${kind}`).catch(() => ({}));
    known[kind] = found[kind] ?? [];
  }
  for (const set of setRoles) set(known);
  await reload();
}

start();
