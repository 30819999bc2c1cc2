// "From OBS": the address and a new key, shown once, each with a button that copies it.

import { Problem } from "../../../lib/channel/api.js";
import { find, findAll, valueIn } from "../../../lib/ui/dom.js";
import { sentence } from "../../../lib/format/problems.js";
import { setUpCopy } from "../../../lib/ui/copy.js";
import { t } from "../../../lib/words.js";
import { post } from "../../../lib/channel/staff-api.js";

/**
 * @param {HTMLElement} root
 * @param {string} broadcast
 */
export function setUpEncoder(root, broadcast) {
  const form = find(root, "form", HTMLFormElement);
  const trouble = find(root, "[data-encoder-trouble]");
  const button = find(form, "[type=submit]", HTMLButtonElement);
  const url = find(root, "[data-encoder-url]", HTMLInputElement);
  const key = find(root, "[data-encoder-key]", HTMLInputElement);
  button.disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    trouble.hidden = true;
    try {
      const label = valueIn(form, "label").trim() || "OBS";
      const path = `/api/v1/broadcasts/${broadcast}/stream-keys`;
      /** @type {import("../../../lib/state/api").MadeStreamKey} */
      const made = await post(path, { purpose: "encoder", label });
      url.value = new URL(made.whip_url, location.href).href;
      key.value = made.key;
      find(root, "[data-encoder-shown]").hidden = false;
      button.textContent = t("Create another key");
      url.focus();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.textContent = sentence(problem);
      trouble.hidden = false;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  for (const copies of findAll(root, "[data-copy]", HTMLButtonElement)) {
    const place = copies.dataset.copy === "key" ? key : url;
    setUpCopy(copies, () => place.value, place);
  }
}
