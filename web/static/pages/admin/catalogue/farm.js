// A farm's page: about it, its plots with what happened there, its lots on their way to the buyer.

import { Problem } from "../../../lib/channel/api.js";
import { el, field, find, findAll, findDialog, icon, say, valueIn } from "../../../lib/ui/dom.js";
import { clock, count, day, kilograms, weight } from "../../../lib/format/format.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t, text } from "../../../lib/words.js";
import { get, getAll, patch, post, upload } from "../../../lib/channel/staff-api.js";
import { local } from "../../../lib/forms/forms.js";
import { setUpPictures } from "../../../lib/forms/picture-field.js";
import { showCode } from "../../../lib/ui/qr-code.js";
import { spoken, stoppedWords } from "../../../lib/format/staff-sentences.js";
import { act, badge, RemoteList, row, sign } from "../../../lib/ui/remote-list.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";

const { farm: id, staff: isStaff } = page.data;
const path = `/api/v1/farms/${id}`;
const sheets = Object.fromEntries(
  ["farm", "plot", "work", "test", "pack", "ship", "waste", "correct", "withdraw"].map((name) => [
    name,
    new FormSheet(`${name}-sheet`),
  ]),
);
/** @typedef {import("../../../lib/state/api").Plot} Plot */
/** @typedef {import("../../../lib/state/api").Work} Work */
/** @typedef {import("../../../lib/state/api").Lot} Lot */
/** @typedef {import("../../../lib/state/api").Farm} Farm */
/** @typedef {import("../../../lib/state/api").Inspection} Inspection */

/** @type {Map<string, Work[]>} by plot */
const works = new Map();

/** @param {string} plot */
const worksOf = (plot) => works.get(plot) ?? [];

/** @param {string} moment */
const when = (moment) => {
  const ms = Date.parse(moment);
  return `${day(ms)} ${clock(ms)}`;
};
/** @param {string} moment */
const date = (moment) => day(Date.parse(moment));
const now = () => new Date().toISOString();

const plots = new RemoteList(
  "plots",
  async () => {
    const { plots: read } = await getAll(`${path}/plots`);
    /** @type {Plot[]} */
    const found = read;
    const each = await Promise.all(found.map((plot) => getAll(`/api/v1/plots/${plot.id}/works`)));
    for (const [index, plot] of found.entries()) works.set(plot.id, each[index].works);
    return found;
  },
  (plot) =>
    row({
      picture: sign("leaf"),
      title: text(plot.name),
      badges: isWaiting(plot) ? [badge(t("Waiting period"), "red")] : [],
      lines: [
        [
          text(plot.crop),
          plot.area_m2 ? `${count(plot.area_m2)} m²` : "",
          plot.planted_year ? t("planted in %(year)s", { year: plot.planted_year }) : "",
        ]
          .filter(Boolean)
          .join(" · "),
        ...standing(worksOf(plot.id)).slice(0, 2).map(workWords),
      ],
      acts: [
        act(t("Flowered or sprayed"), () => addWork(plot), { name: text(plot.name) }),
        standing(worksOf(plot.id)).length
          ? act(t("Withdraw…"), () => withdrawWork(plot), { name: text(plot.name) })
          : null,
        act(t("Change"), () => changePlot(plot), { name: text(plot.name) }),
      ].filter((each) => each !== null),
    }),
);

/**
 * The records that nobody took back.
 * @template {{ withdrawn_at?: string | null }} T
 * @param {T[]} records
 */
const standing = (records) => records.filter(({ withdrawn_at: at }) => !at);

/** @param {Plot} plot */
function isWaiting(plot) {
  return standing(worksOf(plot.id)).some(({ until }) => until && Date.parse(until) > Date.now());
}

/** @param {Work} work */
function workWords(work) {
  if (work.kind === "flowered") return t("Flowered %(day)s", { day: date(work.at) });
  const sprayed = work.substance
    ? t("Sprayed %(day)s with %(what)s", { day: date(work.at), what: text(work.substance) })
    : t("Sprayed %(day)s", { day: date(work.at) });
  if (!work.until) return sprayed;
  const waits = t("picking allowed from %(day)s", { day: date(work.until) });
  return `${sprayed} · ${waits}`;
}

