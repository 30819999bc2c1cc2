// One order that was taken at a wrong price, in the list of them: what it came to, and what can be done with it.

import { el } from "../../../lib/ui/dom.js";
import { count, money } from "../../../lib/format/format.js";
import { t } from "../../../lib/words.js";
import {
  isGone,
  isTakenOff,
  paymentWords,
  stateKind,
  stateWords,
} from "../../../lib/orders/order-states.js";

/**
 * An order at a wrong price: what its price `was`, and which is the `right` one.
 * @typedef {import("../../../lib/state/api").MispricedOrder & { was: Money, right: Money }} Mispriced
 */
/** @typedef {import("../../../lib/state/events").Money} Money */
/**
 * How it stands here; `together` is how many one tap takes back with it, 0 where it can't be taken back.
 * @typedef {{ isMoving: boolean, isKept: boolean, isOneOfSeveral: boolean, together: number }} Standing
 */
/** @typedef {Record<"undo" | "keep" | "cancel" | "refund", () => unknown>} Acts */

/**
 * The row of `order`; `as` says how it stands here, `act` has undo(), keep(), cancel() and refund().
 * @param {Mispriced} order
 * @param {Standing} as
 * @param {Acts} act
 */
export function mispricedRow(order, as, act) {
  const kind = stateKind(order.state);
  /**
   * @param {string} words
   * @param {string | null} colour
   */
  const badge = (words, colour) =>
    el("span", { class: colour ? `badge badge--${colour}` : "badge" }, words);
  const isMore = order.was.amount > order.right.amount;
  const sums = {
    n: count(order.quantity),
    sum: money(order.total),
    difference: money(order.difference),
  };
  const what = isMore
    ? t("%(n)s for %(sum)s, %(difference)s too much", sums)
    : t("%(n)s for %(sum)s, %(difference)s too little", sums);
  return el(
    "li",
    { class: isGone(order.state) ? "mispriced is-gone" : "mispriced", "data-order": order.id },
    el(
      "p",
      { class: "mispriced__head" },
      el("b", { class: "number" }, order.number),
      badge(stateWords(order.state), kind),
      order.payment === "due" ? null : badge(paymentWords(order.payment), "leaf"),
      order.refunded.amount && isTakenOff(order)
        ? badge(t("%(sum)s deducted", { sum: money(order.refunded) }), "leaf")
        : null,
      as.isKept ? badge(t("honoured"), "leaf") : null,
      order.buyer
        ? el("a", { class: "mispriced__who", href: `tel:${order.buyer.phone}` }, order.buyer.name)
        : el("span", { class: "mispriced__who soft" }, t("Buyer's details removed")),
    ),
    el(
      "p",
      { class: "number" },
      as.isOneOfSeveral ? t("At %(price)s: %(what)s", { price: money(order.was), what }) : what,
    ),
    el("div", { class: "mispriced__acts" }, ...buttons(order, as, act)),
  );
}

/**
 * @param {Mispriced} order
 * @param {Standing} as
 * @param {Acts} act
 */
function buttons(order, { isMoving, isKept, together }, act) {
  /**
   * @param {string} words
   * @param {() => unknown} run
   */
  const button = (words, run) =>
    el(
      "button",
      {
        class: "button",
        type: "button",
        disabled: isMoving,
        "aria-label": `${words}: ${order.number}`,
        onclick: run,
      },
      words,
    );
  if (together && (order.state === "cancelled" || order.refunded.amount)) {
    const words = together > 1 ? t("Undo all %(n)s", { n: count(together) }) : t("Undo");
    return [button(words, act.undo)];
  }
  if (isKept) return [button(t("Undo"), act.keep)];
  const made = [];
  if (order.deeds.includes("keep") && !isGone(order.state) && order.refunded.amount === 0)
    made.push(button(t("Honour the price"), act.keep));
  if (order.deeds.includes("cancel")) made.push(button(t("Cancel it"), act.cancel));
  // What was given back or taken off may have been just this: the order list knows.
  if (order.deeds.includes("refund") && order.refunded.amount === 0) {
    const sum = { sum: money(order.difference) };
    made.push(
      button(
        order.payment === "due" ? t("Reduce by %(sum)s", sum) : t("Refund %(sum)s", sum),
        act.refund,
      ),
    );
  }
  return made;
}
