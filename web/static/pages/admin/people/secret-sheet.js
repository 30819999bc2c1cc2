// What is shown once and never again: a password, a key, or a link with its code.

import { close, open } from "../../../lib/ui/sheet.js";
import { t } from "../../../lib/words.js";
import { setUpCopy, showCode } from "../../../lib/ui/qr-code.js";

const sheet = document.getElementById("secret-sheet");
const part = (name) => sheet.querySelector(`[data-${name}]`);
const shown = () => part("secret").textContent;

/** Shows `value`, or the link of `path` on this server, and what to do with it. */
export function showOnce({ title, words, value, path = null }) {
  part("secret-title").textContent = title;
  part("secret").textContent = path ? new URL(path, location.href).href : value;
  part("secret-words").textContent = words;
  const code = part("code");
  code.hidden = true;
  if (path) showCode(code, path);
  part("share").hidden = !path || !navigator.share;
  open(sheet, () => (part("secret").textContent = ""));
}

part("close").addEventListener("click", () => close(sheet));
setUpCopy(part("copy"), shown, t("Copied"));
part("share").addEventListener("click", () => navigator.share({ url: shown() }).catch(() => {}));
