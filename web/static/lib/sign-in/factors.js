// What the sign-in page, the account page and reauthentication share of second factors: the
// secret of an authenticator app, recovery codes on paper, and what is wrong with a code.

import { el, find } from "../ui/dom.js";
import { setUpCopy } from "../ui/copy.js";
import { count, listed } from "../format/format.js";
import { sentence } from "../format/problems.js";
import { n, t } from "../words.js";

/**
 * What to ask for in the field of a code, by the kinds of factors that the account has.
 * @param {string[]} kinds
 */
export const codeLabel = (kinds) =>
  kinds.includes("totp") ? t("Code from the app, or a recovery code") : t("Recovery code");

/**
 * Why a passkey that was made under other hosts is not offered here, and what to do.
 * @param {string[]} hosts
 */
export const elsewhereWords = (hosts) =>
  t(
    "Your passkey belongs to %(hosts)s and works only there. Open farmlive at that address, or enter a code.",
    { hosts: listed(hosts) },
  );

/**
 * Whether what was typed has the length of a recovery code, not of an app's code.
 * @param {string | null | undefined} code
 */
export const isRecoveryCode = (code) =>
  (code ?? "").normalize("NFKC").replace(/[^0-9a-z]/gi, "").length > 12;

/** Stands in the session storage while this tab is signed in by a recovery code. */
export const RECOVERED = "signed-in-by-recovery-code";

/**
 * Shows the secret of an app in `root`, a totp_setup() of parts/factors.html.
 * @param {HTMLElement} root
 * @param {{ qr: string, secret: string, uri: string }} shown
 */
export function showSecret(root, { qr, secret, uri }) {
  find(root, "[data-qr]", HTMLImageElement).src = qr;
  find(root, "[data-secret]").textContent = secret.replace(/(.{4})(?=.)/g, "$1 ");
  find(root, "[data-uri]", HTMLAnchorElement).href = uri;
}

/**
 * Shows recovery codes in `root`, a recovery_codes() of parts/factors.html, this once; `name` is whose.
 * @param {HTMLElement} root
 * @param {string[]} codes
 * @param {string} name
 */
export function showCodes(root, codes, name) {
  find(root, "[data-codes]").replaceChildren(...codes.map((code) => el("li", {}, code)));
  find(root, "[data-print-codes]").onclick = () => printCodes(codes, name);
  const copy = find(root, "[data-copy-codes]", HTMLButtonElement);
  setUpCopy(copy, () => codes.join("\n"), find(root, "[data-codes]"));
}

/**
 * Prints a page of its own, without anything else of this one.
 * @param {string[]} codes
 * @param {string} name
 */
function printCodes(codes, name) {
  const paper = el(
    "section",
    { class: "codes-paper" },
    el("h1", {}, t("Recovery codes of %(name)s", { name })),
    el("p", {}, location.host),
    el(
      "ol",
      { class: "codes" },
      codes.map((code) => el("li", {}, code)),
    ),
    el(
      "p",
      {},
      t(
        "Each works once, with your password, in place of the second factor. Keep the paper where nobody else can get at it.",
      ),
    ),
  );
  document.body.append(paper);
  document.body.classList.add("prints-codes");
  const after = () => {
    paper.remove();
    document.body.classList.remove("prints-codes");
  };
  addEventListener("afterprint", after, { once: true });
  print();
}

/**
 * What is wrong with a factor, for whoever typed it.
 * @param {import("../channel/api.js").Problem} problem
 */
export function factorWords(problem) {
  if (problem.status !== 429) return sentence(problem);
  const minutes = Math.max(1, Math.ceil(problem.retryAfter / 60));
  return n(
    "Too many wrong codes. Try again in %(minutes)s minute; a recovery code works at once.",
    "Too many wrong codes. Try again in %(minutes)s minutes; a recovery code works at once.",
    minutes,
    { minutes: count(minutes) },
  );
}
