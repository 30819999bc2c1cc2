// The flashes of an offer that are over and of which something was sold or is held: one tap says that the
// price of one was wrong. Its orders are then listed above, by mispriced-orders.js.

import { Problem } from "../../../lib/channel/api.js";
import { el } from "../../../lib/ui/dom.js";
import { clock, count, money } from "../../../lib/format/format.js";
import { t } from "../../../lib/words.js";
import { get, post } from "../../../lib/channel/staff-api.js";
import { spoken } from "../../../lib/format/staff-sentences.js";

/** @typedef {import("../../../lib/state/api").Flash} Flash */

/** @param {Flash} flash */
const isSold = ({ state, why, sold, held }) =>
  state === "ended" && why !== "wrong" && sold + held > 0;

export class PastFlashes {
  /**
   * `right()` is called once a price was put right, `fail(words)` with what went wrong.
   * @param {HTMLElement} place
   * @param {string} path
   * @param {{ right: () => void, fail: (words: string) => void }} act
   */
  constructor(place, path, { right, fail }) {
    /** @type {string | null} */
    this._offer = null;
    this._place = place;
    this._path = `${path}/flashes`;
    this._right = right;
    this._fail = fail;
  }

  /**
   * Shows those of this offer, the last one first.
   * @param {{ id: string }} card
   */
  async load({ id: offer }) {
    this._offer = offer;
    this._place.replaceChildren();
    try {
      /** @type {{ flashes: Flash[] }} */
      const { flashes } = await get(this._path);
      if (offer === this._offer)
        this._draw(flashes.filter((flash) => flash.offer === offer && isSold(flash)).reverse());
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this._fail(spoken(problem));
    }
  }

  /** @param {Flash[]} flashes */
  _draw(flashes) {
    this._place.replaceChildren(...flashes.map((flash) => this._row(flash)));
  }

  /** @param {Flash} flash */
  _row(flash) {
    const { price, sold, held, starts_at: from, ended_at: until } = flash;
    const words = t("Flash batch at %(price)s, %(from)s to %(until)s", {
      price: money(price),
      from: clock(from),
      until: clock(until ?? flash.ends_at),
    });
    const figures = [
      t("%(n)s sold", { n: count(sold) }),
      held ? t("%(n)s held", { n: count(held) }) : "",
    ]
      .filter(Boolean)
      .join(" · ");
    const button = el(
      "button",
      { class: "button", type: "button", "aria-label": `${t("Price was wrong")}: ${words}` },
      t("Price was wrong"),
    );
    button.onclick = () => this._putRight(flash, button);
    return el(
      "li",
      { class: "mispriced" },
      el("p", {}, words),
      el("p", { class: "number soft" }, figures),
      el("div", { class: "mispriced__acts" }, button),
    );
  }

  /**
   * @param {Flash} flash
   * @param {HTMLButtonElement} button
   */
  async _putRight({ id }, button) {
    button.disabled = true;
    try {
      await post(`${this._path}/${id}/end`, { wrong: true });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      button.disabled = false;
      this._fail(spoken(problem));
      return;
    }
    button.closest("li")?.remove();
    this._fail("");
    this._right();
  }
}
