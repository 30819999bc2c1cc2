// The page /design: opens its sheet and shows its toast.

import { open, close } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { t } from "../../lib/words.js";

for (const button of document.querySelectorAll("[data-open-sheet]")) {
  button.addEventListener("click", () => open(document.getElementById(button.dataset.openSheet)));
}
for (const button of document.querySelectorAll("[data-close-sheet]")) {
  button.addEventListener("click", () => close(button.closest("dialog")));
}
document.querySelector("[data-show-toast]").addEventListener("click", () => {
  toast(t("The message is hidden."), { act: t("Undo"), onAct: () => toast(t("It is back.")) });
});
