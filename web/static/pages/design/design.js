// The page /design: opens its sheet and shows its toast.

import { find, findAll, findDialog } from "../../lib/ui/dom.js";
import { open, close } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { t } from "../../lib/words.js";

for (const button of findAll(document, "[data-open-sheet]")) {
  button.addEventListener("click", () =>
    open(findDialog(document, `#${button.dataset.openSheet}`)),
  );
}
for (const sheet of document.querySelectorAll("dialog")) {
  for (const button of findAll(sheet, "[data-close-sheet]"))
    button.addEventListener("click", () => close(sheet));
}
find(document, "[data-show-toast]").addEventListener("click", () => {
  toast(t("The message is hidden."), { act: t("Undo"), onAct: () => toast(t("It is back.")) });
});
