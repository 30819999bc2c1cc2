// Leads a coordinator from a title to a broadcast that can start: one short form a step. What is
// done is read from the server each time, so that a reload or a second day goes on where it was.

import { Problem } from "../../../lib/channel/api.js";
import { cloned, field, find, findAll, findOptional } from "../../../lib/ui/dom.js";
import { count, money, weight } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { t, text } from "../../../lib/words.js";
import { get, getAll, post, put } from "../../../lib/channel/staff-api.js";
import { clear, fill, onSubmit } from "../../../lib/forms/forms.js";
import { offer } from "../../../lib/forms/form-sheet.js";
import { wallTime } from "../../../lib/forms/wall-time.js";
import { setUpPictures } from "../../../lib/forms/picture-field.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { stoppedWords } from "../../../lib/format/staff-sentences.js";
import { showReady } from "./ready-check.js";

/** @typedef {import("../../../lib/state/api").Farm} Farm */
/** @typedef {import("../../../lib/state/api").Lot} Lot */
/** @typedef {import("../../../lib/state/api").Fee} Fee */
/** @typedef {{ title: string, note: string, onChoose?: (() => void) | null, isChosen?: boolean }} Choice */

const STEPS = ["broadcast", "farm", "lot", "offer", "fees", "centre", "air"];
const HOUR_MS = 3_600_000;
const UNITS = { unit: { zh: "箱", en: "box" }, picture: null };
const page = find(document, "[data-prepare]");
const broadcast = page.dataset.prepare || null;
// What was chosen is kept on this device, so that another day goes on where this one stopped.
const memory = `prepare.${broadcast}`;
/** @type {{ farm: string | null, lot: string | null, free: boolean }} */
const chosen = { farm: null, lot: null, free: false };
/**
 * What the server has.
 * @type {{ farms: Farm[], lots: Lot[], offers: import("../../../lib/state/api").Card[], centres: import("../../../lib/state/api").Centre[], fees: Fee[] }}
 */
const known = { farms: [], lots: [], offers: [], centres: [], fees: [] };

/** @param {string} step */
const section = (step) => find(page, `section[data-step="${step}"]`);
/** @param {string} step */
const form = (step) => find(section(step), "form", HTMLFormElement);

/** @param {string} step */
function isDone(step) {
  switch (step) {
    case "broadcast":
      return broadcast !== null;
    case "farm":
      return chosen.farm !== null || known.offers.length > 0;
    case "lot":
      return chosen.lot !== null || known.offers.length > 0;
    case "offer":
      return known.offers.length > 0;
    case "fees":
      return known.fees.length > 0 || chosen.free;
    case "centre":
      return known.centres.length > 0;
    default:
      return false;
  }
}

/**
 * A step can be opened when what it needs is there.
 * @param {string} step
 */
function isOpen(step) {
  if (step === "broadcast") return broadcast === null;
  if (broadcast === null) return false;
  if (step === "lot") return chosen.farm !== null;
  if (step === "offer") return chosen.lot !== null || known.offers.length > 0;
  return true;
}

/**
 * Takes a choice, and keeps it.
 * @param {Partial<typeof chosen>} choice
 */
function choose(choice) {
  Object.assign(chosen, choice);
  if (broadcast !== null) remember(memory, chosen);
}

/** Takes up what was chosen before, as far as it is still there. */
function takeUp() {
  const { farm, lot, free } = recall(memory) ?? {};
  const kept = known.lots.find((each) => each.id === lot && !each.stopped);
  const own = kept ? kept.farm : farm;
  chosen.farm = known.farms.some((each) => each.id === own) ? own : null;
  chosen.lot = chosen.farm && kept ? lot : null;
  chosen.free = Boolean(free);
}

function firstUndone() {
  return STEPS.find((step) => !isDone(step)) ?? "air";
}

/** @param {string} step */
function go(step, push = true) {
  const target = isOpen(step) ? step : firstUndone();
  for (const each of STEPS) section(each).hidden = each !== target;
  for (const item of findAll(page, "[data-step-mark]")) {
    const mark = item.dataset.stepMark ?? "";
    const link = find(item, "a");
    if (mark === target) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    item.classList.toggle("is-done", isDone(mark) && mark !== target);
    find(item, "[data-step-state]").textContent =
      mark === target ? t("now") : isDone(mark) ? t("done") : "";
    if (isOpen(mark) && mark !== target) link.setAttribute("href", `#${mark}`);
    else link.removeAttribute("href");
  }
  draw(target);
  if (push && location.hash !== `#${target}`) history.pushState(null, "", `#${target}`);
  const heading = find(section(target), "h2");
  heading.focus({ preventScroll: true });
  page.scrollIntoView({ block: "start" });
}

