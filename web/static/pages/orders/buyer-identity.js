// How the buyers are known to whom pick-ups are handed over without their codes: asked before such a
// move, and kept with it in the log.

import { find, say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { t } from "../../lib/words.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("../../lib/orders/transitions.js").Move} Move */

/** A seller's page has none. */
const dialogs = [...document.querySelectorAll("dialog")].filter(({ id }) => id === "known-sheet");

for (const dialog of dialogs)
  find(dialog, "[data-close]").addEventListener("click", () => close(dialog));

/**
 * Resolves to what is pressed; null where it is closed.
 * @param {Order[]} orders
 * @returns {Promise<string | null>}
 */
function ask(orders) {
  const [dialog] = dialogs;
  const isOne = orders.length === 1;
  const what = isOne
    ? t("%(number)s, without its code.", { number: orders[0].number })
    : t("%(n)s orders, without their codes.", { n: count(orders.length) });
  say(find(dialog, "[data-known-what]"), what);
  dialog.returnValue = "";
  return new Promise((resolve) => open(dialog, () => resolve(dialog.returnValue || null)));
}

/**
 * `make(ids, body)` that asks first where pick-ups are handed over; `order(id)` knows each.
 * @param {(ids: string[], body: Move) => void} make
 * @param {(id: string) => Order | undefined} order
 * @returns {(ids: string[], body: Move) => Promise<void>}
 */
export function askingHow(make, order) {
  return async (ids, body) => {
    if (body.state === "received") {
      const pickups = ids
        .map(order)
        .filter((each) => each !== undefined)
        .filter(({ delivery }) => delivery.way === "pickup");
      const known = pickups.length ? await ask(pickups) : null;
      if (pickups.length && !known) return;
      if (known) return make(ids, { ...body, known_by: known });
    }
    make(ids, body);
  };
}
