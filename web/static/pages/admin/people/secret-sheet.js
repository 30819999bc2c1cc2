// What is shown once and never again: a password, a key, or a link with its code.

import { find, findDialog } from "../../../lib/ui/dom.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { setUpCopy } from "../../../lib/ui/copy.js";
import { showCode } from "../../../lib/ui/qr-code.js";

const sheet = findDialog(document, "#secret-sheet");
/** @param {string} name */
const part = (name) => find(sheet, `[data-${name}]`);
const image = find(sheet, "[data-code]", HTMLImageElement);
const shown = () => part("secret").textContent ?? "";

/**
 * Shows `value`, or the link of `path` on this server, and what to do with it.
 * @param {{ title: string, words: string, value?: string, path?: string | null }} what
 */
export function showOnce({ title, words, value = "", path = null }) {
  part("secret-title").textContent = title;
  part("secret").textContent = path ? new URL(path, location.href).href : value;
  part("secret-words").textContent = words;
  image.hidden = true;
  if (path) showCode(image, path);
  part("share").hidden = !path || !("share" in navigator);
  open(sheet, () => {
    part("secret").textContent = "";
  });
}

part("close").addEventListener("click", () => close(sheet));
setUpCopy(find(sheet, "[data-copy]", HTMLButtonElement), shown, part("secret"));
part("share").addEventListener("click", () => navigator.share({ url: shown() }).catch(() => {}));