/** @param {Choice} choice */
function choiceRow({ title, note, onChoose, isChosen }) {
  const row = cloned("choice");
  find(row, "[data-title]").textContent = title;
  find(row, "[data-note]").textContent = note;
  const button = find(row, "button");
  if (!onChoose) button.remove();
  else {
    button.setAttribute("aria-pressed", String(Boolean(isChosen)));
    button.setAttribute("aria-label", `${button.textContent?.trim()}: ${title}`);
    button.addEventListener("click", onChoose);
  }
  return row;
}

/**
 * @param {string} step
 * @param {Choice[]} rows
 */
function list(step, rows) {
  const place = find(section(step), "[data-choices]");
  place.replaceChildren(...rows.map(choiceRow));
  place.hidden = rows.length === 0;
  const more = section(step).querySelector("details");
  if (more) {
    more.open = rows.length === 0;
    more.classList.toggle("is-only", rows.length === 0);
  }
  const onward = findOptional(section(step), "[data-onward]");
  if (onward) onward.hidden = rows.length === 0 && !("optional" in onward.dataset);
}

/** @type {Record<string, () => void>} */
const DRAW = {
  farm: () =>
    list(
      "farm",
      known.farms.map((farm) => ({
        title: text(farm.name),
        note: text(farm.place),
        isChosen: farm.id === chosen.farm,
        onChoose: () => {
          choose({ farm: farm.id, lot: null });
          go("lot");
        },
      })),
    ),
  lot: () => {
    const farm = known.farms.find((each) => each.id === chosen.farm);
    find(section("lot"), "[data-farm]").textContent = text(farm?.name);
    drawPlots();
    const picked = field(form("lot"), "harvested_at");
    if (!picked.value) picked.value = wallTime(Math.floor(Date.now() / HOUR_MS) * HOUR_MS);
    const lots = known.lots.filter((lot) => lot.farm === chosen.farm);
    list(
      "lot",
      lots.map((lot) => ({
        title: `${text(lot.product_name)} · ${lot.code}`,
        note: lot.stopped ? `${weight(lot.quantity_g)} · ${t("Stopped")}` : weight(lot.quantity_g),
        isChosen: lot.id === chosen.lot,
        onChoose: lot.stopped
          ? null
          : () => {
              choose({ lot: lot.id });
              go("offer");
            },
      })),
    );
  },
  offer: () => {
    list(
      "offer",
      known.offers.map((offer) => ({
        title: text(offer.name),
        note: `${money(offer.price)} · ${t("%(n)s released", { n: count(offer.released) })}`,
      })),
    );
    const lot = known.lots.find((each) => each.id === chosen.lot);
    form("offer").closest("details")?.toggleAttribute("hidden", !lot);
    if (!lot) return;
    find(section("offer"), "[data-lot]").textContent = `${text(lot.product_name)} · ${lot.code}`;
    for (const each of /** @type {const} */ (["zh", "en"])) {
      const name = field(form("offer"), `name.${each}`);
      if (!name.value) name.value = lot.product_name?.[each] ?? "";
    }
  },
  fees: () => {
    const there = known.fees.length > 0;
    const place = section("fees");
    const said = find(place, "[data-fees-there]");
    said.hidden = !there && !chosen.free;
    said.textContent = there ? feeWords(known.fees) : t("Parcels are free for buyers.");
    find(place, "[data-fees-first]").hidden = there;
    find(place, "[data-free]").hidden = there || chosen.free;
    find(place, "[data-fees-page]").hidden = !there;
    find(place, "[data-fees-on]").hidden = !there && !chosen.free;
  },
  centre: () =>
    list(
      "centre",
      known.centres.map((centre) => ({ title: text(centre.name), note: text(centre.address) })),
    ),
  air: () => {
    showReady(find(section("air"), "[data-ready]"), broadcast ?? "", {
      offers: known.offers.length,
      centres: known.centres.length,
      fees: known.fees.length > 0,
      free: chosen.free,
    });
  },
};

/** @type {string | null} the farm whose plots are offered */
let plotsFarm = null;

