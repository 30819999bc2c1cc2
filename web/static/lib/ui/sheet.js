// Sheets: <dialog class="sheet">. The browser keeps the focus inside and gives Escape; a tap on the
// shade closes too, and so does the Back key; the page learns of it by data-sheet on the body.

import { enter, uppermost } from "./sheet-history.js";

/** @type {WeakMap<HTMLDialogElement, object>} */
const openings = new WeakMap();

/**
 * What a sheet is open for, another each time, or null while it is closed: an answer that comes late
 * belongs to none but the one it was asked in.
 * @param {HTMLDialogElement} dialog
 */
export const opening = (dialog) => (dialog.open ? openings.get(dialog) : null);

/**
 * Open a sheet; onClose runs once, however it was closed. One with `data-stays` is closed by its button alone.
 * @param {HTMLDialogElement} dialog
 * @param {() => void} [onClose]
 */
export function open(dialog, onClose) {
  if (dialog.open) return;
  const opener = document.activeElement;
  openings.set(dialog, {});
  dialog.showModal();
  enter(dialog);
  document.body.dataset.sheet = dialog.id;
  dialog.addEventListener(
    "close",
    () => {
      // Another sheet may have taken this one's place already, or lies below it.
      const shown = uppermost();
      if (shown) document.body.dataset.sheet = shown.id;
      else delete document.body.dataset.sheet;
      // What was hidden while the sheet was open could not take the focus back by itself.
      const now = document.activeElement;
      if (now === document.body || dialog.contains(now)) {
        if (opener instanceof HTMLElement || opener instanceof SVGElement) opener.focus();
      }
      onClose?.();
    },
    { once: true },
  );
  if (!dialog.dataset.shade) {
    dialog.dataset.shade = "on";
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && !("stays" in dialog.dataset)) dialog.close();
    });
  }
}

/**
 * Close a sheet if it is open.
 * @param {HTMLDialogElement} dialog
 */
export function close(dialog) {
  if (dialog.open) dialog.close();
}
