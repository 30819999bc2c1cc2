// A harvest from the orchard in four fields. What is typed is kept on the phone until it is recorded,
// so that neither a dead spot nor a closed page loses it; sending it twice records it once. The fields
// came with the page: nothing moves under a thumb when the list of lots has come.

import { Problem } from "../../../lib/channel/api.js";
import { el, field, find } from "../../../lib/ui/dom.js";
import { dayAndClock, weight } from "../../../lib/format/format.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { page, t, text } from "../../../lib/words.js";
import { getAll, post } from "../../../lib/channel/staff-api.js";
import { clear, fieldsOf, onSubmit } from "../../../lib/forms/forms.js";
import { wallTime } from "../../../lib/forms/wall-time.js";
import { spoken } from "../../../lib/format/staff-sentences.js";

const { farm } = page.data;
const kept = `harvest.${farm}`;
const form = find(document, "[data-harvest]", HTMLFormElement);
/** @typedef {import("../../../lib/state/api").Lot} Lot */

const code = field(form, "code");
const harvestedAt = field(form, "harvested_at");
/** @param {string} name */
const part = (name) => find(document, `[data-${name}]`);
// Refusals that a reason answers: where it is asked for, and the field's name.
/** @type {Record<string, [string, string]>} */
const REASONS = {
  "waiting-period": ["override", "waiting_period_overridden"],
  "implausible-harvest": ["plausibility", "plausibility_reason"],
};
/** @type {Lot[]} */
let lots = [];
let isCodeTyped = false;
let isTimeTyped = false;

/**
 * The next free code of a day, `1125`, `1125-2`.
 * @param {string} moment
 * @param {Set<string>} taken
 */
function codeFor(moment, taken) {
  const base = moment.slice(5, 7) + moment.slice(8, 10);
  for (let number = 1; ; number += 1) {
    const code = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(code)) return code;
  }
}

function propose() {
  if (!isTimeTyped) harvestedAt.value = wallTime(Date.now());
  if (!isCodeTyped)
    code.value = codeFor(
      harvestedAt.value || wallTime(Date.now()),
      new Set(lots.map((lot) => lot.code)),
    );
}

/** @param {import("../../../lib/forms/forms.js").Field} each */
const isOffRadio = (each) =>
  each instanceof HTMLInputElement && each.type === "radio" && !each.checked;

function keep() {
  /** @type {Record<string, string>} */
  const values = {};
  for (const each of fieldsOf(form)) if (!isOffRadio(each)) values[each.name] = each.value;
  remember(kept, { values, isCodeTyped, isTimeTyped });
}

function restore() {
  const before = recall(kept);
  if (!before) return;
  ({ isCodeTyped, isTimeTyped } = before);
  for (const each of fieldsOf(form)) {
    const value = before.values[each.name];
    if (value === undefined) continue;
    if (each instanceof HTMLInputElement && each.type === "radio")
      each.checked = each.value === value;
    else each.value = value;
  }
}

function drawLots() {
  const latest = [...lots].slice(0, 5);
  part("before").hidden = latest.length === 0;
  part("before-title").hidden = latest.length === 0;
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
    lots = (await getAll(`/api/v1/lots?farm=${farm}`)).lots;
    drawLots();
    part("load-failed").hidden = true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    part("load-words").textContent = spoken(problem);
    part("load-failed").hidden = false;
  }
  propose();
}

/**
 * What this very form recorded before its answer was lost.
 * @param {any} body
 */
async function recordedBefore(body) {
  lots = (await getAll(`/api/v1/lots?farm=${farm}`)).lots;
  return lots.find(
    (lot) =>
      lot.code === body.code &&
      lot.quantity_g === body.quantity_g &&
      Date.parse(lot.harvested_at) === Date.parse(body.harvested_at),
  );
}

/**
 * @param {any} body
 * @returns {Promise<Lot>}
 */
async function record(body) {
  try {
    return await post("/api/v1/lots", { ...body, farm });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.slug === "lot-taken") {
      const before = await recordedBefore(body);
      if (before) return before;
    }
    if (problem.slug in REASONS) ask(problem.slug);
    if (problem.slug === "offline") part("offline").hidden = false;
    throw problem;
  }
}

/**
 * Asks for the reason without which the server takes no such harvest.
 * @param {string} slug
 */
function ask(slug) {
  const [place, name] = REASONS[slug];
  part(place).hidden = false;
  field(form, name).disabled = false;
}

function hideReasons() {
  for (const [place, name] of Object.values(REASONS)) {
    part(place).hidden = true;
    field(form, name).disabled = true;
    field(form, name).value = "";
  }
}

/** @param {Lot} lot */
function tell(lot) {
  const what = { weight: weight(lot.quantity_g), name: text(lot.product_name), code: lot.code };
  part("recorded-words").textContent = t("Recorded: %(weight)s of %(name)s, lot %(code)s.", what);
  find(document, "[data-recorded-link]", HTMLAnchorElement).href = lot.url;
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
  isCodeTyped = false;
  isTimeTyped = false;
  field(form, "quantity_g").value = "";
  hideReasons();
  clear(form);
  tell(lot);
  const read = await getAll(`/api/v1/lots?farm=${farm}`).catch(() => ({ lots: [lot, ...lots] }));
  lots = read.lots;
  drawLots();
  propose();
});
form.addEventListener("input", ({ target }) => {
  if (target === code) isCodeTyped = code.value !== "";
  if (target === harvestedAt) isTimeTyped = harvestedAt.value !== "";
  // Another plot, time or weight may well need no reason.
  const name = fieldsOf(form).find((each) => each === target)?.name ?? "";
  if (["plot", "harvested_at", "quantity_g"].includes(name)) hideReasons();
  if (target === harvestedAt) propose();
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
