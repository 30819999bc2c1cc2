// What is paid for an order that something was taken off, or given back, of. Decides only.

/** @typedef {import("../state/api").Order} Order */
/** @typedef {import("../state/api").OrderedLine} OrderLine */
/** @typedef {import("../state/api").Money} Money */

/**
 * What is left of an order's total without what was taken off or given back, in minor units; a
 * seller knows the own lines' total alone, and the fee may have been given back on top.
 * @param {{ total: Money, refunded?: Money }} order
 */
export const remainingTotal = ({ total, refunded }) =>
  Math.max(0, total.amount - (refunded?.amount ?? 0));

/**
 * Whether what was refunded of it was taken off before anyone paid: none of it was given back.
 * @param {{ payment: string }} order
 */
export const isTakenOff = ({ payment }) => payment === "due" || payment === "paid";

/**
 * What was paid for it and is still to be given back since it is cancelled, in minor units; a
 * seller, who is shown no buyer, has no order's money.
 * @param {Pick<Order, "state" | "payment" | "buyer" | "total" | "refunded">} order
 */
export const toGiveBack = (order) =>
  order.state === "cancelled" && ["paid", "part_refunded"].includes(order.payment) && order.buyer
    ? remainingTotal(order)
    : 0;

/**
 * What one pays for it, as money.
 * @param {Pick<Order, "payment" | "total"> & { refunded?: Money }} order
 * @returns {Money}
 */
export const amountPayable = (order) => ({
  ...order.total,
  amount: isTakenOff(order) ? remainingTotal(order) : order.total.amount,
});

/**
 * What one pays for an order that the log tells of, null where its total is not told.
 * @param {import("../state/scene").LiveOrder} order
 */
export const livePayable = ({ total, refunded, payment = "due" }) =>
  total ? amountPayable({ total, payment, refunded }) : null;
