// One's own second factors: an authenticator app, passkeys, and recovery codes, which are shown once.

import { RECOVERED, showCodes, showSecret } from "../../../lib/sign-in/factors.js";
import { el, find, findDialog } from "../../../lib/ui/dom.js";
import { count, dayAndClock } from "../../../lib/format/format.js";
import { deviceName, hasPasskeys, makePasskey } from "../../../lib/sign-in/passkeys.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, page, t } from "../../../lib/words.js";
import { get, post, put, remove } from "../../../lib/channel/staff-api.js";
import { askToConfirm } from "../../../lib/ui/confirm.js";
import { together } from "../../../lib/format/staff-sentences.js";
import { act, badge, RemoteList, row, sign } from "../../../lib/ui/remote-list.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";

const PATH = "/api/v1/session/factors";
/** @typedef {import("../../../lib/state/api").OwnFactorsAnswer} Own */

/**
 * A row of the list.
 * @typedef {object} Item
 * @property {"totp" | "passkey" | "codes"} kind
 * @property {string} [since]
 * @property {string} [id]
 * @property {string} [name]
 * @property {boolean} [here]
 * @property {string} [host]
 * @property {string} [created_at]
 * @property {string | null} [used_at]
 * @property {number} [left]
 */

/** @param {string} name */
const part = (name) => find(document, `[data-${name}]`);
const codesSheet = findDialog(document, "#codes-sheet");
const sheets = Object.fromEntries(
  ["totp", "passkey"].map((name) => [name, new FormSheet(`${name}-sheet`)]),
);
/** @param {string} moment */
const when = (moment) => dayAndClock(Date.parse(moment));
const fail = toastProblem;
/** Few codes left: time for new ones. */
const FEW = 3;
let hasApp = false;
/** The only factor of an account that must have one. */
let isLast = false;

/**
 * Leads whoever signed in by a recovery code to replacing what is lost.
 * @param {Own} own
 */
function tellOfRecovery({ totp_since: app, passkeys, recovery_codes_left: left }) {
  const isRecovered =
    sessionStorage.getItem(RECOVERED) !== null && (app !== null || passkeys.length > 0);
  part("recovered").hidden = !isRecovered;
  part("recovered-words").textContent = together(
    [
      n(
        "You signed in with a recovery code; %(n)s is left.",
        "You signed in with a recovery code; %(n)s are left.",
        left,
        { n: count(left) },
      ),
      // A passkey of another address is not lost: it is not asked for here.
      app
        ? t("Phone lost? Replace the app now: the old one stops working.")
        : passkeys.some(({ here }) => here)
          ? t("Device lost? Remove its passkey and set up another factor.")
          : "",
    ].filter(Boolean),
  );
}

/**
 * Why no passkey can be made here, and where one can.
 * @param {Own} own
 * @returns {(string | Node)[]}
 */
function whyNoPasskeys({ passkeys_possible: isPossible, passkeys_at: at }) {
  if (isPossible)
    return [
      t(
        "This browser doesn't support passkeys here. Use an authenticator app instead, or another browser.",
      ),
    ];
  if (at)
    return [
      `${t("Passkeys work at one address of farmlive only. To add one, open it there:")} `,
      el("a", { class: "link", href: `${at}/studio/account` }, at),
    ];
  return [
    t(
      "Passkeys don't work at this address (%(host)s): they need https:// and a name, such as https://farm.example, not a number such as 192.168.1.20. Use an authenticator app instead; without a phone, a password manager on the computer, such as KeePassXC or 1Password, works too.",
      { host: location.hostname },
    ),
  ];
}

const list = new RemoteList(
  "factors",
  async () => {
    /** @type {Own} */
    const own = await get(PATH);
    /** @type {Item[]} */
    const items = own.passkeys.map((each) => ({ kind: "passkey", ...each }));
    if (own.totp_since) items.unshift({ kind: "totp", since: own.totp_since });
    const has = items.length > 0;
    isLast = Boolean(own.demanded) && items.length === 1;
    if (has) items.push({ kind: "codes", left: own.recovery_codes_left });
    part("add-totp").textContent = own.totp_since ? t("Replace the app") : t("Set up an app");
    part("add-totp").classList.toggle("button--primary", !has);
    hasApp = own.totp_since !== null;
    const isPossible = Boolean(own.passkeys_possible) && hasPasskeys();
    part("add-passkey").hidden = !isPossible;
    part("two").hidden = !isPossible;
    part("no-passkeys").hidden = isPossible;
    part("no-passkeys").replaceChildren(...whyNoPasskeys(own));
    part("new-codes").hidden = !has;
    if (has) document.querySelector("[data-factor-asked]")?.remove();
    tellOfRecovery(own);
    return items;
  },
  (item) => ROWS[item.kind](item),
);

