// Where the sheet says what went wrong or changed, with the taps that answer it. What stands there already
// is not drawn again: a thumb may be on its way to it.

import { el, say } from "../../../lib/ui/dom.js";

export class NoticePlace {
  /** @param {import("../types").Part} part */
  constructor(part) {
    this._part = part;
    /** @type {string | null} */
    this._shown = null;
  }

  /**
   * @param {string} words
   * @param {import("../types").NoticeActs} acts
   */
  show(words, acts) {
    const key = JSON.stringify([words, acts.map(([name]) => name)]);
    if (key === this._shown) return;
    this._shown = key;
    if (words) this._part("body").scrollTop = 0;
    this._part("notice").hidden = !words;
    say(this._part("notice-text"), words);
    this._part("notice-acts").replaceChildren(
      ...acts.map(([name, act], place) =>
        el(
          "button",
          { class: place === 0 ? "button button--strong" : "button", type: "button", onclick: act },
          name,
        ),
      ),
    );
  }

  hide() {
    this._part("notice").hidden = true;
    this._shown = null;
  }
}
