// Leads a coordinator from a title to a broadcast that can start: one short form a step. What is
// done is read from the server each time, so that a reload or a second day goes on where it was.

import { Problem } from "../../../lib/channel/api.js";
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

const STEPS = ["broadcast", "farm", "lot", "offer", "fees", "centre", "air"];
const HOUR_MS = 3_600_000;
const UNITS = { unit: { zh: "箱", en: "box" }, picture: null };
const page = document.querySelector("[data-prepare]");
const broadcast = page.dataset.prepare || null;
// What was chosen is kept on this device, so that another day goes on where this one stopped.
const memory = `prepare.${broadcast}`;
const chosen = { farm: null, lot: null, free: false };
const known = { farms: [], lots: [], offers: [], centres: [], fees: [] };

const section = (step) => page.querySelector(`section[data-step="${step}"]`);
const form = (step) => section(step).querySelector("form");

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

/** A step can be opened when what it needs is there. */
function isOpen(step) {
  if (step === "broadcast") return broadcast === null;
  if (broadcast === null) return false;
  if (step === "lot") return chosen.farm !== null;
  if (step === "offer") return chosen.lot !== null || known.offers.length > 0;
  return true;
}

/** Takes a choice, and keeps it. */
function choose(choice) {
  Object.assign(chosen, choice);
  if (broadcast !== null) remember(memory, chosen);
}

/** Takes up what was chosen before, as far as it is still there. */
function takeUp() {
  const { farm, lot, free } = recall(memory) ?? {};
  const kept = known.lots.find((each) => each.id === lot && !each.stopped);
  const own = kept ? farmOf(kept) : farm;
  chosen.farm = known.farms.some((each) => each.id === own) ? own : null;
  chosen.lot = chosen.farm && kept ? lot : null;
  chosen.free = Boolean(free);
}

function firstUndone() {
  return STEPS.find((step) => !isDone(step));
}

function go(step, push = true) {
  const target = isOpen(step) ? step : firstUndone();
  for (const each of STEPS) section(each).hidden = each !== target;
  for (const item of page.querySelectorAll("[data-step-mark]")) {
    const mark = item.dataset.stepMark;
    const link = item.querySelector("a");
    if (mark === target) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    item.classList.toggle("is-done", isDone(mark) && mark !== target);
    item.querySelector("[data-step-state]").textContent =
      mark === target ? t("now") : isDone(mark) ? t("done") : "";
    if (isOpen(mark) && mark !== target) link.setAttribute("href", `#${mark}`);
    else link.removeAttribute("href");
  }
  draw(target);
  if (push && location.hash !== `#${target}`) history.pushState(null, "", `#${target}`);
  const heading = section(target).querySelector("h2");
  heading.focus({ preventScroll: true });
  page.scrollIntoView({ block: "start" });
}

function choice(template, { title, note, onChoose, isChosen }) {
  const row = template.content.firstElementChild.cloneNode(true);
  row.querySelector("[data-title]").textContent = title;
  row.querySelector("[data-note]").textContent = note;
  const button = row.querySelector("button");
  if (!onChoose) button.remove();
  else {
    button.setAttribute("aria-pressed", String(Boolean(isChosen)));
    button.setAttribute("aria-label", `${button.textContent.trim()}: ${title}`);
    button.addEventListener("click", onChoose);
  }
  return row;
}

