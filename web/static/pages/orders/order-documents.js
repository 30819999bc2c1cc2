// What is taken away of some orders: packing slips and labels to print, the list itself, a file.

import { say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { n, page } from "../../lib/words.js";
import { isGone } from "../../lib/orders/order-states.js";
import { spans } from "../../lib/orders/order-numbers.js";

export class OrderDocuments extends EventTarget {
  /** Event `list` where the list itself is to be printed. */
  constructor(broadcast) {
    super();
    this._sheet = document.getElementById("papers-sheet");
    this._path = undefined;
    this._path = `/studio/${broadcast}/orders`;
    this._sheet.querySelector("[data-close]").addEventListener("click", () => close(this._sheet));
    this._sheet.querySelector("[data-print-list]").addEventListener("click", () => {
      close(this._sheet);
      this.dispatchEvent(new Event("list"));
    });
    for (const link of this._sheet.querySelectorAll("a"))
      link.addEventListener("click", () => close(this._sheet));
  }

  /** The address of slips or labels of these orders. */
  address(kind, orders) {
    return `${this._path}/${kind}?orders=${spans(orders.map(({ number }) => number))}`;
  }

  /** Offers what can be taken away of these; `filter` is how an address says all that fit, where it can. */
  open(orders, { isAll = false, filter = null } = {}) {
    const meant = filter ?? `orders=${spans(orders.map(({ number }) => number))}`;
    const standing = orders.filter(({ state }) => !isGone(state));
    say(
      this._part("papers-what"),
      isAll
        ? n(
            "%(n)s order, as the list shows it",
            "All %(n)s orders that the list shows",
            orders.length,
            { n: count(orders.length) },
          )
        : n("%(n)s chosen order", "%(n)s chosen orders", orders.length, {
            n: count(orders.length),
          }),
    );
    for (const kind of ["slips", "labels"]) {
      const link = this._part(kind);
      if (!link) continue;
      link.hidden = standing.length === 0;
      link.href = `${this._path}/${kind}?${meant}`;
    }
    for (const form of ["xlsx", "csv"])
      this._part(form).href = `${this._path}.${form}?${meant}&lang=${page.language}`;
    this._part("print-list").hidden = !isAll;
    open(this._sheet);
  }

  _part(name) {
    return this._sheet.querySelector(`[data-${name}]`);
  }
}
