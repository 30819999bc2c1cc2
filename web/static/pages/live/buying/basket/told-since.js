// What the log told of offers and lots, and when, counted in events: an answer to what was asked before
// is not believed against it. Decides only.

/** @typedef {import("../../../../lib/state/events").LiveEvent} LiveEvent */

export class ToldSince {
  constructor() {
    /** How much was told so far: remembered when something is asked. */
    this.now = 0;
    /** @type {Map<unknown, number>} by offer or lot, when it was told of last */
    this._last = new Map();
    this._all = 0;
  }

  /** One event of the broadcast.
      @param {LiveEvent} event */
  hear({ data }) {
    this.now += 1;
    const { offer, lot } = /** @type {Record<string, unknown>} */ (data);
    if (typeof offer === "string") this._last.set(offer, this.now);
    if (typeof lot === "string") this._last.set(lot, this.now);
  }

  /** A snapshot came, which tells of all of them. */
  hearAll() {
    this.now += 1;
    this._all = this.now;
  }

  /** Whether anything was told of an offer or a lot since `then`, a former `now`.
      @param {string} id
      @param {number} then */
  isTold(id, then) {
    return Math.max(this._all, this._last.get(id) ?? 0) > then;
  }
}
