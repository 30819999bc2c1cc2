// Toasts: a sentence at the foot of the page, with one act at most; read out politely.

import { el, find } from "./dom.js";
import { uppermost } from "./sheet-history.js";

const SECONDS = 6;

/** A screen reader reads what comes into a live region that it knows: one just made it does not know yet. */
const KNOWN_MS = 100;

/** Where toasts stand: inside the uppermost sheet, beside which all else is inert, or on the page. */
function place() {
  const sheet = uppermost();
  if (!sheet) return { stack: find(document, "#toasts"), isKnown: true };
  const own = sheet.querySelector(":scope > .toasts");
  return own ? { stack: own, isKnown: true } : { stack: madeIn(sheet), isKnown: false };
}

/** @param {HTMLDialogElement} sheet */
function madeIn(sheet) {
  const own = el("div", { class: "toasts", role: "status", "aria-live": "polite" });
  sheet.append(own);
  // What was said while the sheet was open stays to be read.
  sheet.addEventListener("close", () => {
    if (own.childElementCount) place().stack.append(...own.children);
  });
  return own;
}

/**
 * Show a sentence; `act` and `onAct` give it a button, `danger` its colour, `seconds` its time. The same
 * sentence takes the place of one that is still shown.
 * @param {string} words
 * @param {{ act?: string, onAct?: () => void, danger?: boolean, seconds?: number }} [options]
 * @returns {() => void} takes it away
 */
export function toast(words, { act, onAct, danger = false, seconds = act ? 10 : SECONDS } = {}) {
  const item = el("div", { class: danger ? "toast toast--red" : "toast" }, el("span", {}, words));
  let isOver = false;
  const remove = () => {
    isOver = true;
    item.remove();
  };
  if (act) {
    const taken = () => {
      remove();
      onAct?.();
    };
    item.append(el("button", { class: "toast__act", type: "button", onclick: taken }, act));
  }
  /** @param {Element} stack */
  const show = (stack) => {
    for (const told of [...stack.children])
      if (told.firstElementChild?.textContent === words) told.remove();
    while (stack.childElementCount > 2) stack.firstElementChild?.remove();
    stack.append(item);
    setTimeout(remove, seconds * 1000);
  };
  const { stack, isKnown } = place();
  if (isKnown) show(stack);
  else setTimeout(() => isOver || show(place().stack), KNOWN_MS);
  return remove;
}
