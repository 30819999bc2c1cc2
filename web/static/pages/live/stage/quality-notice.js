// Says in a sentence that a viewer gets less than all, and why: only once that has lasted, since a link
// is tried again and again. A screen reader hears a change once, whatever the numbers do.

import { say } from "../../../lib/ui/dom.js";
import { megabits } from "../../../lib/format/format.js";
import { t } from "../../../lib/words.js";

/** @typedef {import("../../../lib/media/delivery.js").Said} Said */

const PARTS = [
  "all",
  "smaller_picture",
  "fewer_frames",
  "choppy_picture",
  "still_pictures",
  "sound",
];
const WORSE_AFTER = 6_000; // whoever joins begins with a smaller picture
const STILL_AFTER = 2_000; // a picture that stands looks like a fault
const BETTER_AFTER = 6_000;
const MOVED = 0.25; // a number that moves by less is the same

/**
 * What the viewer reads; null where there is nothing to say.
 * @param {Said | null} delivery
 */
export function deliveryWords(delivery) {
  if (!delivery?.limited_by) return null;
  const { gets, limited_by: by, estimated_kbps: kbps } = delivery;
  // What one chose oneself is no news, but a picture that stands still looks like a fault.
  if (by === "choice")
    return gets === "still_pictures" ? t("Saving data: sound and a still picture") : null;
  const rate = kbps ? { rate: megabits(kbps) } : null;
  switch (gets) {
    case "smaller_picture":
      return rate
        ? t("Your connection allows about %(rate)s Mbit/s: a smaller picture", rate)
        : t("Your connection is slow: a smaller picture");
    case "fewer_frames":
      return rate
        ? t("Your connection allows about %(rate)s Mbit/s: fewer frames", rate)
        : t("Your connection is slow: fewer frames");
    case "choppy_picture":
      return rate
        ? t("Your connection allows about %(rate)s Mbit/s: sound and a choppy picture", rate)
        : t("Your connection is slow: sound and a choppy picture");
    case "still_pictures":
      return rate
        ? t("Your connection allows about %(rate)s Mbit/s: sound and a still picture", rate)
        : t("Your connection is slow: sound and a still picture");
    case "sound":
      return rate
        ? t("Your connection allows about %(rate)s Mbit/s: sound only", rate)
        : t("Your connection is slow: sound only");
    default:
      return null;
  }
}

/** @param {Said | null} delivery */
const keyOf = (delivery) => (delivery?.limited_by ? `${delivery.limited_by} ${delivery.gets}` : "");
/** @param {Said | null} delivery */
const rank = (delivery) => (delivery?.limited_by ? PARTS.indexOf(delivery.gets) : 0);

/** What has lasted, of what the server says; `now` in milliseconds. */
export class Lasting {
  constructor() {
    /** @type {Said | null} */
    this.shown = null;
    /** @type {Said | null} */
    this._next = null;
    this._since = 0;
  }

  /**
   * Take an answer, or look again at the last; answers whether something else has lasted since.
   * @param {Said | null} delivery
   * @param {number} now
   */
  take(delivery, now) {
    if (keyOf(delivery) === keyOf(this.shown)) {
      this._next = null;
      if (!this._hasMoved(delivery)) return false;
      this.shown = delivery;
      return true;
    }
    if (keyOf(delivery) !== keyOf(this._next) || this._next === null) this._since = now;
    this._next = delivery;
    return this.look(now);
  }

  /** @param {number} now */
  look(now) {
    if (this._next === null || this.left(now) > 0) return false;
    this.shown = this._next;
    this._next = null;
    return true;
  }

  /**
   * How long what was taken last must still last, in milliseconds.
   * @param {number} now
   */
  left(now) {
    return this._since + this._wait - now;
  }

  get _wait() {
    if (rank(this._next) <= rank(this.shown)) return BETTER_AFTER;
    return rank(this._next) < PARTS.indexOf("still_pictures") ? WORSE_AFTER : STILL_AFTER;
  }

  /** @param {Said | null} delivery */
  _hasMoved(delivery) {
    const [now, before] = [delivery?.estimated_kbps ?? 0, this.shown?.estimated_kbps ?? 0];
    return keyOf(delivery) !== "" && Math.abs(now - before) > MOVED * before;
  }
}

/** Event `change` when something else has lasted; `shown` is that answer of the server's, or null. */
export class QualityNotice extends EventTarget {
  /**
   * `button` shows the words and opens the choice; `told` is read to whoever does not see it.
   * @param {HTMLElement} button
   * @param {HTMLElement} told
   */
  constructor(button, told) {
    super();
    this._lasting = new Lasting();
    this._key = "";
    /** @type {number | undefined} */
    this._timer = undefined;
    this._button = button;
    this._told = told;
  }

  get shown() {
    return this._lasting.shown;
  }

  /**
   * The server's newest answer; null where there is none any more.
   * @param {Said | null} delivery
   */
  take(delivery) {
    clearTimeout(this._timer);
    const now = performance.now();
    if (delivery === null) {
      this._lasting = new Lasting();
      this._key = "";
    } else if (!this._lasting.take(delivery, now)) {
      const look = () => this._lasting.look(performance.now()) && this._draw();
      this._timer = setTimeout(look, this._lasting.left(now) + 50);
      return;
    }
    this._draw();
  }

  _draw() {
    const words = deliveryWords(this.shown);
    this._button.hidden = words === null;
    say(this._button.querySelector("[data-words]"), words ?? "");
    const key = keyOf(this.shown);
    const isBack = this._key.startsWith("link") && !key;
    if (key !== this._key || !key)
      say(this._told, words ?? (isBack ? t("The whole picture is back.") : ""));
    this._key = key;
    this.dispatchEvent(new Event("change"));
  }
}
