// The states of an order and of its payment in words, and what may follow. Decides only; the server
// has the same table (shop/life.py) and the last word.

import { t } from "../common/words.js";

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

/** The badge's colour. */
export function stateKind(state) {
  if (state === "placed") return "kumquat";
  if (["packed", "shipped", "at_centre", "received"].includes(state)) return "leaf";
  return state === "cancelled" ? "red" : "";
}

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

export const isGone = (state) => state === "cancelled" || state === "expired";

/** What one tap does next with an order, as `[state, words]`, or null where nothing follows. */
export function nextStep({ state, delivery }) {
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