const lots = new RemoteList(
  "lots",
  async () => (await getAll(`/api/v1/lots?farm=${id}`)).lots,
  (/** @type {Lot} */ lot) => {
    const name = `${text(lot.product_name)} ${lot.code}`;
    return row({
      title: `${text(lot.product_name)} · ${lot.code}`,
      href: lot.url,
      badges: badgesOf(lot),
      lines: [
        [kilograms(lot.quantity_g), when(lot.harvested_at), text(lot.plot?.name)]
          .filter(Boolean)
          .join(" · "),
        balance(lot),
        stations(lot),
      ],
      acts: [
        lot.stopped && isStaff
          ? act(t("Who has this lot"), () => location.assign(`/studio/lots/${lot.id}`), {
              name,
              danger: true,
            })
          : null,
        lot.lifted && !lot.stopped && isStaff
          ? act(t("Its stop, and the lift"), () => location.assign(`/studio/lots/${lot.id}`), {
              name,
            })
          : null,
        act(t("Tested…"), () => test(lot), { name }),
        lot.passed === null ? null : act(t("Withdraw a test…"), () => withdrawTest(lot), { name }),
        lot.packed_at ? null : act(t("Packed…"), () => pack(lot), { name }),
        lot.shipped_at ? null : act(t("Shipped…"), () => ship(lot), { name }),
        (lot.left_g ?? 0) > 0 ? act(t("Sorted out…"), () => waste(lot), { name }) : null,
        act(t("Correct…"), () => correct(lot), { name }),
      ].filter((each) => each !== null),
    });
  },
);

/** @param {Lot} lot */
function badgesOf({ stopped, passed, missing }) {
  if (stopped) return [badge(t("Stopped"), "red")];
  if (passed === false) return [badge(t("Not passed"), "red")];
  if (missing)
    return [
      badge(
        missing === "test" ? t("Not sold without a test") : t("Not sold without a certificate"),
        "red",
      ),
    ];
  return [];
}

/**
 * What became of the harvest: sold, held, sorted out, left.
 * @param {Lot} lot
 */
function balance({ sold_g: sold, held_g: held, wasted_g: wasted, left_g: left }) {
  return [
    t("%(weight)s sold", { weight: kilograms(sold ?? 0) }),
    held ? t("%(weight)s held for buyers", { weight: kilograms(held) }) : "",
    wasted ? t("%(weight)s sorted out", { weight: kilograms(wasted) }) : "",
    t("%(weight)s left", { weight: kilograms(left ?? 0) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

/**
 * The lot's way as a line: what is done, and what is not yet.
 * @param {Lot} lot
 */
function stations(lot) {
  /** @type {[string, boolean][]} */
  const done = [
    [t("Picked"), true],
    [t("Tested"), lot.passed === true],
    [t("Packed"), Boolean(lot.packed_at)],
    [t("Shipped"), Boolean(lot.shipped_at)],
  ];
  return el(
    "span",
    { class: "way" },
    done.map(([words, is]) =>
      el(
        "span",
        { class: is ? "way__station is-done" : "way__station" },
        is ? icon("check", true) : null,
        words,
        is ? null : el("span", { class: "for-readers" }, ` ${t("not yet")}`),
      ),
    ),
    lot.certificate
      ? el(
          "a",
          { class: "way__paper", href: lot.certificate, target: "_blank", rel: "noopener" },
          t("Certificate"),
        )
      : null,
  );
}

/**
 * Keeps something and draws the list anew.
 * @param {{ reload: () => Promise<unknown> }} list
 * @param {string} words
 * @returns {(promise: Promise<unknown>) => Promise<void>}
 */
const kept = (list, words) => async (promise) => {
  await promise;
  await list.reload();
  toast(words);
};

/** The lots that are stopped, by id, with their codes. */
const stoppedLots = () =>
  new Map(lots.items.filter(({ stopped }) => stopped).map(({ id: lot, code }) => [lot, code]));

/** @param {Lot} lot */
function test(lot) {
  const file = find(document, "#test-certificate", HTMLInputElement);
  file.value = "";
  sheets.test.open({
    title: t("Test of lot %(code)s", { code: lot.code }),
    does: t("Keep the test"),
    values: { at: now() }, // a test's result has no default: it is chosen
    job: async (body) => {
      const made = await post(`/api/v1/lots/${lot.id}/inspections`, body);
      const paper = file.files?.[0];
      let words = body.passed
        ? t("The test of lot %(code)s is kept.", { code: lot.code })
        : stoppedWords([lot.code]);
      if (paper) {
        try {
          await upload(`/api/v1/lots/${lot.id}/inspections/${made.id}/certificate`, paper);
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          words = `${words} ${spoken(problem)}`;
        }
      }
      await lots.reload();
      toast(words);
    },
  });
}

/** A test that was not passed stops the lot at once, which its button says before it is pressed. */
sheets.test.form.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement) || target.name !== "passed") return;
  const words = target.value === "no" ? t("Keep it and stop the lot") : t("Keep the test");
  say(find(sheets.test.form, "[type=submit]"), words);
});

