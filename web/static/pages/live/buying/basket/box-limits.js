// How many boxes of an offer may be wanted: by what is left of it and of its lot, by an order's limit
// and a flash batch's. Pure; the basket's lines, its hold and the scene say what there is.

import { page } from "../../../../lib/words.js";
import { running } from "../../../../lib/state/flash-batch.js";
import { ownLeft } from "../../../../lib/state/broadcast-state.js";

/** @typedef {import("../../../../lib/state/scene").Offer} Offer */
/**
 * What of a basket says how much may be wanted.
 * @typedef {Pick<import("./basket.js").Basket, "lines" | "hold" | "scene">} Wanted
 */

const STAFF_AT_MOST = 99; // who orders for others

/**
 * The most that can be wanted of an offer at its line's price: what is left, of its own boxes
 * and of its lot, and what is held already; of a flash batch no more than a buyer may have.
 * @param {string} offer
 * @param {Wanted} basket
 */
export function mostOf(offer, basket) {
  const { lines, hold, scene } = basket;
  const card = scene.offers.get(offer);
  if (!card) return 0;
  const batch = lines.get(offer)?.flash;
  const held = hold?.lines.get(offer);
  const own = held && held.flash === batch ? held.quantity : 0;
  const flash = card.flash?.id === batch ? running(card) : null;
  // A batch that is over gives what is held of it, and no more.
  const left = flash ? (card.kept ?? 0) : batch ? 0 : ownLeft(card);
  const allowed = batch ? mostOfFlash(flash, basket) : Infinity;
  return Math.max(
    0,
    Math.min(mostOfOrder(offer, basket), left + own, mostOfLot(card, basket), allowed),
  );
}

/**
 * How many boxes of an offer an order may have beside its other lines.
 * @param {string} offer
 * @param {Pick<Wanted, "lines">} basket
 */
export function mostOfOrder(offer, { lines }) {
  let others = 0;
  for (const [other, { quantity }] of lines) if (other !== offer) others += quantity;
  return (page.data.order_boxes ?? STAFF_AT_MOST) - others;
}

/**
 * How many boxes of an offer its lot gives beside the other lines.
 * @param {Offer} card
 * @param {Wanted} basket
 */
function mostOfLot({ id, lot, net_weight_g: grams }, { lines, hold, scene }) {
  if (lot.left_g === undefined) return Infinity;
  /** @param {Iterable<[string, { quantity: number }]>} weighed */
  const weigh = (weighed) => {
    let sum = 0;
    for (const [other, { quantity }] of weighed) {
      const card = scene.offers.get(other);
      if (card?.lot.id === lot.id) sum += quantity * card.net_weight_g;
    }
    return sum;
  };
  const others = weigh([...lines].filter(([other]) => other !== id));
  return Math.floor((lot.left_g + weigh(hold?.lines ?? new Map()) - others) / grams);
}

/**
 * How many boxes of a flash batch this buyer may have, beside those that are ordered.
 * @param {import("../../../../lib/state/flash-batch.js").Flash | null} flash
 * @param {Pick<Wanted, "hold" | "scene">} basket
 */
export function mostOfFlash(flash, { hold, scene }) {
  if (!flash?.per_buyer) return Infinity;
  let had = 0;
  for (const { id, state, lines = [] } of scene.orders.values()) {
    if (["held", "expired", "cancelled"].includes(state) || id === hold?.id) continue;
    for (const line of lines) if (line.flash === flash.id) had += line.quantity;
  }
  return Math.max(0, flash.per_buyer - had);
}
