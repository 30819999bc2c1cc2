// How many viewers get less than all, in words: by what they get, and how many of them chose it. A link
// is tried again and again, so that numbers are shown which have lasted. Decides only, shows nothing.

import { count, listed } from "../../../lib/format/format.js";
import { together } from "../../../lib/format/staff-sentences.js";
import { n, t } from "../../../lib/words.js";

/** @typedef {import("../types").ViewerCounts} ViewerCounts */

/** So many looks in a row somebody must get less before the host reads of it, and nobody after. */
const LOOKS = 5;

const LESS = ["smaller_picture", "fewer_frames", "still_pictures", "sound"];

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Of the server's counts, one a look; `take` gives `{viewers, about, parts, link, choice}`, or null where
    nobody gets less. */
export class LastingCounts {
  constructor() {
    /** @type {ViewerCounts[]} */
    this._seen = [];
    this._isShown = false;
  }

  /**
   * `delivery` as in the health answer, null where nothing is counted yet, of `viewers`.
   * @param {ViewerCounts | null} delivery
   * @param {number} viewers
   * @returns {import("../types").LessThanAll | null}
   */
  take(delivery, viewers) {
    if (!delivery?.counted) {
      this._seen = [];
      this._isShown = false;
      return null;
    }
    this._seen = [...this._seen, delivery].slice(-LOOKS);
    const less = this._seen.filter(({ counted, gets }) => counted > gets.all).length;
    if (less === LOOKS) this._isShown = true;
    else if (!less) this._isShown = false;
    if (!this._isShown) return null;
    // Of a large audience the server counts a part.
    const whole = Math.max(viewers, delivery.counted);
    /** @param {(counts: ViewerCounts) => number} read */
    const of = (read) =>
      Math.round(median(this._seen.map((each) => (read(each) * whole) / each.counted)));
    return {
      viewers: whole,
      about: delivery.counted < viewers * 0.95,
      parts: Object.fromEntries(LESS.map((part) => [part, of(({ gets }) => gets[part])])),
      link: of(({ limited_by: by }) => by.link),
      choice: of(({ limited_by: by }) => by.choice),
    };
  }
}

/**
 * @param {string} part
 * @param {number} number
 */
function partWords(part, number) {
  const values = { n: count(number) };
  switch (part) {
    case "smaller_picture":
      return n("%(n)s a smaller picture", "%(n)s a smaller picture", number, values);
    case "fewer_frames":
      return n("%(n)s fewer frames", "%(n)s fewer frames", number, values);
    case "still_pictures":
      return n("%(n)s a still picture", "%(n)s still pictures", number, values);
    default:
      return n("%(n)s sound only", "%(n)s sound only", number, values);
  }
}

/**
 * A sentence on those who get less; "" for null.
 * @param {import("../types").LessThanAll | null} counts
 */
export function countWords(counts) {
  const parts = Object.entries(counts?.parts ?? {}).filter(([, number]) => number);
  if (!counts || !parts.length) return "";
  const values = {
    n: count(parts.reduce((sum, [, number]) => sum + number, 0)),
    all: count(counts.viewers),
    parts: listed(parts.map(([part, number]) => partWords(part, number))),
  };
  const said = counts.about
    ? t("About %(n)s of %(all)s viewers get a reduced picture: %(parts)s.", values)
    : t("%(n)s of %(all)s viewers get a reduced picture: %(parts)s.", values);
  if (!counts.choice) return said;
  return together([
    said,
    n("%(n)s of them chose it.", "%(n)s of them chose it.", counts.choice, {
      n: count(counts.choice),
    }),
  ]);
}
