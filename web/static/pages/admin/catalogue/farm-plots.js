// A farm's plots, with what happened there.

import { find, findAll, valueIn } from "../../../lib/ui/dom.js";
import { count } from "../../../lib/format/format.js";
import { toast } from "../../../lib/ui/toast.js";
import { t, text } from "../../../lib/words.js";
import { getAll, patch, post } from "../../../lib/channel/staff-api.js";
import { stoppedWords } from "../../../lib/format/staff-sentences.js";
import { act, badge, RemoteList, row, sign } from "../../../lib/ui/remote-list.js";
import { lots, stoppedLots } from "./farm-lots.js";
import { date, kept, now, path, sheets, standing, withdraw } from "./farm-sheets.js";

/** @typedef {import("../../../lib/state/api").Plot} Plot */
/** @typedef {import("../../../lib/state/api").Work} Work */

/** @type {Map<string, Work[]>} by plot */
const works = new Map();

/** @param {string} plot */
const worksOf = (plot) => works.get(plot) ?? [];

export const plots = new RemoteList(
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

export function addPlot() {
  sheets.plot.open({
    title: t("New plot"),
    job: (body) => kept(plots, t("The plot is saved."))(post(`${path}/plots`, body)),
  });
}

/** @param {Plot} plot */
function changePlot(plot) {
  sheets.plot.open({
    title: text(plot.name),
    values: plot,
    job: (body) => kept(plots, t("Saved."))(patch(`/api/v1/plots/${plot.id}`, body)),
  });
}

export function drawKind() {
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
      toast(codes.length ? stoppedWords(codes) : t("Saved."), { danger: codes.length > 0 });
    },
  });
}
