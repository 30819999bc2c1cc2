// Whether the server still speaks. It is heard every second; figures that are older than that age: they
// turn grey, and then the page says in words that it knows nothing.

import { count } from "../format/format.js";
import { together } from "../format/staff-sentences.js";
import { find, say } from "../ui/dom.js";
import { n, t } from "../words.js";

/** After so many milliseconds without a word figures are grey, and after so many it is said. */
const LATE_MS = 3_000;
const SILENT_MS = 5_000;
const LOOK_MS = 500;

/**
 * How what is that old is to be shown: now, late or silent.
 * @param {number} age in milliseconds
 */
export function standing(age) {
  if (age >= SILENT_MS) return "silent";
  return age >= LATE_MS ? "late" : "now";
}

export class ServerWord {
  /**
   * @param {import("./channel.js").Channel} channel with a heartbeat
   * @param {import("./waiting-acts.js").WaitingActs} acts those that wait
   */
  constructor(channel, acts) {
    this._channel = channel;
    this._acts = acts;
    this._line = find(document, "[data-silent]");
    acts.addEventListener("change", () => this._look());
    document.addEventListener("visibilitychange", () => this._look());
    setInterval(() => this._look(), LOOK_MS);
  }

  _look() {
    const { state, silence } = this._channel;
    const heard = state === "refused" ? "silent" : standing(silence);
    document.body.dataset.heard = heard;
    // That the link is gone, or that nobody is signed in any more, is said by lines of their own.
    this._line.hidden = heard !== "silent" || state !== "open";
    if (this._line.hidden) return;
    const waiting = this._acts.count;
    say(
      find(this._line, "[data-silent-words]"),
      together([
        t("No word from the server. What you see here is old; the broadcast may still be running."),
        waiting
          ? n("%(n)s action is waiting for it.", "%(n)s actions are waiting for it.", waiting, {
              n: count(waiting),
            })
          : "",
      ]),
    );
    const seconds = Math.floor(silence / 1_000);
    say(find(this._line, "[data-silent-for]"), t("%(n)s s", { n: count(seconds) }));
  }
}
