// How the picture comes where it does not come by the usual way: told once, then out of the way.

import { say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";

const SHOWN_FOR = 12_000;

/** @param {string | null} way */
export function transportWords(way) {
  switch (way) {
    case "tcp":
      return t("The video comes over TCP, because this network blocks UDP.");
    case "relay":
      return t(
        "The video comes through a relay server, because this network blocks the direct way.",
      );
    default:
      return null;
  }
}

export class TransportNotice {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    /** @type {string | null} */
    this.told = null;
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  /** @param {string | null} way */
  show(way) {
    if (way === null || way === this.told) return;
    this.told = way;
    const words = transportWords(way);
    clearTimeout(this.timer);
    this.place.hidden = words === null;
    if (words === null) return;
    say(this.place, words);
    this.timer = setTimeout(() => {
      this.place.hidden = true;
    }, SHOWN_FOR);
  }
}