/** @param {Lot} lot */
function pack(lot) {
  sheets.pack.open({
    title: t("Lot %(code)s was packed", { code: lot.code }),
    values: { at: now() },
    job: (body) => kept(lots, t("Kept."))(post(`/api/v1/lots/${lot.id}/packings`, body)),
  });
}

/** @param {Lot} lot */
function ship(lot) {
  sheets.ship.open({
    title: t("Lot %(code)s left the farm", { code: lot.code }),
    values: { at: now() },
    job: (body) => kept(lots, t("Kept."))(post(`/api/v1/lots/${lot.id}/shippings`, body)),
  });
}

/** @param {Lot} lot */
function waste(lot) {
  const { form } = sheets.waste;
  const left = lot.left_g ?? 0;
  field(form, "weight_g").max = String(left / 1000);
  say(
    find(form, "[data-left]"),
    t("%(weight)s of it are neither sold nor held.", { weight: weight(left) }),
  );
  const opened = new Date(new Date().setSeconds(0, 0)).toISOString();
  sheets.waste.open({
    title: t("Sorted out of lot %(code)s", { code: lot.code }),
    values: { at: now() },
    job: async ({ at, ...body }) => {
      // Its field has no seconds: left as it was opened, it is now, and not before a harvest of now.
      const when = at === opened ? {} : { at };
      const made = await post(`/api/v1/lots/${lot.id}/waste`, { ...body, ...when });
      await lots.reload();
      const words = t("%(weight)s of lot %(code)s are sorted out.", {
        weight: weight(made.weight_g),
        code: lot.code,
      });
      toast(words, { act: t("Undo"), onAct: () => unwaste(lot, made.id) });
    },
  });
}

/**
 * @param {Lot} lot
 * @param {string} event
 */
async function unwaste(lot, event) {
  const path = `/api/v1/lots/${lot.id}/waste/${encodeURIComponent(event)}/withdrawal`;
  try {
    await kept(lots, t("Withdrawn."))(post(path, { reason: t("recorded by mistake") }));
  } catch (problem) {
    toastProblem(problem);
  }
}

/** @param {Lot} lot */
function correct(lot) {
  const { form } = sheets.correct;
  const least = lot.quantity_g - (lot.left_g ?? 0);
  field(form, "quantity_g").min = String(Math.max(1, least) / 1000);
  const words = least
    ? t("%(weight)s of it are sold, held or sorted out; it can't be less.", {
        weight: weight(least),
      })
    : t("None of it is sold yet.");
  say(find(form, "[data-least]"), words);
  sheets.correct.open({
    title: t("Correct lot %(code)s", { code: lot.code }),
    values: { quantity_g: lot.quantity_g },
    job: (body) => kept(lots, t("The harvest is corrected."))(putRight(lot, body)),
  });
  showWhy(false);
}

/**
 * @param {Lot} lot
 * @param {object} body
 */
async function putRight(lot, body) {
  try {
    await patch(`/api/v1/lots/${lot.id}`, body);
  } catch (problem) {
    if (problem instanceof Problem && problem.slug === "implausible-harvest") showWhy(true);
    throw problem;
  }
}

/**
 * The reason that is asked for where the right weight is hard to believe.
 * @param {boolean} isAsked
 */
function showWhy(isAsked) {
  const part = sheets.correct.part("plausibility");
  part.hidden = !isAsked;
  find(part, "input", HTMLInputElement).disabled = !isAsked;
}

/**
 * Asks which of these records did not happen, and why; `path(id)` is where that is said.
 * @template {{ id: string }} T
 * @param {{ title: string, records: T[], words: (record: T) => string, path: (id: string) => string,
 * list: { reload: () => Promise<unknown> } }} what
 */
function withdraw({ title, records, words, path, list }) {
  const choices = records.map((record) =>
    el(
      "label",
      { class: "choice" },
      el("input", { type: "radio", name: "record", value: record.id, "data-as": "text" }),
      el("span", { class: "choice__text" }, words(record)),
    ),
  );
  sheets.withdraw.part("records").replaceChildren(...choices);
  sheets.withdraw.open({
    title,
    values: { record: records[0].id },
    job: ({ record, reason }) => kept(list, t("Withdrawn."))(post(path(record), { reason })),
  });
}

