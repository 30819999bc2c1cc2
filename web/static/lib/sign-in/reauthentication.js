// Reauthentication: a question over whatever page is open, which stays as it is, so that nothing typed
// is lost. What asked for it is then done by itself.

import { api, Problem } from "../channel/api.js";
import { el } from "../ui/dom.js";
import { enter } from "../ui/sheet-history.js";
import { codeLabel, elsewhereWords, factorWords } from "./factors.js";
import { now } from "../channel/server-clock.js";
import { hasPasskeys, usePasskey } from "./passkeys.js";
import { t } from "../words.js";

const PATH = "/api/v1/session/reauthentication";
/** The type of the problem that asks for it. */
export const NEEDED = "reauthentication-needed";
const ASKED = [NEEDED, "second-factor-needed"];

/** @type {Promise<boolean> | null} */
let open = null;

/**
 * What the server asks for.
 * @typedef {object} Wanted
 * @property {string[]} kinds
 * @property {import("./passkeys.js").RequestOptions | null} [passkey]
 * @property {string[]} [passkeys_elsewhere]
 */

/** @param {object} body */
const send = (body) => api("POST", PATH, body, { staff: true });

/**
 * What the server asks for, `{kinds, passkey}`, or null where nothing is asked.
 * @returns {Promise<Wanted | null>}
 */
async function wanted() {
  try {
    await send({});
    return null;
  } catch (problem) {
    if (problem instanceof Problem && ASKED.includes(problem.slug))
      return /** @type {Wanted} */ (problem.body);
    throw problem;
  }
}

/** Asks. Resolves to whether it was confirmed; one question serves all who ask meanwhile. */
function reauthenticate() {
  if (!open) {
    open = question().finally(() => {
      open = null;
    });
  }
  return open;
}

async function question() {
  const asked = await wanted();
  if (!asked) return true;
  let options = asked.passkey ?? null;
  const byPassword = asked.kinds.includes("password");
  const passkey = options && hasPasskeys();
  const type = byPassword ? "password" : "text";
  const field = el("input", {
    class: "field__input",
    id: "reauthentication-field",
    type,
    name: "reauthentication",
    maxlength: byPassword ? 200 : 64,
    autocomplete: byPassword ? "current-password" : "one-time-code",
    autocapitalize: "none",
    spellcheck: "false",
    "aria-describedby": "reauthentication-wrong",
  });
  const wrong = el("p", {
    class: "field__error",
    id: "reauthentication-wrong",
    role: "alert",
    hidden: true,
  });
  const elsewhere =
    !passkey && asked.passkeys_elsewhere?.length
      ? el("p", { class: "soft" }, elsewhereWords(asked.passkeys_elsewhere))
      : null;
  const typed = el(
    "div",
    { class: "field" },
    el(
      "label",
      { class: "field__label", for: "reauthentication-field" },
      byPassword ? t("Your password") : codeLabel(asked.kinds),
    ),
    field,
    wrong,
  );
  const confirm = el(
    "button",
    { class: `button button--wide${passkey ? "" : " button--primary"}`, type: "submit" },
    t("Confirm"),
  );
  const withKey = passkey
    ? el(
        "button",
        { class: "button button--wide button--primary", type: "button" },
        t("Use a passkey"),
      )
    : null;
  const cancel = el(
    "button",
    { class: "button button--wide button--quiet", type: "button" },
    t("Cancel"),
  );
  const form = el(
    "form",
    { class: "studio-sheet__form", novalidate: true },
    el(
      "div",
      { class: "sheet__body" },
      el("h2", { class: "sheet__title", id: "reauthentication-title" }, t("Confirm it's you")),
      el(
        "p",
        {},
        t(
          "It has been more than ten minutes since you signed in or last confirmed. What you were doing continues right after.",
        ),
      ),
      elsewhere,
      typed,
    ),
    el("div", { class: "sheet__foot sheet__foot--stacked" }, withKey, confirm, cancel),
  );
  const dialog = el(
    "dialog",
    {
      class: "sheet studio-sheet",
      id: "reauthentication-sheet",
      "aria-labelledby": "reauthentication-title",
    },
    form,
  );
  const opener = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  enter(dialog);
  if (!passkey && matchMedia("(pointer: fine)").matches) field.focus();

  return /** @type {Promise<boolean>} */ (
    new Promise((resolve, reject) => {
      let given = false;
      /** @param {string} words */
      const say = (words) => {
        wrong.textContent = words;
        wrong.hidden = !words;
      };
      /**
       * @param {HTMLButtonElement} button
       * @param {() => Promise<object | null>} body what confirms it, or null of nothing
       */
      async function trying(button, body) {
        if (form.querySelector("[aria-busy=true]")) return;
        button.setAttribute("aria-busy", "true");
        say("");
        try {
          const answer = await body();
          if (!answer) return;
          await send(answer);
          given = true;
          dialog.close();
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          if (problem.slug === "unauthorized") {
            reject(problem);
            dialog.close();
            return;
          }
          say(
            problem.slug === "wrong-password"
              ? t("The password is not right.")
              : factorWords(problem),
          );
          // Its challenge served once.
          if (options) options = (await wanted().catch(() => null))?.passkey ?? options;
          field.select();
        } finally {
          button.removeAttribute("aria-busy");
        }
      }
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const value = byPassword ? field.value : field.value.trim();
        if (!value) {
          say(byPassword ? t("Enter your password.") : t("Enter the code."));
          field.focus();
          return;
        }
        trying(confirm, async () => (byPassword ? { password: value } : { code: value }));
      });
      withKey?.addEventListener("click", () =>
        trying(withKey, async () => {
          const answer = options && (await usePasskey(options));
          if (!answer) say(t("No passkey was used. Try again, or enter a code."));
          return answer && { passkey: answer };
        }),
      );
      cancel.addEventListener("click", () => dialog.close());
      dialog.addEventListener("close", () => {
        dialog.remove();
        if (opener instanceof HTMLElement || opener instanceof SVGElement) opener.focus();
        resolve(given);
      });
    })
  );
}

/**
 * Does `act`, and again after reauthentication, where that is asked for.
 * @template T
 * @param {() => Promise<T>} act
 * @returns {Promise<T>}
 */
export async function withReauthentication(act) {
  try {
    return await act();
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.slug !== NEEDED || !(await reauthenticate()))
      throw problem;
    return act();
  }
}

/** Links to files that need reauthentication ask for it first; a browser can't do that for a download. */
export function setUpLinks() {
  document.addEventListener("click", async (event) => {
    const link =
      event.target instanceof Element ? event.target.closest("a[data-reauthenticate]") : null;
    if (
      !(link instanceof HTMLAnchorElement) ||
      event.defaultPrevented ||
      event.button ||
      event.ctrlKey ||
      event.metaKey ||
      event.shiftKey
    )
      return;
    event.preventDefault();
    const { href } = link;
    const session = await api("GET", "/api/v1/session").catch(() => null);
    const until = session?.reauthentication_due_at;
    // In doubt the server's own page says what is wrong.
    const isKnown = !until || Date.parse(until) > now() + 5_000;
    if (isKnown || (await reauthenticate().catch(() => true))) location.assign(href);
  });
}
