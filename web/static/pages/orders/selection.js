// The orders that are chosen, and the bar on which one press moves all of them on.

import { el, say } from "../../lib/ui/dom.js";
import { count, money } from "../../lib/format/format.js";
import { t } from "../../lib/words.js";
import { amountPayable, isDue, isGone } from "../../lib/orders/order-states.js";
import { mayCancel, stepOf } from "../../lib/orders/order-row.js";

export class Selection extends EventTarget {
  #as;
  #ids = new Set();
  #orders = [];
  #last = null;
  #bar = document.querySelector("[data-bar]");
  #all = document.querySelector("[data-choose-all]");

  /** Event `change` when other orders are chosen. `as` says for whom, and what the bar calls. */
  constructor(as) {
    super();
    this.#as = as;
    if (!this.#bar) return;
    this.#part("clear").addEventListener("click", () => this.clear());
    this.#part("bar-papers").addEventListener("click", () => as.papers.open(this.#orders));
    this.#part("bar-cancel")?.addEventListener("click", () => as.cancel(this.#orders.filter((order) => mayCancel(order, as))));
    this.#all.addEventListener("change", () => {
      if (this.#all.checked) for (const { id } of this.#found) this.#ids.add(id);
      else this.#ids.clear();
      this.#tell();
    });
  }

  #found = [];

  get size() {
    return this.#ids.size;
  }

  has(id) {
    return this.#ids.has(id);
  }

  /** Chooses an order, or no more; with `among` all between it and the one before. */
  choose(order, isChosen, among = null) {
    const ends = [this.#last, order.id].map((id) => among?.findIndex((each) => each.id === id) ?? -1);
    const range = ends.every((end) => end >= 0) ? among.slice(Math.min(...ends), Math.max(...ends) + 1) : [order];
    for (const { id } of range) {
      if (isChosen) this.#ids.add(id);
      else this.#ids.delete(id);
    }
    this.#last = order.id;
    this.#tell();
  }

  clear() {
    this.#ids.clear();
    this.#tell();
    this.#all.focus({ preventScroll: true });
  }

  /** What one does not see is not moved by mistake. */
  keepTo(found) {
    const seen = new Set(found.map(({ id }) => id));
    for (const id of this.#ids) if (!seen.has(id)) this.#ids.delete(id);
    this.#found = found;
    this.#orders = found.filter(({ id }) => this.#ids.has(id));
  }

  draw(found) {
    if (!this.#bar) return;
    const chosen = this.#orders;
    this.#all.checked = found.length > 0 && chosen.length === found.length;
    this.#all.indeterminate = chosen.length > 0 && chosen.length < found.length;
    say(document.querySelector("[data-choose-all-words]"), t("Choose all %(n)s", { n: count(found.length) }));
    this.#bar.hidden = chosen.length === 0;
    document.body.classList.toggle("has-bar", chosen.length > 0);
    if (!chosen.length) return;
    const amount = chosen.filter(({ state }) => !isGone(state)).reduce((sum, order) => sum + amountPayable(order).amount, 0);
    say(
      this.#part("bar-sum"),
      t("%(n)s chosen, %(sum)s", {
        n: count(chosen.length),
        sum: money({ amount, currency: chosen[0].total.currency }),
      }),
    );
    this.#drawSteps(chosen);
    const cancel = this.#part("bar-cancel");
    if (cancel) cancel.hidden = !chosen.some((order) => mayCancel(order, this.#as));
  }

  /** A button for each step that some of them take next; the one that most take is the first. */
  #drawSteps(chosen) {
    const steps = new Map();
    const moving = this.#as.moves.waiting;
    for (const order of chosen.filter(({ id }) => !moving.has(id))) {
      const step = stepOf(order, this.#as);
      if (step) (steps.get(step[0]) ?? steps.set(step[0], { words: step[1], body: { state: step[0] }, ids: [] }).get(step[0])).ids.push(order.id);
    }
    const due = chosen.filter((order) => isDue(order) && !moving.has(order.id)).map(({ id }) => id);
    const deeds = [...steps.values()].sort((a, b) => b.ids.length - a.ids.length);
    if (due.length) deeds.push({ words: t("Paid"), body: { payment: "paid" }, ids: due });
    const place = this.#part("bar-steps");
    const said = JSON.stringify(deeds);
    if (place.dataset.said === said) return;
    const held = place.contains(document.activeElement);
    place.dataset.said = said;
    place.replaceChildren(
      ...deeds.map(({ words, body, ids }, index) =>
        el(
          "button",
          { class: `button button--small${index ? "" : " button--primary"}`, type: "button", onclick: () => this.#as.make(ids, body) },
          `${words} `,
          el("b", { class: "number" }, count(ids.length)),
        ),
      ),
    );
    // Whoever pressed the button that is gone is beside the next one, not on it: a second press of the
    // same key moves nothing on.
    if (held) this.#part("bar-sum").focus({ preventScroll: true });
  }

  #part(name) {
    return this.#bar.querySelector(`[data-${name}]`);
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
