// What is taken away of some orders: packing slips and labels to print, the list itself, a file.

import { say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { n, page } from "../../lib/words.js";
import { isGone } from "../../lib/orders/order-states.js";
import { spans } from "../../lib/orders/order-numbers.js";

export class OrderDocuments extends EventTarget {
  #sheet = document.getElementById("papers-sheet");
  #path;

  /** Event `list` where the list itself is to be printed. */
  constructor(broadcast) {
    super();
    this.#path = `/studio/${broadcast}/orders`;
    this.#sheet.querySelector("[data-close]").addEventListener("click", () => close(this.#sheet));
    this.#sheet.querySelector("[data-print-list]").addEventListener("click", () => {
      close(this.#sheet);
      this.dispatchEvent(new Event("list"));
    });
    for (const link of this.#sheet.querySelectorAll("a")) link.addEventListener("click", () => close(this.#sheet));
  }

  /** The address of slips or labels of these orders. */
  address(kind, orders) {
    return `${this.#path}/${kind}?orders=${spans(orders.map(({ number }) => number))}`;
  }

  /** Offers what can be taken away of these; `filter` is how an address says all that fit, where it can. */
  open(orders, { isAll = false, filter = null } = {}) {
    const meant = filter ?? `orders=${spans(orders.map(({ number }) => number))}`;
    const standing = orders.filter(({ state }) => !isGone(state));
    say(
      this.#part("papers-what"),
      isAll
        ? n("%(n)s order, as the list shows it", "All %(n)s orders that the list shows", orders.length, { n: count(orders.length) })
        : n("%(n)s chosen order", "%(n)s chosen orders", orders.length, { n: count(orders.length) }),
    );
    for (const kind of ["slips", "labels"]) {
      const link = this.#part(kind);
      if (!link) continue;
      link.hidden = standing.length === 0;
      link.href = `${this.#path}/${kind}?${meant}`;
    }
    for (const form of ["xlsx", "csv"]) this.#part(form).href = `${this.#path}.${form}?${meant}&lang=${page.language}`;
    this.#part("print-list").hidden = !isAll;
    open(this.#sheet);
  }

  #part(name) {
    return this.#sheet.querySelector(`[data-${name}]`);
  }
}
