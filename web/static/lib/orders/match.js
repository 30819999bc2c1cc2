// Which orders one looks for. Decides only.

import { text } from "../words.js";
import { isDue, isGone, toGiveBack } from "./order-states.js";

/** @typedef {import("./order-states.js").Order} Order */

/**
 * What one looks for; an empty string or false where any will do.
 * @typedef {object} Wanted
 * @property {string} find
 * @property {string} [way]
 * @property {string} [centre]
 * @property {string} [payment]
 * @property {boolean} [flagged]
 * @property {boolean} [claimed]
 */

/**
 * Nothing is to do any more with an order that is gone and keeps nobody's money, or is with the buyer
 * and paid, without a claim.
 * @param {Order} order
 */
export function isDone(order) {
  if (openClaim(order) || toGiveBack(order)) return false;
  return isGone(order.state) || (order.state === "received" && !isDue(order));
}

/** The states that one chooses among, each with what belongs to it. */
/** @type {Record<string, (order: Order) => boolean>} */
export const SETS = {
  open: (order) => !isDone(order),
  placed: ({ state }) => state === "placed",
  packed: ({ state }) => state === "packed",
  shipped: ({ state }) => state === "shipped",
  at_centre: ({ state }) => state === "at_centre",
  received: ({ state }) => state === "received",
  cancelled: ({ state }) => isGone(state),
  all: () => true,
};

/** @type {Record<string, (order: Order) => boolean>} */
const PAYMENTS = {
  due: isDue,
  paid: ({ payment }) => payment === "paid",
  owed: (order) => toGiveBack(order) > 0,
  refunded: ({ payment }) => payment === "part_refunded" || payment === "refunded",
};

/**
 * What is said of an order: its number, its buyer, how people write the phone, its products.
 * @param {Order} order
 */
function words({ number, buyer, lines }) {
  const phone = buyer?.phone ?? "";
  const said = [
    number,
    buyer?.name,
    phone,
    phone.replace(/\D/g, ""),
    ...lines.map((line) => text(line.name)),
  ];
  return said.filter(Boolean).join(" ").normalize("NFKC").toLowerCase();
}

/**
 * @param {Order} order
 * @param {string} find
 */
function isMeant(order, find) {
  const said = words(order);
  const digits = find.replace(/[\s().-]/g, "");
  // What one dials first does not count: zeros, and China before a mobile number.
  const bare = digits.replace(/^\+?0*/, "").replace(/^860*(?=1\d{10}$)/, "");
  if (/^\+?\d{3,}$/.test(digits))
    return said.includes(digits) || (bare.length > 6 && said.includes(bare));
  return find.split(" ").every((word) => said.includes(word));
}

/**
 * The order's claim that is not answered, or null.
 * @param {Pick<Order, "claims">} order
 */
export const openClaim = ({ claims }) => claims?.find(({ state }) => state === "open") ?? null;

/**
 * Whether someone should look at it before it goes out.
 * @param {Pick<Order, "flags" | "state">} order
 */
export const isToLookAt = ({ flags, state }) =>
  Boolean(flags?.length) && ["placed", "packed"].includes(state);

/**
 * Whether an order fits `wanted`: find, way, centre, payment, flagged, claimed. Its state is not
 * looked at, as each state is counted; see SETS.
 * @param {Order} order
 * @param {Wanted} wanted
 */
export function matches(order, wanted) {
  const find = wanted.find.normalize("NFKC").replace(/\s+/g, " ").trim().toLowerCase();
  if (find && !isMeant(order, find)) return false;
  if (wanted.way && order.delivery.way !== wanted.way) return false;
  if (wanted.centre && order.delivery.centre?.id !== wanted.centre) return false;
  if (wanted.payment && !PAYMENTS[wanted.payment](order)) return false;
  if (wanted.flagged && !isToLookAt(order)) return false;
  return !wanted.claimed || Boolean(openClaim(order));
}
