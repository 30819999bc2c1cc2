// The question before an act that can't be undone: what will happen, then yes or no.

import { find, findDialog } from "./dom.js";
import { enter } from "./sheet-history.js";

/**
 * Resolves to whether the act was confirmed. Escape, the Back key and the other button mean no.
 * @param {{ title: string, words: string, yes: string }} question
 * @returns {Promise<boolean>}
 */
export function askToConfirm({ title, words, yes }) {
  const dialog = findDialog(document, "#ask");
  find(dialog, "[data-ask-title]").textContent = title;
  find(dialog, "[data-ask-words]").textContent = words;
  find(dialog, 'button[value="yes"]').textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  enter(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
