// The question before an act that can't be undone: what will happen, then yes or no.

import { enter } from "./sheet-history.js";

/** Resolves to whether the act was confirmed. Escape, the Back key and the other button mean no. */
export function askToConfirm({ title, words, yes }) {
  const dialog = document.getElementById("ask");
  dialog.querySelector("[data-ask-title]").textContent = title;
  dialog.querySelector("[data-ask-words]").textContent = words;
  dialog.querySelector('button[value="yes"]').textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  enter(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
