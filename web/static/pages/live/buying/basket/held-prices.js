// What becomes of a basket where a price changes while its boxes are held.

import { flashOf, keptOf } from "../../../../lib/state/flash-batch.js";
import { mostOfFlash } from "./box-limits.js";

/** @typedef {import("./basket.js").Basket} Basket */

/**
 * A wrong price was put right: what is held at it is held at the right one now, and whoever wanted
 * it for less is asked. Where an answer is on its way, it is that which asks. Whether it was this hold.
 * @param {Basket} basket
 * @param {import("../../../../lib/state/events").OrderHeld} event
 */
export function correctPrices(basket, { order, lines }) {
  if (order !== basket.hold?.id) return false;
  for (const { offer, price } of lines) {
    const held = basket.hold.lines.get(offer);
    if (!held || held.price === price) continue;
    const was = held.price;
    Object.assign(held, { price, flash: undefined });
    if (basket.requests.busy || basket.till.busy || basket.lines.get(offer)?.price !== was)
      continue;
    if (price < was) basket.reprice(offer, price);
    else
      basket.changes = [
        ...basket.changes.filter((change) => change.offer !== offer),
        { offer, was, now: price, over: "wrong" },
      ];
  }
  return true;
}

/**
 * A lower price than the held one is the buyer's, a flash batch's too while it gives so many.
 * @param {Basket} basket
 */
export function followLowerPrices(basket) {
  if (basket.state !== "held" || basket.till.busy) return;
  let following = null;
  for (const [offer, line] of basket.lines) {
    const card = basket.scene.offers.get(offer);
    if (!card) continue;
    const flash = flashOf(card);
    if (flash && flash.price.amount < line.price) {
      const may = Math.min(keptOf(card), mostOfFlash(flash, basket));
      if (basket.refusedFlashes.has(flash.id) || line.quantity > may) continue;
      following = flash.id;
      Object.assign(line, { price: flash.price.amount, flash: flash.id });
    } else if (card.price.amount < line.price) {
      following = following ?? "price";
      Object.assign(line, { price: card.price.amount, flash: undefined });
    }
  }
  if (following) basket.ask(0, following);
}
