// Times in a browser's fields, `2026-11-29T08:30`: read and written in the zone in which the pages say times,
// whatever zone this device is set to.

import { page } from "../words.js";

const MINUTE = 60_000;
const PARTS = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZone: page.time_zone,
});

/**
 * A moment as a field writes it.
 * @param {number} ms since 1970
 */
export function wallTime(ms) {
  const parts = Object.fromEntries(PARTS.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/**
 * The moment of a field's value, milliseconds since 1970; NaN of none. A time that the clocks skip is
 * as far behind the skip; of one that comes twice, the first.
 * @param {string} value
 */
export function momentOf(value) {
  const asUtc = Date.parse(`${value}Z`);
  if (Number.isNaN(asUtc)) return Number.NaN;
  // A zone's offset changes by the hour at most twice a year: one of those around it is its own.
  const [before, after] = [asUtc - 24 * 60 * MINUTE, asUtc + 24 * 60 * MINUTE].map(
    (ms) => asUtc - offset(ms),
  );
  return [before, after].find((ms) => wallTime(ms) === value.slice(0, 16)) ?? before;
}

/**
 * By how much the zone's clocks are ahead of UTC then.
 * @param {number} ms
 */
function offset(ms) {
  const whole = Math.floor(ms / MINUTE) * MINUTE;
  return Date.parse(`${wallTime(whole)}Z`) - whole;
}