const lastWords = () => (isLast ? t("You must have one: add another first.") : "");

/**
 * @param {string} name
 * @param {string} path
 */
function removal(name, path) {
  const button = act(t("Remove"), () => take(name, path), { name });
  button.disabled = isLast;
  return button;
}

/** @type {Record<Item["kind"], (item: Item) => HTMLElement>} */
const ROWS = {
  totp: ({ since = "" }) =>
    row({
      picture: sign("clock"),
      title: t("Authenticator app"),
      lines: [t("since %(when)s", { when: when(since) }), lastWords()],
      acts: [removal(t("Authenticator app"), `${PATH}/totp`)],
    }),
  passkey: ({ id, name = "", here, host, created_at: since = "", used_at: used }) =>
    row({
      picture: sign("check"),
      title: name,
      badges: [badge(t("Passkey")), here ? null : badge(t("For another address"))].filter(
        (each) => each !== null,
      ),
      lines: [
        t("since %(when)s", { when: when(since) }),
        used ? t("last used %(when)s", { when: when(used) }) : t("not used yet"),
        here
          ? ""
          : t(
              "It was created at %(host)s and works only there. Here you need a code, or another passkey.",
              { host },
            ),
        lastWords(),
      ],
      acts: [removal(name, `${PATH}/passkeys/${id}`)],
    }),
  codes: ({ left = 0 }) =>
    row({
      picture: sign("file"),
      title: t("Recovery codes"),
      badges: left <= FEW ? [badge(t("Create new ones"), "red")] : [],
      lines: [n("%(n)s code left", "%(n)s codes left", left, { n: count(left) })],
    }),
};

/** @param {string[] | null | undefined} codes */
function showOnce(codes) {
  if (!codes) return;
  showCodes(codesSheet, codes, page.data.name);
  open(codesSheet, () => find(codesSheet, "[data-codes]").replaceChildren());
}

async function addApp() {
  /** @type {{ qr: string, secret: string, uri: string, token: string }} */
  let shown;
  try {
    shown = await post(`${PATH}/totp`);
  } catch (problem) {
    fail(problem);
    return;
  }
  showSecret(findDialog(document, "#totp-sheet"), shown);
  sheets.totp.part("replaces").hidden = !hasApp;
  sheets.totp.open({
    title: hasApp ? t("Replace the app") : t("Set up an authenticator app"),
    job: async ({ code }) => {
      const { recovery_codes: codes } = await put(`${PATH}/totp`, { token: shown.token, code });
      sessionStorage.removeItem(RECOVERED);
      await list.reload();
      toast(t("The app is set up. From now on a sign-in asks for its code."));
      return () => showOnce(codes);
    },
  });
}

function addPasskey() {
  sheets.passkey.part("where").textContent = t(
    "It works only at this address, %(host)s. If you open farmlive at another name or number, it is not offered.",
    { host: location.hostname },
  );
  sheets.passkey.open({
    values: { name: deviceName() },
    job: async ({ name }) => {
      const { passkey } = await post(`${PATH}/passkey-options`);
      const credential = await makePasskey(passkey);
      if (!credential) {
        toast(t("No passkey was created. Try again; a device can have one per account."), {
          danger: true,
        });
        return false;
      }
      const { recovery_codes: codes } = await post(`${PATH}/passkeys`, { name, credential });
      await list.reload();
      toast(t("The passkey is saved. From now on a sign-in asks for it."));
      return () => showOnce(codes);
    },
  });
}

/**
 * @param {string} name
 * @param {string} path
 */
async function take(name, path) {
  const isMeant = await askToConfirm({
    title: t("Remove %(name)s?", { name }),
    words: t(
      "It no longer signs you in. Without another second factor the password alone is enough, and your recovery codes end.",
    ),
    yes: t("Yes, remove it"),
  });
  if (!isMeant) return;
  try {
    await remove(path);
    toast(t("%(name)s is removed.", { name }));
  } catch (problem) {
    fail(problem);
  }
  await list.reload();
}

async function renew() {
  const isMeant = await askToConfirm({
    title: t("Create new recovery codes?"),
    words: t("Those that you have now stop working at once."),
    yes: t("Yes, create new ones"),
  });
  if (!isMeant) return;
  try {
    showOnce((await post(`${PATH}/recovery-codes`)).recovery_codes);
  } catch (problem) {
    fail(problem);
  }
  await list.reload();
}

part("add-totp").addEventListener("click", addApp);
part("add-passkey").addEventListener("click", addPasskey);
part("new-codes").addEventListener("click", renew);
part("codes-done").addEventListener("click", () => close(codesSheet));
// Only on purpose: they are not shown again.
codesSheet.addEventListener("cancel", (event) => event.preventDefault());
list.reload();
