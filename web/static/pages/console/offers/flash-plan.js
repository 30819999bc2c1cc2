// What a flash batch is proposed with, and what becomes of the stock by it. Decides only.

import { clock, day } from "../../../lib/format/format.js";
import { now } from "../../../lib/channel/server-clock.js";

/** @typedef {ReturnType<typeof outcome>} Outcome */

const MINUTE_MS = 60_000;
/** So many times what was proposed, and more is likelier a slip than meant. */
const FAR = 5;

/**
 * A price that is worth a flash: about an eighth below, with the ending of the present one.
 * @param {number} amount
 * @param {number} places
 */
export function proposedPrice(amount, places) {
  const unit = amount >= 10 * 10 ** places ? 10 ** places : Math.max(1, 10 ** places / 10);
  const wanted = Math.floor(amount * 0.88);
  const ending = amount % unit;
  const proposed = Math.floor((wanted - ending) / unit) * unit + ending;
  return proposed > 0 && proposed < amount ? proposed : Math.max(1, wanted);
}

/**
 * How many boxes: one for every tenth viewer, all that are waited for, no more than the lot gives.
 * @param {{ viewers: number, waiting: number, left: number, most: number | null }} state
 */
export function proposedBoxes({ viewers, waiting, left, most }) {
  const wanted = Math.max(waiting, Math.min(50, Math.max(10, Math.round(viewers / 50) * 5)));
  // Where about so many are left, all of them go: a rest of two sells to nobody.
  const whole = left > wanted && left <= wanted * 1.3 ? left : wanted;
  return Math.max(1, Math.min(whole, most ?? whole));
}

/**
 * What becomes of the stock: `{boxes, fromLeft, released, rest, lotRest}`, `lotRest` null if unknown.
 * @param {number} boxes
 * @param {number} left
 * @param {number | null} most
 */
export function outcome(boxes, left, most) {
  const got = most === null ? boxes : Math.min(boxes, most);
  const fromLeft = Math.min(got, left);
  return {
    boxes: got,
    fromLeft,
    released: got - fromLeft,
    rest: left - fromLeft,
    lotRest: most === null ? null : most - got,
  };
}

/**
 * Whether a flash with that outcome is asked for once more: more than was proposed, it releases all
 * that its lot gives, or far more.
 * @param {Outcome} outcome
 * @param {number} proposed
 */
export function isVast({ boxes, released, lotRest }, proposed) {
  return released > 0 && boxes > proposed && (lotRest === 0 || boxes > proposed * FAR);
}

/**
 * The next moment on a round five minutes that is at least so many minutes away.
 * @param {number} ms
 * @param {number} minutes
 */
export function roundMoment(ms, minutes) {
  const step = 5 * MINUTE_MS;
  return Math.ceil((ms + minutes * MINUTE_MS) / step) * step;
}

/**
 * A moment of today as 20:30, of another day with its day.
 * @param {number} ms
 */
export function whenWords(ms) {
  return day(ms) === day(now()) ? clock(ms) : `${day(ms)} ${clock(ms)}`;
}
