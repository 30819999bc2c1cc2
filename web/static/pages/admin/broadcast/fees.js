// The parcels' fees: a group of weights for everywhere, and for each region with fees of its own.
// Everything is checked while one types, an example says what it comes to, and nothing holds until it
// is kept.

import { Problem } from "../../../lib/channel/api.js";
import { cloned, find, findAll } from "../../../lib/ui/dom.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t } from "../../../lib/words.js";
import { feeOf } from "../../../lib/state/parcel-fee.js";
import { get, put } from "../../../lib/channel/staff-api.js";
import { named } from "../../../lib/forms/forms.js";
import { spoken, together } from "../../../lib/format/staff-sentences.js";
import { grams, grouped, kilograms, rowsOf, sum, weightWords, wrong } from "./fee-table.js";
import { setUpRegionSearch } from "./region-search.js";
import { Regions } from "./regions.js";

/** @typedef {import("./fee-table.js").Band} Band */
/** @typedef {import("./fee-table.js").Group} Group */
/** @typedef {import("../../../lib/state/parcel-fee.js").FeeRow} FeeRow */

const PATH = "/api/v1/parcel-fees";
/** What is proposed where nothing is: usual boxes. */
const FIRST_KG = [3, 5, 10];
const EXAMPLE = "11";

const root = find(document, "[data-fees]");
/** @param {string} name */
const part = (name) => find(root, `[data-${name}]`);
const form = find(root, "[data-table]", HTMLFormElement);
const exampleWeight = find(root, "[data-example-weight]", HTMLInputElement);

/** @type {Regions} */
let regions;
/** @type {Group[]} what the server keeps */
let kept = [];
/** @type {string | null | undefined} of what the server keeps, which a table that replaces it names */
let version = null;
/** @type {Group[]} what stands on the page */
let groups = [];
let example = EXAMPLE;

/** @param {string} region */
const nameOf = (region) => (region ? regions.said(region) : t("Everywhere else"));

/** @param {Group | null} [focus] */
function draw(focus = null) {
  part("empty").hidden = groups.length > 0 || kept.length > 0;
  form.hidden = !part("empty").hidden;
  const made = groups.map(drawGroup);
  part("groups").replaceChildren(...made);
  check();
  const place = focus && made[groups.indexOf(focus)];
  if (place) findAll(place, "input:placeholder-shown, input")[0]?.focus();
}

/** @param {Group} group */
function drawGroup(group) {
  const section = cloned("fee-group");
  section.dataset.region = group.region;
  const name = nameOf(group.region);
  find(section, "[data-name]").textContent =
    groups.length === 1 && !group.region ? t("Everywhere") : name;
  const away = find(section, "[data-away]");
  away.setAttribute("aria-label", t("Remove the fees for %(name)s", { name }));
  // Everywhere else stays while there are others: the server asks for it.
  away.hidden = !group.region && groups.length > 1;
  away.addEventListener("click", () => takeAway(group));
  const bands = find(section, "[data-bands]");
  bands.append(...group.bands.map((band) => drawBand(group, band)));
  find(section, "[data-more]").addEventListener("click", () => {
    group.bands.push({ weight: "", fee: "" });
    draw();
    find(root, `[data-region="${group.region}"] .fees-band:last-child [data-weight]`).focus();
  });
  return section;
}

/**
 * @param {Group} group
 * @param {Band} band
 */
function drawBand(group, band) {
  const row = cloned("fee-band");
  const said = find(row, "[data-wrong]");
  said.id = `wrong-${group.region}-${group.bands.indexOf(band)}`;
  for (const key of /** @type {const} */ (["weight", "fee"])) {
    const field = find(row, `[data-${key}]`, HTMLInputElement);
    field.value = band[key];
    field.setAttribute("aria-describedby", said.id);
    field.addEventListener("input", () => {
      band[key] = field.value;
      check();
    });
  }
  const less = find(row, "[data-less]");
  less.hidden = group.bands.length === 1;
  less.addEventListener("click", () => {
    group.bands.splice(group.bands.indexOf(band), 1);
    draw();
  });
  return row;
}

/** Says beside each row what is wrong with it; answers the first field of one. */
function check(isFinal = false) {
  /** @type {HTMLElement[]} */
  const fields = [];
  const sections = [...part("groups").children];
  groups.forEach((group, place) => {
    const section = sections[place];
    group.bands.forEach((band, index) => {
      const row = find(section, "[data-bands]").children[index];
      const words = wrong(group, band, isFinal);
      const said = find(row, "[data-wrong]");
      said.textContent = words;
      said.hidden = !words;
      const weight = find(row, "[data-weight]");
      for (const field of [weight, find(row, "[data-fee]")])
        field.setAttribute("aria-invalid", String(Boolean(words)));
      if (words) fields.push(weight);
    });
    const most = Math.max(
      ...group.bands.map((band) => grams(band.weight)).filter((found) => found > 0),
      0,
    );
    find(section, "[data-most]").textContent = most
      ? t("Parcels over %(most)s kg aren't sent there.", {
          most: kilograms(most),
        })
      : "";
  });
  drawExample();
  drawState();
  return fields[0];
}

