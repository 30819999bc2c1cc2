// The notice that a clock is off, server's or database's: it comes and goes while the page stays open.

import { find, findOptional, say } from "../../lib/ui/dom.js";
import { duration } from "../../lib/format/format.js";
import { t } from "../../lib/words.js";

/**
 * `clock` is the health answer's, undefined where both are right.
 * @param {import("./types").ClockOff} [clock]
 */
export function showClock(clock) {
  const notice = findOptional(document, "[data-clock-off]");
  if (!notice) return;
  if (clock) say(find(notice, "[data-clock-words]"), inWords(clock));
  notice.hidden = !clock;
}

/** @param {import("./types").ClockOff} clock */
function inWords({ offset_ms: off, database_offset_ms: step }) {
  return step
    ? t(
        "The database's clock jumped by %(step)s. Holds and everything running continue as before; nothing ends because of it. Ask the server's operator to set the clock of the database's machine and keep it in step with NTP.",
        { step: duration(Math.abs(step)) },
      )
    : t(
        "This server's clock is %(off)s off. Holds and everything running continue as before; nothing ends because of it. Ask the server's operator to set its clock and keep it in step with NTP.",
        { off: duration(Math.abs(off)) },
      );
}
