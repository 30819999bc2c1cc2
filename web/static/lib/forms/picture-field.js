// A picture in a form: chosen or taken with the phone, sent at once, shown as the server keeps it. What comes
// after the form was filled for something else, or its sheet closed, leaves it as it is.

import { spoken } from "../format/staff-sentences.js";
import { Problem } from "../channel/api.js";
import { upload } from "../channel/staff-api.js";
import { find, findAll } from "../ui/dom.js";
import { opening } from "../ui/sheet.js";
import { t } from "../words.js";

/**
 * Makes every picture field of the form work.
 * @param {HTMLFormElement} form
 */
export function setUpPictures(form) {
  for (const root of findAll(form, "[data-picture]")) setUp(root, form);
}

/**
 * @param {HTMLElement} root
 * @param {HTMLFormElement} form
 */
function setUp(root, form) {
  /** @param {string} name */
  const part = (name) => find(root, `[data-picture-${name}]`);
  const kept = find(root, 'input[type="hidden"]', HTMLInputElement);
  const file = find(root, "[data-picture-file]", HTMLInputElement);
  const shown = find(root, "[data-picture-shown]", HTMLImageElement);
  const problem = find(root, "[data-problem]");
  const button = find(form, "[type=submit]", HTMLButtonElement);
  const sheet = form.closest("dialog");
  /** What the form is open for. */
  const now = () => (sheet ? opening(sheet) : form);
  /** @type {AbortController | null} of the picture that is being sent */
  let sending = null;
  /** @param {string} words */
  const say = (words) => {
    problem.textContent = words;
    problem.hidden = !words;
  };

  // Scripts that show the picture elsewhere listen to "picture".
  const changed = () => form.dispatchEvent(new Event("picture"));

  function draw(address = kept.value) {
    shown.hidden = !address;
    part("none").hidden = Boolean(address);
    part("away").hidden = !kept.value;
    if (address) shown.src = address;
    part("word").textContent = kept.value ? t("Choose another picture") : t("Choose a picture");
  }

  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    say("");
    const preview = URL.createObjectURL(chosen);
    draw(preview);
    root.setAttribute("aria-busy", "true");
    button.disabled = true;
    sending?.abort();
    const own = new AbortController();
    sending = own;
    const meant = now();
    const isMine = () => sending === own && now() === meant;
    try {
      const { picture } = await upload("/api/v1/pictures", chosen, own);
      if (isMine()) kept.value = picture;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (isMine()) say(spoken(error));
    } finally {
      URL.revokeObjectURL(preview);
      if (sending === own) {
        rest();
        draw();
        changed();
      }
    }
  });

  /** No picture is being sent. */
  function rest() {
    sending = null;
    button.disabled = false;
    root.removeAttribute("aria-busy");
    file.value = "";
  }
  part("away").addEventListener("click", () => {
    kept.value = "";
    draw();
    changed();
    file.focus();
  });
  form.addEventListener("filled", () => {
    if (sending) {
      sending.abort();
      rest();
    }
    say("");
    draw();
  });
  draw();
}
