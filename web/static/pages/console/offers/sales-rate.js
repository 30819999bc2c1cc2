// How fast an offer sells, and when it is gone if that goes on. Decides only.

const WINDOW_MS = 180_000;
/** Fewer sales, or a shorter time, tell nothing. */
const LEAST_SOLD = 3;
const LEAST_MS = 20_000;
const SOON_MINUTES = 10;

export class SalesRate {
  constructor() {
    /** @type {{ at: number, sold: number }[]} oldest first */
    this._marks = [];
  }

  /**
   * Minutes until nothing is left, or null where it does not run out soon.
   * @param {{ released: number, left: number }} stock
   * @param {number} now
   */
  minutesLeft({ released, left }, now) {
    const sold = released - left;
    const last = this._marks[this._marks.length - 1];
    if (!last || last.sold !== sold) this._marks.push({ at: now, sold });
    // The oldest mark that is kept is the one from which the window began.
    while (this._marks.length > 1 && this._marks[1].at <= now - WINDOW_MS) this._marks.shift();
    const first = this._marks[0];
    const passed = Math.max(now - Math.max(first.at, now - WINDOW_MS), LEAST_MS);
    const gone = sold - first.sold;
    if (left <= 0 || gone < LEAST_SOLD) return null;
    const minutes = (left / gone) * (passed / 60_000);
    return minutes <= SOON_MINUTES ? Math.max(1, Math.round(minutes)) : null;
  }
}
