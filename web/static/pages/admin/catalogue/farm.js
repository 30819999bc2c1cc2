// A farm's page: about it, its plots with what happened there, its lots on their way to the buyer.

import { el, icon, say } from "../../../lib/ui/dom.js";
import { clock, count, day, kilograms, weight } from "../../../lib/format/format.js";
import { close, open } from "../../../lib/ui/sheet.js";
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
const works = new Map();

const when = (moment) => {
  const ms = Date.parse(moment);
  return `${day(ms)} ${clock(ms)}`;
};
const date = (moment) => day(Date.parse(moment));
const now = () => new Date().toISOString();

const plots = new RemoteList(
  "plots",
  async () => {
    const { plots: found } = await getAll(`${path}/plots`);
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
        ...standing(works.get(plot.id)).slice(0, 2).map(workWords),
      ],
      acts: [
        act(t("Flowered or sprayed"), () => addWork(plot), { name: text(plot.name) }),
        standing(works.get(plot.id)).length
          ? act(t("Withdraw…"), () => withdrawWork(plot), { name: text(plot.name) })
          : null,
        act(t("Change"), () => changePlot(plot), { name: text(plot.name) }),
      ].filter(Boolean),
    }),
);

/** The records that nobody took back. */
const standing = (records) => records.filter(({ withdrawn_at: at }) => !at);

function isWaiting(plot) {
  return standing(works.get(plot.id)).some(({ until }) => until && Date.parse(until) > Date.now());
}

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
  (lot) => {
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
        lot.left_g > 0 ? act(t("Sorted out…"), () => waste(lot), { name }) : null,
        act(t("Correct…"), () => correct(lot), { name }),
      ].filter(Boolean),
    });
  },
);

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