/** @param {Plot} plot */
function withdrawWork(plot) {
  withdraw({
    title: t("Withdraw a record: %(plot)s", { plot: text(plot.name) }),
    records: standing(worksOf(plot.id)),
    words: workWords,
    path: (/** @type {string} */ work) => `/api/v1/plots/${plot.id}/works/${work}/withdrawal`,
    list: plots,
  });
}

/** @param {Lot} lot */
async function withdrawTest(lot) {
  /** @type {{ inspections: Inspection[] }} */
  let story;
  try {
    story = await get(`/api/v1/lots/${lot.id}`);
  } catch (problem) {
    toastProblem(problem);
    return;
  }
  withdraw({
    title: t("Withdraw a test of lot %(code)s", { code: lot.code }),
    records: standing(story.inspections).reverse(),
    words: (/** @type {Inspection} */ test) =>
      [date(test.at), test.passed ? t("Passed") : t("Not passed"), text(test.result)].join(" · "),
    path: (/** @type {string} */ test) => `/api/v1/lots/${lot.id}/inspections/${test}/withdrawal`,
    list: lots,
  });
}

function addPlot() {
  sheets.plot.open({
    title: t("New plot"),
    job: (body) => kept(plots, t("The plot is kept."))(post(`${path}/plots`, body)),
  });
}

/** @param {Plot} plot */
function changePlot(plot) {
  sheets.plot.open({
    title: text(plot.name),
    values: plot,
    job: (body) => kept(plots, t("Kept."))(patch(`/api/v1/plots/${plot.id}`, body)),
  });
}

function drawKind() {
  const { form } = sheets.work;
  const isSprayed = valueIn(form, "kind") === "sprayed";
  const part = find(form, "[data-sprayed]");
  part.hidden = !isSprayed;
  for (const each of findAll(part, "input", HTMLInputElement)) each.disabled = !isSprayed;
}

/** @param {Plot} plot */
function addWork(plot) {
  sheets.work.open({
    title: text(plot.name),
    values: { kind: "sprayed", at: now() },
    job: async (body) => {
      const before = stoppedLots();
      await post(`/api/v1/plots/${plot.id}/works`, body);
      await Promise.all([plots.reload(), lots.reload()]);
      const codes = [...stoppedLots()].filter(([lot]) => !before.has(lot)).map(([, code]) => code);
      toast(codes.length ? stoppedWords(codes) : t("Kept."), { danger: codes.length > 0 });
    },
  });
}

async function changeFarm() {
  /** @type {Farm} */
  let farm;
  try {
    farm = await get(path);
  } catch (problem) {
    toastProblem(problem);
    return;
  }
  sheets.farm.open({
    title: text(farm.name),
    values: farm,
    job: async (body) => {
      drawFarm(await patch(path, body));
      toast(t("Kept. Buyers see it at once."));
    },
  });
}

/** @param {Farm} farm */
function drawFarm(farm) {
  /**
   * @param {string} name
   * @param {string} words
   */
  const set = (name, words) => say(document.querySelector(`[data-farm-${name}]`), words);
  set("name", text(farm.name));
  set("place", [text(farm.place), text(farm.person)].filter(Boolean).join(" · "));
  set("story", text(farm.story));
  find(document, "[data-farm-photo]", HTMLImageElement).src =
    farm.photo ?? `${page.pictures}orchard.svg`;
}

setUpPictures(sheets.farm.form);
for (const button of document.querySelectorAll("[data-add-plot]"))
  button.addEventListener("click", addPlot);
document.querySelector("[data-change-farm]")?.addEventListener("click", changeFarm);
sheets.work.form.addEventListener("change", drawKind);
sheets.work.form.addEventListener("filled", drawKind);
for (const at of findAll(document, '[name="at"]', HTMLInputElement)) {
  at.form?.addEventListener("filled", () => {
    at.max = local(new Date(Date.now() + 60_000));
  });
}
const phone = findDialog(document, "#phone-sheet");
find(phone, "[data-close]").addEventListener("click", () => close(phone));
find(document, "[data-phone]").addEventListener("click", () => {
  showCode(find(phone, "[data-code]", HTMLImageElement), `/studio/farms/${id}/harvest`);
  open(phone);
});
plots.reload();
lots.reload();
