// The orders that are chosen, and the bar on which one press moves all of them on.

import { el, find, findAll, say } from "../../lib/ui/dom.js";
import { count, money } from "../../lib/format/format.js";
import { t } from "../../lib/words.js";
import { amountPayable, isDue, isGone } from "../../lib/orders/order-states.js";
import { mayCancel, stepOf } from "../../lib/orders/order-row.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("../../lib/orders/transitions.js").Move} Move */

/**
 * For whom, and what the bar calls.
 * @typedef {object} Desk
 * @property {string} role
 * @property {boolean} isStaff
 * @property {import("../../lib/orders/transitions.js").Transitions} moves
 * @property {(ids: string[], body: Move) => void} make
 * @property {import("./order-documents.js").OrderDocuments} papers
 * @property {(orders: Order[]) => void} cancel
 */

export class Selection extends EventTarget {
  /**
   * Event `change` when other orders are chosen.
   * @param {Desk} as
   */
  constructor(as) {
    super();
    /** @type {Set<string>} */
    this._ids = new Set();
    /** @type {Order[]} */
    this._orders = [];
    /** @type {string | null} */
    this._last = null;
    /** @type {HTMLElement | null} a seller, who moves nothing, has none */
    this._bar = document.querySelector("[data-bar]");
    /** @type {HTMLInputElement | null} */
    this._all = document.querySelector("[data-choose-all]");
    /** @type {Order[]} */
    this._found = [];
    this._as = as;
    const { _bar: bar, _all: all } = this;
    if (!bar || !all) return;
    find(bar, "[data-clear]").addEventListener("click", () => this.clear());
    find(bar, "[data-bar-papers]").addEventListener("click", () => as.papers.open(this._orders));
    bar
      .querySelector("[data-bar-cancel]")
      ?.addEventListener("click", () =>
        as.cancel(this._orders.filter((order) => mayCancel(order, as))),
      );
    all.addEventListener("change", () => {
      if (all.checked) for (const { id } of this._found) this._ids.add(id);
      else this._ids.clear();
      this._tell();
    });
  }

  get size() {
    return this._ids.size;
  }

  /** @param {string} id */
  has(id) {
    return this._ids.has(id);
  }

  /**
   * Chooses an order, or no more; with `among` all between it and the one before.
   * @param {Order} order
   * @param {boolean} isChosen
   * @param {Order[] | null} [among]
   */
  choose(order, isChosen, among = null) {
    const ends = [this._last, order.id].map(
      (id) => among?.findIndex((each) => each.id === id) ?? -1,
    );
    const range =
      among && ends.every((end) => end >= 0)
        ? among.slice(Math.min(...ends), Math.max(...ends) + 1)
        : [order];
    for (const { id } of range) {
      if (isChosen) this._ids.add(id);
      else this._ids.delete(id);
    }
    this._last = order.id;
    this._tell();
  }

  clear() {
    this._ids.clear();
    this._tell();
    this._all?.focus({ preventScroll: true });
  }

  /**
   * What one does not see is not moved by mistake.
   * @param {Order[]} found
   */
  keepTo(found) {
    const seen = new Set(found.map(({ id }) => id));
    for (const id of this._ids) if (!seen.has(id)) this._ids.delete(id);
    this._found = found;
    this._orders = found.filter(({ id }) => this._ids.has(id));
  }

  /** @param {Order[]} found */
  draw(found) {
    const { _bar: bar, _all: all } = this;
    if (!bar || !all) return;
    const chosen = this._orders;
    all.checked = found.length > 0 && chosen.length === found.length;
    all.indeterminate = chosen.length > 0 && chosen.length < found.length;
    say(
      find(document, "[data-choose-all-words]"),
      t("Select all %(n)s", { n: count(found.length) }),
    );
    bar.hidden = chosen.length === 0;
    document.body.classList.toggle("has-bar", chosen.length > 0);
    if (!chosen.length) return;
    const amount = chosen
      .filter(({ state }) => !isGone(state))
      .reduce((sum, order) => sum + amountPayable(order).amount, 0);
    say(
      find(bar, "[data-bar-sum]"),
      t("%(n)s selected, %(sum)s", {
        n: count(chosen.length),
        sum: money({ amount, currency: chosen[0].total.currency }),
      }),
    );
    this._drawSteps(bar, chosen);
    const [cancel] = findAll(bar, "[data-bar-cancel]");
    if (cancel) cancel.hidden = !chosen.some((order) => mayCancel(order, this._as));
  }

  /**
   * A button for each step that some of them take next; the one that most take is the first.
   * @param {HTMLElement} bar
   * @param {Order[]} chosen
   */
  _drawSteps(bar, chosen) {
    /** @type {Map<string, { words: string, body: Move, ids: string[] }>} */
    const steps = new Map();
    const moving = this._as.moves.waiting;
    for (const order of chosen.filter(({ id }) => !moving.has(id))) {
      const step = stepOf(order, this._as);
      if (!step) continue;
      const [state, words] = step;
      const known = steps.get(state) ?? { words, body: { state }, ids: [] };
      known.ids.push(order.id);
      steps.set(state, known);
    }
    const due = chosen.filter((order) => isDue(order) && !moving.has(order.id)).map(({ id }) => id);
    const deeds = [...steps.values()].sort((a, b) => b.ids.length - a.ids.length);
    if (due.length) deeds.push({ words: t("Paid"), body: { payment: "paid" }, ids: due });
    const place = find(bar, "[data-bar-steps]");
    const said = JSON.stringify(deeds);
    if (place.dataset.said === said) return;
    const held = place.contains(document.activeElement);
    place.dataset.said = said;
    place.replaceChildren(
      ...deeds.map(({ words, body, ids }, index) =>
        el(
          "button",
          {
            class: `button button--small${index ? "" : " button--primary"}`,
            type: "button",
            onclick: () => this._as.make(ids, body),
          },
          `${words} `,
          el("b", { class: "number" }, count(ids.length)),
        ),
      ),
    );
    // Whoever pressed the button that is gone is beside the next one, not on it: a second press of the
    // same key moves nothing on.
    if (held) find(bar, "[data-bar-sum]").focus({ preventScroll: true });
  }

  _tell() {
    this.dispatchEvent(new Event("change"));
  }
}
