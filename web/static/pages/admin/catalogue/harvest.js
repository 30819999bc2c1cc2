// A harvest from the orchard in four fields. What is typed is kept on the phone until it is recorded,
// so that neither a dead spot nor a closed page loses it; sending it twice records it once. The fields
// came with the page: nothing moves under a thumb when the list of lots has come.

import { el } from "../../../lib/ui/dom.js";
import { dayAndClock, weight } from "../../../lib/format/format.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { page, t, text } from "../../../lib/words.js";
import { getAll, post } from "../../../lib/channel/staff-api.js";
import { clear, local, onSubmit } from "../../../lib/forms/forms.js";
import { spoken } from "../../../lib/format/staff-sentences.js";

const { farm } = page.data;
const kept = `harvest.${farm}`;
const form = document.querySelector("[data-harvest]");
const fields = form.elements;
const part = (name) => document.querySelector(`[data-${name}]`);
// Refusals that a reason answers: where it is asked for, and the field's name.
const REASONS = {
  "waiting-period": ["override", "waiting_period_overridden"],
  "implausible-harvest": ["plausibility", "plausibility_reason"],
};
let lots = [];
let isCodeTyped = false;
let isTimeTyped = false;

/** The next free code of a day, `1125`, `1125-2`. */
export function codeFor(moment, taken) {
  const base = moment.slice(5, 7) + moment.slice(8, 10);
  for (let number = 1; ; number += 1) {
    const code = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(code)) return code;
  }
}

function propose() {
  if (!isTimeTyped) fields.harvested_at.value = local(new Date());
  if (!isCodeTyped)
    fields.code.value = codeFor(
      fields.harvested_at.value || local(new Date()),
      new Set(lots.map(({ code }) => code)),
    );
}

function keep() {
  const values = {};
  for (const field of fields) {
    if (!field.name || (field.type === "radio" && !field.checked)) continue;
    values[field.name] = field.value;
  }
  remember(kept, { values, isCodeTyped, isTimeTyped });
}

function restore() {
  const before = recall(kept);
  if (!before) return;
  ({ isCodeTyped, isTimeTyped } = before);
  for (const field of fields) {
    const value = before.values[field.name];
    if (value === undefined) continue;
    if (field.type === "radio") field.checked = field.value === value;
    else field.value = value;
  }
}

function drawLots() {
  const latest = [...lots].slice(0, 5);
  part("before").hidden = part("before-title").hidden = latest.length === 0;
  part("before").replaceChildren(
    ...latest.map((lot) =>
      el(
        "li",
        { class: "keep-row" },
        el(
          "div",
          { class: "keep-row__words" },
          el(
            "a",
            { class: "keep-row__title", href: lot.url },
            `${text(lot.product_name)} · ${lot.code}`,
          ),
          el(
            "p",
            { class: "keep-row__line" },
            [
              weight(lot.quantity_g),
              dayAndClock(Date.parse(lot.harvested_at)),
              text(lot.plot?.name),
            ]
              .filter(Boolean)
              .join(" · "),
          ),
        ),
      ),
    ),
  );
}

async function load() {
  try {
    ({ lots } = await getAll(`/api/v1/lots?farm=${farm}`));
    drawLots();
    part("load-failed").hidden = true;
  } catch (problem) {
    part("load-words").textContent = spoken(problem);
    part("load-failed").hidden = false;
  }
  propose();
}

/** What this very form recorded before its answer was lost. */
async function recordedBefore(body) {
  ({ lots } = await getAll(`/api/v1/lots?farm=${farm}`));
  return lots.find(
    (lot) =>
      lot.code === body.code &&
      lot.quantity_g === body.quantity_g &&
      Date.parse(lot.harvested_at) === Date.parse(body.harvested_at),
  );
}

async function record(body) {
  try {
    return await post("/api/v1/lots", { ...body, farm });
  } catch (problem) {
    if (problem.slug === "lot-taken") {
      const before = await recordedBefore(body);
      if (before) return before;
    }
    if (problem.slug in REASONS) ask(problem.slug);
    if (problem.slug === "offline") part("offline").hidden = false;
    throw problem;
  }
}

/** Asks for the reason without which the server takes no such harvest. */
function ask(slug) {
  const [place, name] = REASONS[slug];
  part(place).hidden = false;
  fields[name].disabled = false;
}

function hideReasons() {
  for (const [place, name] of Object.values(REASONS)) {
    part(place).hidden = true;
    fields[name].disabled = true;
    fields[name].value = "";
  }
}

function tell(lot) {
  const what = { weight: weight(lot.quantity_g), name: text(lot.product_name), code: lot.code };
  part("recorded-words").textContent = t("Recorded: %(weight)s of %(name)s, lot %(code)s.", what);
  part("recorded-link").href = lot.url;
  part("recorded").hidden = false;
  part("recorded").focus();
}

function drawOnline() {
  part("offline").hidden = navigator.onLine;
}

onSubmit(form, async (body) => {
  part("recorded").hidden = true;
  const lot = await record(body);
  remember(kept, null);
  isCodeTyped = isTimeTyped = false;
  fields.quantity_g.value = "";
  hideReasons();
  clear(form);
  tell(lot);
  ({ lots } = await getAll(`/api/v1/lots?farm=${farm}`).catch(() => ({ lots: [lot, ...lots] })));
  drawLots();
  propose();
});
form.addEventListener("input", ({ target }) => {
  if (target === fields.code) isCodeTyped = target.value !== "";
  if (target === fields.harvested_at) isTimeTyped = target.value !== "";
  // Another plot, time or weight may well need no reason.
  if (["plot", "harvested_at", "quantity_g"].includes(target.name)) hideReasons();
  if (target === fields.harvested_at) propose();
  keep();
});
addEventListener("online", drawOnline);
addEventListener("offline", drawOnline);
part("load-again").addEventListener("click", load);
hideReasons();
drawOnline();
restore();
propose();
load();
