// The county's page: its name, contact, mark and colour, and at once how they look.

import { put } from "../../../lib/channel/staff-api.js";
import { fill, onSubmit } from "../../../lib/forms/forms.js";
import { setUpPictures } from "../../../lib/forms/picture-field.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t } from "../../../lib/words.js";

const form = document.getElementById("county-form");
const look = form.querySelector("[data-look]");
const shown = {
  name: look.querySelector("[data-look-name]"),
  mark: look.querySelector("[data-look-mark]"),
};
const own = shown.mark.dataset.own;

function draw() {
  const { elements } = form;
  const [first, other] =
    page.language === "en"
      ? [elements["name.en"], elements["name.zh"]]
      : [elements["name.zh"], elements["name.en"]];
  shown.name.textContent = first.value.trim() || other.value.trim() || "farmlive";
  const mark = elements.mark.value || own;
  if (shown.mark.getAttribute("src") !== mark) shown.mark.src = mark;
  look.dataset.colour = elements.colour.value;
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
  toast(t("Saved. Every page has it from now on."));
});
