// Buttons that copy a text, and say so for a moment.

import { t } from "../words.js";

const SAID_MS = 2_000;

/**
 * Copy a text, or where the browser can't, mark it where it is shown, to be copied by hand: there is no
 * clipboard without HTTPS, and none in some chat apps. Resolves to whether it was copied.
 * @param {string} text
 * @param {HTMLElement} shown
 */
async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown instanceof HTMLInputElement) {
      shown.focus();
      shown.select();
    } else getSelection()?.selectAllChildren(shown);
    return false;
  }
}

/**
 * Have a button copy what `read` returns, which stands in `shown`. Set up anew, it copies the new text.
 * @param {HTMLButtonElement} button
 * @param {() => string} read
 * @param {HTMLElement} shown
 */
export function setUpCopy(button, read, shown) {
  // Beside an icon the words alone change.
  const label = button.querySelector("span") ?? button.lastChild ?? button;
  const words = button.dataset.copyWords ?? label.textContent ?? "";
  button.dataset.copyWords = words;
  /** @type {number | undefined} */
  let timer;
  button.onclick = async () => {
    const isCopied = await copy(read(), shown);
    const hasKeys = matchMedia("(pointer: fine)").matches;
    label.textContent = isCopied ? t("Copied") : hasKeys ? t("Marked: press Ctrl+C") : words;
    clearTimeout(timer);
    timer = setTimeout(() => {
      label.textContent = words;
    }, SAID_MS);
  };
}
