// The county's page: its name, contact, mark and colour, and at once how they look.

import { put } from "../../../lib/channel/staff-api.js";
import { fill, onSubmit } from "../../../lib/forms/forms.js";
import { setUpPictures } from "../../../lib/forms/picture-field.js";
import { find, valueIn } from "../../../lib/ui/dom.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t } from "../../../lib/words.js";

const form = find(document, "#county-form", HTMLFormElement);
const look = find(form, "[data-look]");
const shown = {
  name: find(look, "[data-look-name]"),
  mark: find(look, "[data-look-mark]", HTMLImageElement),
};
const own = shown.mark.dataset.own;

function draw() {
  const [first, other] = page.language === "en" ? ["name.en", "name.zh"] : ["name.zh", "name.en"];
  const name = valueIn(form, first).trim() || valueIn(form, other).trim();
  shown.name.textContent = name || "farmlive";
  const mark = valueIn(form, "mark") || own;
  if (mark && shown.mark.getAttribute("src") !== mark) shown.mark.src = mark;
  look.dataset.colour = valueIn(form, "colour");
}

setUpPictures(form);
fill(form, page.data);
draw();
form.addEventListener("input", draw);
form.addEventListener("picture", draw);

onSubmit(form, async (body) => {
  const saved = await put("/api/v1/county", {
    ...body,
    contact: body.contact ?? "",
    phone: body.phone ?? "",
  });
  document.documentElement.dataset.colour = saved.colour;
  toast(t("Saved. Every page shows it from now on."));
});
