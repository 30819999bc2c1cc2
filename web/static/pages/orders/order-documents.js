// What is taken away of some orders: packing slips and labels to print, the list itself, a file.

import { find, findAll, findDialog, say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { n, page } from "../../lib/words.js";
import { isGone } from "../../lib/orders/order-states.js";
import { spans } from "../../lib/orders/order-numbers.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */

export class OrderDocuments extends EventTarget {
  /**
   * Event `list` where the list itself is to be printed.
   * @param {string} broadcast
   */
  constructor(broadcast) {
    super();
    this._sheet = findDialog(document, "#papers-sheet");
    this._path = `/studio/${broadcast}/orders`;
    find(this._sheet, "[data-close]").addEventListener("click", () => close(this._sheet));
    find(this._sheet, "[data-print-list]").addEventListener("click", () => {
      close(this._sheet);
      this.dispatchEvent(new Event("list"));
    });
    for (const link of this._sheet.querySelectorAll("a"))
      link.addEventListener("click", () => close(this._sheet));
  }

  /**
   * The address of slips or labels of these orders.
   * @param {"slips" | "labels"} kind
   * @param {Order[]} orders
   */
  address(kind, orders) {
    return `${this._path}/${kind}?orders=${spans(orders.map(({ number }) => number))}`;
  }

  /**
   * Offers what can be taken away of these; `filter` is how an address says all that fit, where it can.
   * @param {Order[]} orders
   * @param {{ isAll?: boolean, filter?: string | null }} [options]
   */
  open(orders, { isAll = false, filter = null } = {}) {
    const meant = filter ?? `orders=${spans(orders.map(({ number }) => number))}`;
    const standing = orders.filter(({ state }) => !isGone(state));
    say(
      find(this._sheet, "[data-papers-what]"),
      isAll
        ? n(
            "%(n)s order, as the list shows it",
            "All %(n)s orders that the list shows",
            orders.length,
            { n: count(orders.length) },
          )
        : n("%(n)s selected order", "%(n)s selected orders", orders.length, {
            n: count(orders.length),
          }),
    );
    for (const kind of ["slips", "labels"]) {
      const [link] = findAll(this._sheet, `[data-${kind}]`, HTMLAnchorElement);
      if (!link) continue;
      link.hidden = standing.length === 0;
      link.href = `${this._path}/${kind}?${meant}`;
    }
    for (const form of ["xlsx", "csv"])
      find(this._sheet, `[data-${form}]`, HTMLAnchorElement).href =
        `${this._path}.${form}?${meant}&lang=${page.language}`;
    find(this._sheet, "[data-print-list]").hidden = !isAll;
    open(this._sheet);
  }
}
