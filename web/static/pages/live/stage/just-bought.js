// "3 people just bought": what the server counted of the last 20 seconds, said at most that often, so that
// no purchase is told twice, and for a few seconds.

import { say } from "../../../lib/ui/dom.js";
import { count } from "../../../lib/format/format.js";
import { n } from "../../../lib/words.js";

const EVERY = 20_000; // as long as the server's count looks back
const SHOWN = 6_000;

/** Whether a count is told: one of several buyers, that has none in common with the one told before.
    @param {number | undefined} buyers
    @param {number} now
    @param {number} before when one was told last, by the same clock */
export const isTold = (buyers, now, before) => (buyers ?? 0) >= 2 && now - before >= EVERY;

export class Bought {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.words = place.querySelector("[data-words]");
    this.before = Number.NEGATIVE_INFINITY;
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  /**
   * Hear events as they come; a snapshot's count is over.
   * @param {import("../../../lib/state/events").LiveEvent[]} events
   */
  hear(events) {
    let buyers = 0;
    for (const { kind, data } of events) if (kind === "audience.counted") buyers = data.buyers ?? 0;
    if (!isTold(buyers, performance.now(), this.before)) return;
    this.before = performance.now();
    say(
      this.words,
      n("%(n)s person just bought", "%(n)s people just bought", buyers, { n: count(buyers) }),
    );
    this.place.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.place.hidden = true;
    }, SHOWN);
  }
}