/** "5 kg to Beijing: ¥18.00", by what stands on the page. */
function drawExample() {
  const weight = grams(exampleWeight.value);
  const words = part("example-words");
  const why = part("example-why");
  if (Number.isNaN(weight)) {
    words.textContent = weightWords();
    why.textContent = "";
    return;
  }
  const table = rowsOf(groups);
  const found = feeOf(table, example.padEnd(6, "0"), weight);
  const values = { weight: kilograms(weight), place: nameOf(example) };
  words.textContent =
    found.fee === undefined
      ? t("%(weight)s kg to %(place)s: not as a parcel", values)
      : t("%(weight)s kg to %(place)s: %(fee)s", { ...values, fee: sum(found.fee) });
  const fitting = table.filter((row) => example.startsWith(row.region)).map((row) => row.region);
  const of = fitting.sort((one, other) => other.length - one.length)[0];
  const of_ = of === undefined ? "" : nameOf(of);
  why.textContent =
    found.fee === undefined
      ? t(
          "%(of)s takes up to %(most)s kg. Buyers are asked to split heavier orders or pick them up.",
          {
            of: of_,
            most: kilograms(found.most ?? 0),
          },
        )
      : of === undefined
        ? t("No fee is set yet.")
        : of
          ? t("Uses the fees for %(of)s.", { of: of_ })
          : t("Uses the fees for everywhere else.");
}

const isChanged = () => JSON.stringify(groups) !== JSON.stringify(kept);

function drawState() {
  const foot = part("foot");
  foot.hidden = !isChanged();
  part("state").textContent = groups.length
    ? t("Not saved yet: buyers still pay the earlier fees.")
    : t("Not saved yet: without a fee, parcels ship free.");
}

/** @param {Group} group */
function takeAway(group) {
  const place = groups.indexOf(group);
  groups.splice(place, 1);
  draw();
  toast(t("The fees for %(name)s are removed once you save.", { name: nameOf(group.region) }), {
    act: t("Undo"),
    onAct: () => {
      groups.splice(place, 0, group);
      draw();
    },
  });
}

/** @param {string} region */
function addRegion(region) {
  const known = groups.find((group) => group.region === region);
  if (!known) {
    // The same weights as everywhere: mostly the fee alone differs.
    const weights =
      groups.find((group) => !group.region)?.bands.map(({ weight }) => weight) ??
      FIRST_KG.map(String);
    groups.push({ region, bands: weights.map((weight) => ({ weight, fee: "" })) });
    example = region;
    sayExample();
  }
  draw();
  find(root, `[data-region="${region}"] [data-fee]`).focus();
}

function sayExample() {
  find(document, "#example-region", HTMLInputElement).value = nameOf(example);
}

function begin() {
  groups = [{ region: "", bands: FIRST_KG.map((weight) => ({ weight: String(weight), fee: "" })) }];
  draw();
  find(root, "[data-fee]").focus();
}

/** @param {string} words */
function complain(words) {
  const place = part("problem");
  place.textContent = words;
  place.hidden = !words;
  if (words) place.focus();
}

/** @param {FeeRow[]} rows */
async function send(rows) {
  const fees = rows.map((row) => ({ ...row, fee: { amount: row.fee, currency: page.currency } }));
  const answer = await put(PATH, { fees, version });
  keepNew(answer);
  groups = structuredClone(kept);
  draw();
}

/** @param {import("../../../lib/state/api").Fees} answer the fees that the server has */
function keepNew(answer) {
  kept = grouped(answer.fees);
  version = answer.version;
}

async function keep() {
  complain("");
  const first = check(true);
  if (first) {
    first.focus();
    return;
  }
  const before = rowsOf(kept);
  const button = find(form, "[type=submit]");
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await send(rowsOf(groups));
    toast(t("Saved. New orders pay this; earlier ones keep theirs."), {
      act: t("Undo"),
      onAct: () => send(before).catch(toastProblem),
    });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    // What somebody else kept meanwhile is what holds, and what this page may replace the next time.
    if (problem.slug === "fees-replaced") await get(PATH).then(keepNew, () => {});
    const said = named(problem.body).map(([, words]) => words);
    complain(together(said) || spoken(problem));
  } finally {
    button.removeAttribute("aria-busy");
  }
}

async function load() {
  try {
    const [answer, found] = await Promise.all([get(PATH), regions ?? Regions.load()]);
    regions = found;
    keepNew(answer);
    groups = structuredClone(kept);
    part("failed").hidden = true;
    setUp();
    draw();
  } catch (problem) {
    part("failed-words").textContent =
      problem instanceof Problem
        ? spoken(problem)
        : t("The server can't be reached. Nothing is lost; try again in a moment.");
    part("failed").hidden = false;
  }
  part("loading").hidden = true;
  root.removeAttribute("aria-busy");
}

let isSetUp = false;
function setUp() {
  if (isSetUp) return;
  isSetUp = true;
  sayExample();
  setUpRegionSearch(find(root, '[data-region-search="add"]'), regions, addRegion);
  setUpRegionSearch(
    find(root, '[data-region-search="example"]'),
    regions,
    (region) => {
      example = region;
      drawExample();
    },
    { keeps: true, fixed: () => groups.map(({ region }) => [region, nameOf(region)]) },
  );
}

exampleWeight.addEventListener("input", drawExample);
part("first").addEventListener("click", begin);
part("again").addEventListener("click", load);
part("back").addEventListener("click", () => {
  groups = structuredClone(kept);
  complain("");
  draw();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  keep();
});
addEventListener("beforeunload", (event) => {
  if (isChanged()) event.preventDefault();
});
load();