/** The plots of the chosen farm, where it has some. */
async function drawPlots() {
  const { farm } = chosen;
  const plot = field(form("lot"), "plot", HTMLSelectElement);
  /** @param {import("../../../lib/state/api").Plot[]} plots */
  const show = (plots) => {
    const before = plot.value;
    offer(
      plot,
      plots.map((each) => [each.id, text(each.name)]),
    );
    if (plots.some(({ id }) => id === before)) plot.value = before;
    find(section("lot"), "[data-plot]").hidden = plots.length === 0;
  };
  if (plotsFarm !== farm) show([]);
  plotsFarm = farm;
  if (!farm) return;
  try {
    const found = await getAll(`/api/v1/farms/${farm}/plots`);
    // Another farm may be chosen by now, whose plots are others.
    if (chosen.farm === farm) show(found.plots);
  } catch (problem) {
    if (chosen.farm === farm) toastProblem(problem, t("Plots"));
  }
}

/**
 * What the parcels' fees begin with, as a sentence.
 * @param {Fee[]} fees
 */
function feeWords(fees) {
  const least = fees.reduce((one, other) => (other.fee.amount < one.fee.amount ? other : one));
  return t("Parcels cost from %(fee)s.", { fee: money(least.fee) });
}

/** @param {string} step */
function draw(step) {
  DRAW[step]?.();
}

async function load() {
  if (broadcast === null) return;
  const [farms, lots, centres, offers, fees] = await Promise.all([
    getAll("/api/v1/farms"),
    getAll("/api/v1/lots"),
    getAll("/api/v1/centres"),
    getAll(`/api/v1/broadcasts/${broadcast}/offers`),
    get("/api/v1/parcel-fees"),
  ]);
  Object.assign(known, {
    farms: farms.farms,
    lots: lots.lots,
    centres: centres.centres,
    offers: offers.offers,
    fees: fees.fees,
  });
  takeUp();
}

/** @type {Record<string, (body: any) => Promise<void>>} each form's body, as forms.js reads it */
const JOBS = {
  broadcast: async (body) => {
    const made = await post("/api/v1/broadcasts", { starts_at: null, ...body });
    location.assign(`/studio/${made.id}/prepare`);
    // The next page takes over: the button stays busy until it is there.
    return new Promise(() => {});
  },
  farm: async (body) => {
    const farm = await post("/api/v1/farms", body);
    known.farms.push(farm);
    choose({ farm: farm.id, lot: null });
    go("lot");
  },
  lot: async (body) => {
    const lot = await post("/api/v1/lots", { ...body, farm: chosen.farm });
    known.lots.push(lot);
    if (lot.stopped) {
      go("lot");
      toast(stoppedWords([lot.code]), { danger: true });
      return;
    }
    choose({ lot: lot.id });
    form("offer").reset();
    go("offer");
  },
  offer: async (body) => {
    const offer = await post(`/api/v1/broadcasts/${broadcast}/offers`, {
      ...body,
      lot: chosen.lot,
    });
    known.offers.push(offer);
    form("offer").reset();
    // A picture in its field is shown anew by what the form has.
    fill(form("offer"), UNITS);
    go(firstUndone());
  },
  fees: async ({ fee, more }) => {
    const rows = [
      { region: "", upto_g: 3000, fee },
      ...(more ? [{ region: "", upto_g: 10000, fee: more }] : []),
    ];
    // Somebody else may have set fees since this page was loaded: those stay.
    const { fees, version } = await get("/api/v1/parcel-fees");
    known.fees = fees;
    if (known.fees.length > 0) {
      go("fees");
      return;
    }
    known.fees = (await put("/api/v1/parcel-fees", { fees: rows, version })).fees;
    go("centre");
  },
  centre: async (body) => {
    known.centres.push(await post("/api/v1/centres", body));
    form("centre").reset();
    go("air");
  },
};

for (const [step, job] of Object.entries(JOBS)) onSubmit(form(step), job);
for (const button of findAll(page, "[data-go]")) {
  button.addEventListener("click", () => {
    clear(button.closest("section")?.querySelector("form") ?? form("offer"));
    go(button.dataset.go ?? "");
  });
}
find(page, "[data-free]").addEventListener("click", () => {
  choose({ free: true });
  go("centre");
});
setUpPictures(form("offer"));
window.addEventListener("hashchange", () => go(location.hash.slice(1), false));

async function begin() {
  const failure = find(page, "[data-load-failed]");
  try {
    await load();
    failure.hidden = true;
    page.removeAttribute("aria-busy");
    page.querySelector("[data-loading]")?.remove();
    const wanted = location.hash.slice(1);
    go(STEPS.includes(wanted) ? wanted : firstUndone(), false);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failure.hidden = false;
  }
}

find(page, "[data-load-again]").addEventListener("click", begin);
begin();
