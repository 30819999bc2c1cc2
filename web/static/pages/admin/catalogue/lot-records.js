// What happened with a lot, said in a sheet each: tested, packed, shipped, sorted out, corrected, and a test
// that is withdrawn.

import { Problem } from "../../../lib/channel/api.js";
import { field, find, say } from "../../../lib/ui/dom.js";
import { weight } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { t, text } from "../../../lib/words.js";
import { get, patch, post, upload } from "../../../lib/channel/staff-api.js";
import { spoken, stoppedWords } from "../../../lib/format/staff-sentences.js";
import { date, kept, now, sheets, standing, withdraw } from "./farm-sheets.js";

/** @typedef {import("../../../lib/state/api").Lot} Lot */
/** @typedef {import("../../../lib/state/api").Inspection} Inspection */
/** @typedef {import("./farm-sheets.js").List} List */

/**
 * @param {Lot} lot
 * @param {List} lots
 */
export function test(lot, lots) {
  const file = find(document, "#test-certificate", HTMLInputElement);
  file.value = "";
  sheets.test.open({
    title: t("Test of lot %(code)s", { code: lot.code }),
    does: t("Save test"),
    values: { at: now() }, // a test's result has no default: it is chosen
    job: async (body) => {
      const made = await post(`/api/v1/lots/${lot.id}/inspections`, body);
      const paper = file.files?.[0];
      let words = body.passed
        ? t("The test of lot %(code)s is saved.", { code: lot.code })
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
  const words = target.value === "no" ? t("Save, and stop the lot") : t("Save test");
  say(find(sheets.test.form, "[type=submit]"), words);
});

/**
 * @param {Lot} lot
 * @param {List} lots
 */
export function pack(lot, lots) {
  sheets.pack.open({
    title: t("Lot %(code)s was packed", { code: lot.code }),
    values: { at: now() },
    job: (body) => kept(lots, t("Saved."))(post(`/api/v1/lots/${lot.id}/packings`, body)),
  });
}

/**
 * @param {Lot} lot
 * @param {List} lots
 */
export function ship(lot, lots) {
  sheets.ship.open({
    title: t("Lot %(code)s left the farm", { code: lot.code }),
    values: { at: now() },
    job: (body) => kept(lots, t("Saved."))(post(`/api/v1/lots/${lot.id}/shippings`, body)),
  });
}

/**
 * @param {Lot} lot
 * @param {List} lots
 */
export function waste(lot, lots) {
  const { form } = sheets.waste;
  const left = lot.left_g ?? 0;
  field(form, "weight_g").max = String(left / 1000);
  say(
    find(form, "[data-left]"),
    t("%(weight)s of it are neither sold nor held.", { weight: weight(left) }),
  );
  const opened = new Date(new Date().setSeconds(0, 0)).toISOString();
  sheets.waste.open({
    title: t("Waste of lot %(code)s", { code: lot.code }),
    values: { at: now() },
    job: async ({ at, ...body }) => {
      // Its field has no seconds: left as it was opened, it is now, and not before a harvest of now.
      const when = at === opened ? {} : { at };
      const made = await post(`/api/v1/lots/${lot.id}/waste`, { ...body, ...when });
      await lots.reload();
      const words = t("%(weight)s of lot %(code)s recorded as wasted.", {
        weight: weight(made.weight_g),
        code: lot.code,
      });
      toast(words, { act: t("Undo"), onAct: () => unwaste(lot, made.id, lots) });
    },
  });
}

/**
 * @param {Lot} lot
 * @param {string} event
 * @param {List} lots
 */
async function unwaste(lot, event, lots) {
  const path = `/api/v1/lots/${lot.id}/waste/${encodeURIComponent(event)}/withdrawal`;
  try {
    await kept(lots, t("Withdrawn."))(post(path, { reason: t("recorded by mistake") }));
  } catch (problem) {
    toastProblem(problem);
  }
}

/**
 * @param {Lot} lot
 * @param {List} lots
 */
export function correct(lot, lots) {
  const { form } = sheets.correct;
  const least = lot.quantity_g - (lot.left_g ?? 0);
  field(form, "quantity_g").min = String(Math.max(1, least) / 1000);
  const words = least
    ? t("It can't be less than %(weight)s: that much is sold, held or wasted.", {
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
 * @param {Lot} lot
 * @param {List} lots
 */
export async function withdrawTest(lot, lots) {
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
