// The origin story of a lot, as a sheet over the running video.

import { el, find } from "../../../lib/ui/dom.js";
import { open } from "../../../lib/ui/sheet.js";
import { t } from "../../../lib/words.js";

const skeleton = () =>
  el(
    "div",
    { class: "stack", "aria-busy": "true" },
    ["skeleton--line skeleton--short", "skeleton--line", "skeleton--line", "skeleton--line"].map(
      (kind) => el("span", { class: `skeleton ${kind}` }),
    ),
  );

/**
 * Open the sheet and fill it with the lot's page.
 * @param {HTMLDialogElement} sheet
 * @param {Pick<import("../../../lib/state/events").CardLot, "id" | "url">} lot
 */
export async function openOrigin(sheet, lot) {
  const body = find(sheet, ".sheet__body");
  sheet.dataset.lot = lot.id;
  sheet.dataset.url = lot.url;
  body.replaceChildren(skeleton());
  open(sheet);
  body.scrollTop = 0;
  try {
    const answer = await fetch(`${lot.url}?part=story`, { headers: { accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    body.replaceChildren(...parsed.body.childNodes);
  } catch {
    const again = el(
      "button",
      { class: "button", type: "button", onclick: () => openOrigin(sheet, lot) },
      t("Try again"),
    );
    body.replaceChildren(
      el("p", {}, t("The story of this lot can't be loaded at the moment.")),
      el("div", {}, again),
    );
  }
}

/**
 * The lot was stopped or lifted: where its story is open, it is told anew.
 * @param {HTMLDialogElement} sheet
 * @param {string} lot
 */
export function refreshOrigin(sheet, lot) {
  const { lot: shown, url } = sheet.dataset;
  if (sheet.open && shown === lot && url) openOrigin(sheet, { id: lot, url });
}
