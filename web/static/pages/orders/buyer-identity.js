// How the buyers are known to whom pick-ups are handed over without their codes: asked before such a
// move, and kept with it in the log.

import { say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { t } from "../../lib/words.js";

const dialog = document.getElementById("known-sheet");

dialog?.querySelector("[data-close]").addEventListener("click", () => close(dialog));

/** Resolves to what is pressed; null where it is closed. */
function ask(orders) {
  const isOne = orders.length === 1;
  const what = isOne
    ? t("%(number)s, without its code.", orders[0])
    : t("%(n)s orders, without their codes.", { n: count(orders.length) });
  say(dialog.querySelector("[data-known-what]"), what);
  dialog.returnValue = "";
  return new Promise((resolve) => open(dialog, () => resolve(dialog.returnValue || null)));
}

/** `make(ids, body)` that asks first where pick-ups are handed over; `order(id)` knows each. */
export function askingHow(make, order) {
  return async (ids, body) => {
    if (body.state === "received") {
      const pickups = ids.map(order).filter(({ delivery }) => delivery.way === "pickup");
      const known = pickups.length ? await ask(pickups) : null;
      if (pickups.length && !known) return;
      if (known) return make(ids, { ...body, known_by: known });
    }
    make(ids, body);
  };
}
