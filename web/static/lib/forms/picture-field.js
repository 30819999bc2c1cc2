// A picture in a form: chosen or taken with the phone, sent at once, shown as the server keeps it.

import { spoken } from "../format/staff-sentences.js";
import { upload } from "../channel/staff-api.js";
import { t } from "../words.js";

/** Makes every picture field of the form work. */
export function setUpPictures(form) {
  for (const root of form.querySelectorAll("[data-picture]")) setUp(root, form);
}

function setUp(root, form) {
  const part = (name) => root.querySelector(`[data-picture-${name}]`);
  const kept = root.querySelector('input[type="hidden"]');
  const file = part("file");
  const problem = root.querySelector("[data-problem]");
  const say = (words) => {
    problem.textContent = words;
    problem.hidden = !words;
  };

  // Scripts that show the picture elsewhere listen to "picture".
  const changed = () => form.dispatchEvent(new Event("picture"));

  function draw(address = kept.value) {
    part("shown").hidden = !address;
    part("none").hidden = Boolean(address);
    part("away").hidden = !kept.value;
    if (address) part("shown").src = address;
    part("word").textContent = kept.value ? t("Choose another picture") : t("Choose a picture");
  }

  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    say("");
    const preview = URL.createObjectURL(chosen);
    draw(preview);
    root.setAttribute("aria-busy", "true");
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      kept.value = (await upload("/api/v1/pictures", chosen)).picture;
    } catch (error) {
      say(spoken(error));
    } finally {
      button.disabled = false;
      root.removeAttribute("aria-busy");
      file.value = "";
      draw();
      changed();
      URL.revokeObjectURL(preview);
    }
  });
  part("away").addEventListener("click", () => {
    kept.value = "";
    draw();
    changed();
    file.focus();
  });
  form.addEventListener("filled", () => {
    say("");
    draw();
  });
  draw();
}
