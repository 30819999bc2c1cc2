// A farm's page: about it, its plots (farm-plots.js), and its lots on their way to the buyer (farm-lots.js).

import { find, findAll, findDialog, say } from "../../../lib/ui/dom.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t, text } from "../../../lib/words.js";
import { get, patch } from "../../../lib/channel/staff-api.js";
import { wallTime } from "../../../lib/forms/wall-time.js";
import { setUpPictures } from "../../../lib/forms/picture-field.js";
import { showCode } from "../../../lib/ui/qr-code.js";
import { lots } from "./farm-lots.js";
import { addPlot, drawKind, plots } from "./farm-plots.js";
import { id, path, sheets } from "./farm-sheets.js";

/** @typedef {import("../../../lib/state/api").Farm} Farm */

async function changeFarm() {
  /** @type {Farm} */
  let farm;
  try {
    farm = await get(path);
  } catch (problem) {
    toastProblem(problem);
    return;
  }
  sheets.farm.open({
    title: text(farm.name),
    values: farm,
    job: async (body) => {
      drawFarm(await patch(path, body));
      toast(t("Saved. Buyers see it at once."));
    },
  });
}

/** @param {Farm} farm */
function drawFarm(farm) {
  /**
   * @param {string} name
   * @param {string} words
   */
  const set = (name, words) => say(document.querySelector(`[data-farm-${name}]`), words);
  set("name", text(farm.name));
  set("place", [text(farm.place), text(farm.person)].filter(Boolean).join(" · "));
  set("story", text(farm.story));
  find(document, "[data-farm-photo]", HTMLImageElement).src =
    farm.photo ?? `${page.pictures}orchard.svg`;
}

setUpPictures(sheets.farm.form);
for (const button of document.querySelectorAll("[data-add-plot]"))
  button.addEventListener("click", addPlot);
document.querySelector("[data-change-farm]")?.addEventListener("click", changeFarm);
sheets.work.form.addEventListener("change", drawKind);
sheets.work.form.addEventListener("filled", drawKind);
for (const at of findAll(document, '[name="at"]', HTMLInputElement)) {
  at.form?.addEventListener("filled", () => {
    at.max = wallTime(Date.now() + 60_000);
  });
}
const phone = findDialog(document, "#phone-sheet");
find(phone, "[data-close]").addEventListener("click", () => close(phone));
find(document, "[data-phone]").addEventListener("click", () => {
  showCode(find(phone, "[data-code]", HTMLImageElement), `/studio/farms/${id}/harvest`);
  open(phone);
});
plots.reload();
lots.reload();
