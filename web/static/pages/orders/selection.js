// The orders that are chosen, and the bar on which one press moves all of them on.

import { el, say } from "../../lib/ui/dom.js";
import { count, money } from "../../lib/format/format.js";
import { t } from "../../lib/words.js";
import { amountPayable, isDue, isGone } from "../../lib/orders/order-states.js";
import { mayCancel, stepOf } from "../../lib/orders/order-row.js";

export class Selection extends EventTarget {
  /** Event `change` when other orders are chosen. `as` says for whom, and what the bar calls. */
  constructor(as) {
    super();
    this._as = undefined;
    this._ids = new Set();
    this._orders = [];
    this._last = null;
    this._bar = document.querySelector("[data-bar]");
    this._all = document.querySelector("[data-choose-all]");
    this._found = [];
    this._as = as;
    if (!this._bar) return;
    this._part("clear").addEventListener("click", () => this.clear());
    this._part("bar-papers").addEventListener("click", () => as.papers.open(this._orders));
    this._part("bar-cancel")?.addEventListener("click", () =>
      as.cancel(this._orders.filter((order) => mayCancel(order, as))),
    );
    this._all.addEventListener("change", () => {
      if (this._all.checked) for (const { id } of this._found) this._ids.add(id);
      else this._ids.clear();
      this._tell();
    });
  }

  get size() {
    return this._ids.size;
  }

  has(id) {
    return this._ids.has(id);
  }

  /** Chooses an order, or no more; with `among` all between it and the one before. */
  choose(order, isChosen, among = null) {
    const ends = [this._last, order.id].map(
      (id) => among?.findIndex((each) => each.id === id) ?? -1,
    );
    const range = ends.every((end) => end >= 0)
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
    this._all.focus({ preventScroll: true });
  }

  /** What one does not see is not moved by mistake. */
  keepTo(found) {
    const seen = new Set(found.map(({ id }) => id));
    for (const id of this._ids) if (!seen.has(id)) this._ids.delete(id);
    this._found = found;
    this._orders = found.filter(({ id }) => this._ids.has(id));
  }

  draw(found) {
    if (!this._bar) return;
    const chosen = this._orders;
    this._all.checked = found.length > 0 && chosen.length === found.length;
    this._all.indeterminate = chosen.length > 0 && chosen.length < found.length;
    say(
      document.querySelector("[data-choose-all-words]"),
      t("Choose all %(n)s", { n: count(found.length) }),
    );
    this._bar.hidden = chosen.length === 0;
    document.body.classList.toggle("has-bar", chosen.length > 0);
    if (!chosen.length) return;
    const amount = chosen
      .filter(({ state }) => !isGone(state))
      .reduce((sum, order) => sum + amountPayable(order).amount, 0);
    say(
      this._part("bar-sum"),
      t("%(n)s chosen, %(sum)s", {
        n: count(chosen.length),
        sum: money({ amount, currency: chosen[0].total.currency }),
      }),
    );
    this._drawSteps(chosen);
    const cancel = this._part("bar-cancel");
    if (cancel) cancel.hidden = !chosen.some((order) => mayCancel(order, this._as));
  }

  /** A button for each step that some of them take next; the one that most take is the first. */
  _drawSteps(chosen) {
    const steps = new Map();
    const moving = this._as.moves.waiting;
    for (const order of chosen.filter(({ id }) => !moving.has(id))) {
      const step = stepOf(order, this._as);
      if (step)
        (
          steps.get(step[0]) ??
          steps.set(step[0], { words: step[1], body: { state: step[0] }, ids: [] }).get(step[0])
        ).ids.push(order.id);
    }
    const due = chosen.filter((order) => isDue(order) && !moving.has(order.id)).map(({ id }) => id);
    const deeds = [...steps.values()].sort((a, b) => b.ids.length - a.ids.length);
    if (due.length) deeds.push({ words: t("Paid"), body: { payment: "paid" }, ids: due });
    const place = this._part("bar-steps");
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
    if (held) this._part("bar-sum").focus({ preventScroll: true });
  }

  _part(name) {
    return this._bar.querySelector(`[data-${name}]`);
  }

  _tell() {
    this.dispatchEvent(new Event("change"));
  }
}
