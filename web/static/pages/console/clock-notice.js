// The notice that a clock is off, server's or database's: it comes and goes while the page stays open.

import { say } from "../../lib/ui/dom.js";
import { duration } from "../../lib/format/format.js";
import { t } from "../../lib/words.js";

/** `clock` is the health answer's, undefined where both are right. */
export function showClock(clock) {
  const notice = document.querySelector("[data-clock-off]");
  if (!notice) return;
  if (clock) say(notice.querySelector("[data-clock-words]"), inWords(clock));
  notice.hidden = !clock;
}

function inWords({ offset_ms: off, database_offset_ms: step }) {
  return step
    ? t(
        "The database's clock made a step of %(step)s. What is held and what runs goes on as it was, and nothing ends by it. Ask whoever runs the server to set the clock of the database's machine, and to keep it right by NTP.",
        { step: duration(Math.abs(step)) },
      )
    : t(
        "This server's clock is %(off)s off. What is held and what runs goes on as it was, and nothing ends by it. Ask whoever runs the server to set its clock, and to keep it right by NTP.",
        { off: duration(Math.abs(off)) },
      );
}
