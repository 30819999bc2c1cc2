// The lines of an order that is not packed yet, each with a stepper for how many boxes it keeps: what
// it has fewer goes back on sale. One box at least stays.

import { el, find, icon, say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { t, text } from "../../lib/words.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("../../lib/orders/order-states.js").OrderLine} OrderLine */

/**
 * A line, how many boxes it keeps, and where that is shown.
 * @typedef {object} Row
 * @property {OrderLine} line
 * @property {number} keeps
 * @property {HTMLButtonElement} less
 * @property {HTMLButtonElement} more
 * @property {HTMLElement} value
 * @property {HTMLElement} was
 * @property {HTMLElement} item
 */

/** @param {OrderLine} line */
const boxesOf = ({ quantity, returned }) => quantity - (returned ?? 0);

export class LineReducer {
  /**
   * `onChange(amount)` is told what the boxes cost that are not wanted any more, in minor units.
   * @param {HTMLElement} place
   * @param {(amount: number) => void} onChange
   */
  constructor(place, onChange) {
    /** @type {Row[]} */
    this._rows = [];
    this._place = place;
    this._onChange = onChange;
  }

  /**
   * Shows the lines of an order whose boxes are all still here; of another one nothing.
   * @param {Order} order
   */
  open(order) {
    const lines = order.state === "placed" ? order.lines.filter((line) => boxesOf(line) > 0) : [];
    const isSome = lines.reduce((sum, line) => sum + boxesOf(line), 0) > 1;
    this._rows = isSome ? lines.map((line) => this._row(line)) : [];
    this._place.hidden = !isSome;
    find(this._place, "ul").replaceChildren(...this._rows.map(({ item }) => item));
    this._draw();
  }

  /** The boxes that it keeps no more, as the API takes them. */
  get lines() {
    return this._rows
      .filter(({ line, keeps }) => keeps < boxesOf(line))
      .map(({ line, keeps }) => ({ offer: line.offer, quantity: boxesOf(line) - keeps }));
  }

  /** @param {OrderLine} line */
  _row(line) {
    const name = text(line.name);
    /**
     * @param {string} sign
     * @param {string} words
     * @param {number} by
     */
    const step = (sign, words, by) =>
      el(
        "button",
        {
          class: "stepper__button",
          type: "button",
          "aria-label": `${words}: ${name}`,
          onclick: () => this._set(row, row.keeps + by),
        },
        icon(sign),
      );
    const less = step("minus", t("One less"), -1);
    const more = step("plus", t("One more"), 1);
    const value = el("output", { class: "stepper__value fewer__value number" });
    const was = el("span", { class: "soft small" });
    const item = el(
      "li",
      { class: "fewer__line" },
      el("span", { class: "fewer__name" }, name, " ", was),
      el("div", { class: "stepper", role: "group", "aria-label": name }, less, value, more),
    );
    /** @type {Row} */
    const row = { line, keeps: boxesOf(line), less, more, value, was, item };
    return row;
  }

  /**
   * @param {Row} row
   * @param {number} keeps
   */
  _set(row, keeps) {
    row.keeps = keeps;
    this._draw();
    this._onChange(
      this._rows.reduce(
        (sum, { line, keeps: kept }) => sum + (boxesOf(line) - kept) * line.price.amount,
        0,
      ),
    );
  }

  _draw() {
    const all = this._rows.reduce((sum, { keeps }) => sum + keeps, 0);
    for (const { line, keeps, less, more, value, was } of this._rows) {
      say(value, count(keeps));
      say(was, keeps < boxesOf(line) ? t("instead of %(n)s", { n: count(boxesOf(line)) }) : "");
      less.disabled = keeps === 0 || all === 1;
      more.disabled = keeps === boxesOf(line);
    }
  }
}