/** What became of the harvest: sold, held, sorted out, left. */
function balance({ sold_g: sold, held_g: held, wasted_g: wasted, left_g: left }) {
  return [
    t("%(weight)s sold", { weight: kilograms(sold) }),
    held ? t("%(weight)s held for buyers", { weight: kilograms(held) }) : "",
    wasted ? t("%(weight)s sorted out", { weight: kilograms(wasted) }) : "",
    t("%(weight)s left", { weight: kilograms(left) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** The lot's way as a line: what is done, and what is not yet. */
function stations(lot) {
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

/** Keeps something and draws the list anew. */
const kept = (list, words) => async (promise) => {
  await promise;
  await list.reload();
  toast(words);
};

/** The lots that are stopped, by id, with their codes. */
const stoppedLots = () =>
  new Map(lots.items.filter(({ stopped }) => stopped).map(({ id: lot, code }) => [lot, code]));

function test(lot) {
  const file = document.getElementById("test-certificate");
  file.value = "";
  sheets.test.open({
    title: t("Test of lot %(code)s", { code: lot.code }),
    does: t("Keep the test"),
    values: { at: now() }, // a test's result has no default: it is chosen
    job: async (body) => {
      const made = await post(`/api/v1/lots/${lot.id}/inspections`, body);
      const [paper] = file.files;
      let words = body.passed
        ? t("The test of lot %(code)s is kept.", { code: lot.code })
        : stoppedWords([lot.code]);
      if (paper) {
        try {
          await upload(`/api/v1/lots/${lot.id}/inspections/${made.id}/certificate`, paper);
        } catch (problem) {
          words = `${words} ${spoken(problem)}`;
        }
      }
      await kept(lots, words)();
    },
  });
}

/** A test that was not passed stops the lot at once, which its button says before it is pressed. */
sheets.test.form.addEventListener("change", ({ target }) => {
  if (target.name !== "passed") return;
  const words = target.value === "no" ? t("Keep it and stop the lot") : t("Keep the test");
  say(sheets.test.form.querySelector("[type=submit]"), words);
});

function pack(lot) {
  sheets.pack.open({
    title: t("Lot %(code)s was packed", { code: lot.code }),
    values: { at: now() },
    job: (body) => kept(lots, t("Kept."))(post(`/api/v1/lots/${lot.id}/packings`, body)),
  });
}

function ship(lot) {
  sheets.ship.open({
    title: t("Lot %(code)s left the farm", { code: lot.code }),
    values: { at: now() },
    job: (body) => kept(lots, t("Kept."))(post(`/api/v1/lots/${lot.id}/shippings`, body)),
  });
}

function waste(lot) {
  const { form } = sheets.waste;
  form.elements.weight_g.max = lot.left_g / 1000;
  say(
    form.querySelector("[data-left]"),
    t("%(weight)s of it are neither sold nor held.", { weight: weight(lot.left_g) }),
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

async function unwaste(lot, event) {
  const path = `/api/v1/lots/${lot.id}/waste/${encodeURIComponent(event)}/withdrawal`;
  try {
    await kept(lots, t("Withdrawn."))(post(path, { reason: t("recorded by mistake") }));
  } catch (problem) {
    toast(spoken(problem), { danger: true });
  }
}

function correct(lot) {
  const { form } = sheets.correct;
  const least = lot.quantity_g - lot.left_g;
  form.elements.quantity_g.min = Math.max(1, least) / 1000;
  const words = least
    ? t("%(weight)s of it are sold, held or sorted out; it can't be less.", {
        weight: weight(least),
      })
    : t("None of it is sold yet.");
  say(form.querySelector("[data-least]"), words);
  sheets.correct.open({
    title: t("Correct lot %(code)s", { code: lot.code }),
    values: { quantity_g: lot.quantity_g },
    job: (body) => kept(lots, t("The harvest is corrected."))(putRight(lot, body)),
  });
  showWhy(false);
}

async function putRight(lot, body) {
  try {
    await patch(`/api/v1/lots/${lot.id}`, body);
  } catch (problem) {
    if (problem.slug === "implausible-harvest") showWhy(true);
    throw problem;
  }
}

/** The reason that is asked for where the right weight is hard to believe. */
function showWhy(isAsked) {
  const part = sheets.correct.part("plausibility");
  part.hidden = !isAsked;
  part.querySelector("input").disabled = !isAsked;
}

/** Asks which of these records did not happen, and why; `path(id)` is where that is said. */
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

function withdrawWork(plot) {
  withdraw({
    title: t("Withdraw a record: %(plot)s", { plot: text(plot.name) }),
    records: standing(works.get(plot.id)),
    words: workWords,
    path: (work) => `/api/v1/plots/${plot.id}/works/${work}/withdrawal`,
    list: plots,
  });
}

async function withdrawTest(lot) {
  let story;
  try {
    story = await get(`/api/v1/lots/${lot.id}`);
  } catch (problem) {
    toast(spoken(problem), { danger: true });
    return;
  }
  withdraw({
    title: t("Withdraw a test of lot %(code)s", { code: lot.code }),
    records: standing(story.inspections).reverse(),
    words: (test) =>
      [date(test.at), test.passed ? t("Passed") : t("Not passed"), text(test.result)].join(" · "),
    path: (test) => `/api/v1/lots/${lot.id}/inspections/${test}/withdrawal`,
    list: lots,
  });
}

function addPlot() {
  sheets.plot.open({
    title: t("New plot"),
    job: (body) => kept(plots, t("The plot is kept."))(post(`${path}/plots`, body)),
  });
}

function changePlot(plot) {
  sheets.plot.open({
    title: text(plot.name),
    values: plot,
    job: (body) => kept(plots, t("Kept."))(patch(`/api/v1/plots/${plot.id}`, body)),
  });
}

function drawKind() {
  const { form } = sheets.work;
  const isSprayed = form.elements.kind.value === "sprayed";
  const part = form.querySelector("[data-sprayed]");
  part.hidden = !isSprayed;
  for (const field of part.querySelectorAll("input")) field.disabled = !isSprayed;
}

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
  let farm;
  try {
    farm = await get(path);
  } catch (problem) {
    toast(spoken(problem), { danger: true });
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

function drawFarm(farm) {
  const set = (name, words) => say(document.querySelector(`[data-farm-${name}]`), words);
  set("name", text(farm.name));
  set("place", [text(farm.place), text(farm.person)].filter(Boolean).join(" · "));
  set("story", text(farm.story));
  document.querySelector("[data-farm-photo]").src = farm.photo ?? `${page.pictures}orchard.svg`;
}

setUpPictures(sheets.farm.form);
for (const button of document.querySelectorAll("[data-add-plot]"))
  button.addEventListener("click", addPlot);
document.querySelector("[data-change-farm]")?.addEventListener("click", changeFarm);
sheets.work.form.addEventListener("change", drawKind);
sheets.work.form.addEventListener("filled", drawKind);
for (const field of document.querySelectorAll('[name="at"]')) {
  field.form.addEventListener("filled", () => (field.max = local(new Date(Date.now() + 60_000))));
}
const phone = document.getElementById("phone-sheet");
phone.querySelector("[data-close]").addEventListener("click", () => close(phone));
document.querySelector("[data-phone]").addEventListener("click", () => {
  showCode(phone.querySelector("[data-code]"), `/studio/farms/${id}/harvest`);
  open(phone);
});
plots.reload();
lots.reload();
