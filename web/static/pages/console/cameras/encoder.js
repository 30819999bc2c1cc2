// "From OBS": the address and a new key, shown once, each with a button that copies it.

import { sentence } from "../../../lib/format/problems.js";
import { t } from "../../../lib/words.js";
import { setUpCopy } from "../../../lib/ui/copy.js";
import { post } from "../../../lib/channel/staff-api.js";

export function setUpEncoder(root, broadcast) {
  const form = root.querySelector("form");
  const trouble = root.querySelector("[data-encoder-trouble]");
  form.querySelector("[type=submit]").disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    trouble.hidden = true;
    try {
      const label = form.elements.label.value.trim() || "OBS";
      const path = `/api/v1/broadcasts/${broadcast}/stream-keys`;
      const made = await post(path, { purpose: "encoder", label });
      root.querySelector("[data-encoder-url]").value = new URL(made.whip_url, location.href).href;
      root.querySelector("[data-encoder-key]").value = made.key;
      root.querySelector("[data-encoder-shown]").hidden = false;
      button.textContent = t("Create another key");
      root.querySelector("[data-encoder-url]").focus();
    } catch (problem) {
      trouble.textContent = sentence(problem);
      trouble.hidden = false;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  for (const button of root.querySelectorAll("[data-copy]")) {
    const field = root.querySelector(`[data-encoder-${button.dataset.copy}]`);
    setUpCopy(button, () => field.value, field);
  }
}
