// The server's clock: what runs out there runs out here at the same moment, however this device's
// clock is set. A page's own time stands still while its phone sleeps, and a page that Back brings out
// again bears the time of then; so the clock is adjusted to each time that the server says.

import { page } from "../words.js";

const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (
  performance.getEntriesByType("navigation")
);
const loaded = navigation?.responseStart ?? performance.now();
const SET_BACK = 5_000; // no frame is on its way for so long that comes first
/** So much the page's own time is behind, as far as was heard. */
let behind = 0;

const own = () => (page.now === undefined ? Date.now() : page.now + performance.now() - loaded);

/** Milliseconds since 1970 by the server's clock. */
export const now = () => own() + behind;

/**
 * The server's clock was set by so much, and what it told to run out has moved with it.
 * @param {number} by milliseconds
 */
export function moved(by) {
  behind += by;
}

/**
 * Takes a time that the server said: it is that late at least. An old one changes nothing, unless it
 * comes `anew`, with all that there is, and says that the server's clock was set back.
 * @param {number} at milliseconds since 1970
 */
export function adjustTo(at, anew = false) {
  if (at > now() || (anew && at < now() - SET_BACK)) behind = at - own();
}
