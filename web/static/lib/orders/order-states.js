// The states of an order and of its payment in words, and what may follow. Decides only; the server
// has the same table (shop/core/state_machine.py) and the last word.

import { money } from "../format/format.js";
import { amountPayable, isTakenOff, remainingTotal, toGiveBack } from "./order-sums.js";
import { t } from "../words.js";

/** @typedef {import("./order-sums.js").Order} Order */
/** @typedef {import("./order-sums.js").OrderLine} OrderLine */

export { amountPayable, isTakenOff, remainingTotal, toGiveBack };

/** @param {string} state */
export function stateWords(state) {
  switch (state) {
    case "held":
      return t("held");
    case "placed":
      return t("placed");
    case "packed":
      return t("packed");
    case "shipped":
      return t("shipped");
    case "at_centre":
      return t("at the pick-up point");
    case "received":
      return t("received");
    case "cancelled":
      return t("cancelled");
    case "expired":
      return t("not ordered in time");
    default:
      return state;
  }
}

/**
 * The badge's colour.
 * @param {string} state
 */
export function stateKind(state) {
  if (state === "placed") return "kumquat";
  if (["packed", "shipped", "at_centre", "received"].includes(state)) return "leaf";
  return state === "cancelled" ? "red" : "";
}

/**
 * How its payment stands: of what is all taken off nothing is to be paid, and what was paid of a
 * cancelled order is to be given back.
 * @param {Order} order
 */
export function payment(order) {
  const amount = toGiveBack(order);
  if (amount) return t("refund %(sum)s", { sum: money({ ...order.total, amount }) });
  return order.payment === "due" && remainingTotal(order) === 0
    ? t("nothing to pay")
    : paymentWords(order.payment);
}

/** @param {string} payment */
export function paymentWords(payment) {
  switch (payment) {
    case "paid":
      return t("paid");
    case "part_refunded":
      return t("partly refunded");
    case "refunded":
      return t("refunded");
    default:
      return t("to pay");
  }
}

/** @param {string} state */
export const isGone = (state) => state === "cancelled" || state === "expired";

/**
 * Whether something of it is still to be paid.
 * @param {Pick<Order, "payment" | "state" | "total" | "refunded">} order
 */
export const isDue = (order) =>
  order.payment === "due" && !isGone(order.state) && remainingTotal(order) > 0;

/**
 * How what was refunded of it is called.
 * @param {Order} order
 */
export function refundWords(order) {
  if (isTakenOff(order)) return t("Deducted");
  return isLess(order.history) ? t("Reduced and refunded") : t("Refunded");
}

/** @param {Order["history"]} [history] */
const isLess = (history = []) =>
  history.some(
    ({ state, payment, undone, undoes }, index) =>
      index > 0 &&
      !undone &&
      !undoes &&
      payment === "due" &&
      history[index - 1].payment === "due" &&
      history[index - 1].state === state,
  );

/**
 * The lines whose lots are stopped, as far as the order still has boxes of them.
 * @param {Pick<Order, "lines">} order
 */
export const stoppedLines = ({ lines = [] }) =>
  lines.filter(
    (line) => (line.lot_stopped ?? []).length > 0 && line.quantity > (line.returned ?? 0),
  );

/**
 * Whether a stopped lot keeps it from going on: it is called off and refunded, and nothing else.
 * @param {Order} order
 */
export const isStopped = (order) => !isGone(order.state) && stoppedLines(order).length > 0;

/**
 * Whether it may be taken as paid: of a stopped lot only what had left already.
 * @param {Order} order
 */
export const mayPay = (order) =>
  isDue(order) && (!isStopped(order) || ["shipped", "received"].includes(order.state));

/**
 * What one tap does next with an order, as `[state, words]`, or null where nothing follows.
 * @param {Order} order
 * @returns {[string, string] | null}
 */
export function nextStep(order) {
  if (isStopped(order)) return null;
  const { state, delivery } = order;
  const isPickup = delivery.way === "pickup";
  switch (state) {
    case "placed":
      return ["packed", t("Packed")];
    case "packed":
      return isPickup ? ["at_centre", t("Arrived")] : ["shipped", t("Shipped")];
    case "shipped":
      return ["received", t("Received")];
    case "at_centre":
      return ["received", t("Handed over")];
    default:
      return null;
  }
}
