// The orders of this device in this broadcast, with links to their pages.

import { el, icon, say } from "../../../lib/ui/dom.js";
import { money } from "../../../lib/format/format.js";
import { livePayable } from "../../../lib/orders/order-sums.js";
import { linksOfOrders } from "../../../lib/state/order-links.js";
import { n, t } from "../../../lib/words.js";

/** @typedef {import("../../../lib/state/scene").LiveOrder} LiveOrder */

// One word for it with the studio, whose lists write it small.
/** @param {string} word */
const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** @type {Record<string, () => string>} */
const STATES = {
  placed: () => t("Ordered"),
  packed: () => capital(t("packed")),
  shipped: () => t("On its way"),
  at_centre: () => t("At the pick-up point"),
  received: () => t("Received"),
  cancelled: () => t("Cancelled"),
};

/** The orders that this device placed here, with the way to their pages. What stands there stays while
    the broadcast goes on: who is on a link, or presses it, does not lose it. */
export class OwnOrders {
  /**
   * `places` are the elements that each show them.
   * @param {HTMLElement[]} places
   */
  constructor(places) {
    this.places = places.map((place) => {
      /** @type {Map<string, ReturnType<OwnOrders["row"]>>} by order */
      const rows = new Map();
      const shown = {
        place,
        title: el("h3"),
        list: el("ul", { class: "stack stack--close" }),
        rows,
      };
      place.replaceChildren(shown.title, shown.list);
      return shown;
    });
  }

  /** @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene */
  render(scene) {
    const links = linksOfOrders();
    const orders = [...scene.orders.values()].filter((order) => links[order.id]);
    for (const { place, title, list, rows } of this.places) {
      place.hidden = orders.length === 0;
      if (orders.length > 0) say(title, n("Your order", "Your orders", orders.length));
      for (const [order, { item }] of rows) {
        if (orders.some((each) => each.id === order)) continue;
        item.remove();
        rows.delete(order);
      }
      orders.forEach((order, index) => {
        const row = rows.get(order.id) ?? this.row(links[order.id]);
        rows.set(order.id, row);
        const { item, words } = row;
        say(words, orderInWords(order));
        if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      });
    }
  }

  /** @param {string} url */
  row(url) {
    const words = el("span");
    const link = el(
      "a",
      { class: "link", href: url, target: "_blank" },
      icon("check", true),
      words,
    );
    return { item: el("li", {}, link), words };
  }
}

/** @param {LiveOrder} order */
function orderInWords(order) {
  const sum = livePayable(order);
  return [order.number, sum && money(sum), order.stopped ? t("Stopped") : STATES[order.state]?.()]
    .filter(Boolean)
    .join(" · ");
}
