// What the parts of a farm's page share: its sheets, how a moment is said, and the records that are kept and
// withdrawn.

import { el } from "../../../lib/ui/dom.js";
import { clock, day } from "../../../lib/format/format.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t } from "../../../lib/words.js";
import { post } from "../../../lib/channel/staff-api.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";

/** @typedef {{ reload: () => Promise<unknown> }} List */

export const { farm: id, staff: isStaff } = page.data;
export const path = `/api/v1/farms/${id}`;
export const sheets = Object.fromEntries(
  ["farm", "plot", "work", "test", "pack", "ship", "waste", "correct", "withdraw"].map((name) => [
    name,
    new FormSheet(`${name}-sheet`),
  ]),
);
/** @param {string} moment */
export const when = (moment) => {
  const ms = Date.parse(moment);
  return `${day(ms)} ${clock(ms)}`;
};
/** @param {string} moment */
export const date = (moment) => day(Date.parse(moment));
export const now = () => new Date().toISOString();

/**
 * The records that nobody took back.
 * @template {{ withdrawn_at?: string | null }} T
 * @param {T[]} records
 */
export const standing = (records) => records.filter(({ withdrawn_at: at }) => !at);

/**
 * Keeps something and draws the list anew.
 * @param {List} list
 * @param {string} words
 * @returns {(promise: Promise<unknown>) => Promise<void>}
 */
export const kept = (list, words) => async (promise) => {
  await promise;
  await list.reload();
  toast(words);
};

/**
 * Asks which of these records did not happen, and why; `path(id)` is where that is said.
 * @template {{ id: string }} T
 * @param {{ title: string, records: T[], words: (record: T) => string, path: (id: string) => string,
 * list: List }} what
 */
export function withdraw({ title, records, words, path, list }) {
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