function list(step, rows) {
  const place = section(step).querySelector("[data-choices]");
  const template = document.getElementById("choice");
  place.replaceChildren(...rows.map((row) => choice(template, row)));
  place.hidden = rows.length === 0;
  const more = section(step).querySelector("details");
  if (more) {
    more.open = rows.length === 0;
    more.classList.toggle("is-only", rows.length === 0);
  }
  const onward = section(step).querySelector("[data-onward]");
  if (onward) onward.hidden = rows.length === 0 && !("optional" in onward.dataset);
}

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
    section("lot").querySelector("[data-farm]").textContent = text(farm?.name);
    drawPlots();
    const picked = form("lot").elements.harvested_at;
    if (!picked.value) picked.value = wallTime(Math.floor(Date.now() / HOUR_MS) * HOUR_MS);
    const lots = known.lots.filter((lot) => farmOf(lot) === chosen.farm);
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
    const fields = form("offer").elements;
    form("offer").closest("details").hidden = !lot;
    if (!lot) return;
    section("offer").querySelector("[data-lot]").textContent =
      `${text(lot.product_name)} · ${lot.code}`;
    for (const each of ["zh", "en"]) {
      const field = fields[`name.${each}`];
      if (!field.value) field.value = lot.product_name?.[each] ?? "";
    }
  },
  fees: () => {
    const there = known.fees.length > 0;
    const place = section("fees");
    const said = place.querySelector("[data-fees-there]");
    said.hidden = !there && !chosen.free;
    said.textContent = there ? feeWords(known.fees) : t("Parcels are free for buyers.");
    place.querySelector("[data-fees-first]").hidden = there;
    place.querySelector("[data-free]").hidden = there || chosen.free;
    place.querySelector("[data-fees-page]").hidden = !there;
    place.querySelector("[data-fees-on]").hidden = !there && !chosen.free;
  },
  centre: () =>
    list(
      "centre",
      known.centres.map((centre) => ({ title: text(centre.name), note: text(centre.address) })),
    ),
  air: () => {
    showReady(section("air").querySelector("[data-ready]"), broadcast, {
      offers: known.offers.length,
      centres: known.centres.length,
      fees: known.fees.length > 0,
      free: chosen.free,
    });
  },
};

/** The farm whose plots are offered. */
let plotsFarm = null;

/** The plots of the chosen farm, where it has some. */
async function drawPlots() {
  const { farm } = chosen;
  const { plot } = form("lot").elements;
  const show = (plots) => {
    const before = plot.value;
    offer(
      plot,
      plots.map((each) => [each.id, text(each.name)]),
    );
    if (plots.some(({ id }) => id === before)) plot.value = before;
    section("lot").querySelector("[data-plot]").hidden = plots.length === 0;
  };
  if (plotsFarm !== farm) show([]);
  plotsFarm = farm;
  if (!farm) return;
  try {
    const { plots } = await getAll(`/api/v1/farms/${farm}/plots`);
    // Another farm may be chosen by now, whose plots are others.
    if (chosen.farm === farm) show(plots);
  } catch (problem) {
    if (chosen.farm === farm) toastProblem(problem, t("Plots"));
  }
}

/** What the parcels' fees begin with, as a sentence. */
function feeWords(fees) {
  const least = fees.reduce((one, other) => (other.fee.amount < one.fee.amount ? other : one));
  return t("Parcels cost from %(fee)s.", { fee: money(least.fee) });
}

const farmOf = (lot) => (typeof lot.farm === "object" ? lot.farm?.id : lot.farm);

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
for (const button of page.querySelectorAll("[data-go]")) {
  button.addEventListener("click", () => {
    clear(button.closest("section").querySelector("form") ?? form("offer"));
    go(button.dataset.go);
  });
}
page.querySelector("[data-free]").addEventListener("click", () => {
  choose({ free: true });
  go("centre");
});
setUpPictures(form("offer"));
window.addEventListener("hashchange", () => go(location.hash.slice(1), false));

async function begin() {
  const failure = page.querySelector("[data-load-failed]");
  try {
    await load();
    failure.hidden = true;
    page.removeAttribute("aria-busy");
    page.querySelector("[data-loading]")?.remove();
    const wanted = location.hash.slice(1);
    go(STEPS.includes(wanted) ? wanted : (firstUndone() ?? "air"), false);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failure.hidden = false;
  }
}

page.querySelector("[data-load-again]").addEventListener("click", begin);
begin();
