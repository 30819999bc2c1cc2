// Toasts: a sentence at the foot of the page, with one act at most; read out politely.

import { el, find } from "./dom.js";

const SECONDS = 6;

/** Where toasts stand: inside the open sheet, beside which all else is inert, or on the page. */
function place() {
  // A sheet that another one opened stands behind it in the page, too.
  const sheet = [...document.querySelectorAll("dialog[open]")].pop();
  if (!sheet) return find(document, "#toasts");
  let own = sheet.querySelector(":scope > .toasts");
  if (!own) {
    own = el("div", { class: "toasts", role: "status", "aria-live": "polite" });
    sheet.append(own);
  }
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
  const remove = () => item.remove();
  if (act) {
    const taken = () => {
      remove();
      onAct?.();
    };
    item.append(el("button", { class: "toast__act", type: "button", onclick: taken }, act));
  }
  const stack = place();
  for (const told of [...stack.children])
    if (told.firstElementChild?.textContent === words) told.remove();
  while (stack.childElementCount > 2) stack.firstElementChild?.remove();
  stack.append(item);
  setTimeout(remove, seconds * 1000);
  return remove;
}
