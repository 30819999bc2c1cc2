// What became of what was released of an offer: sold, held, kept for its flash batch, left. Decides and
// draws the bar.

import { count } from "../format/format.js";
import { findAll } from "../ui/dom.js";
import { t } from "../words.js";
import { isStopped } from "./broadcast-state.js";

/** @typedef {import("./scene").Offer} Offer */
/** @typedef {import("./scene").LiveOrder} LiveOrder */
/** @typedef {{ released: number, left: number, held: number, kept: number, sold: number }} Parts */

/**
 * The parts of what was released; a card as it is added does not tell what is sold.
 * @param {Pick<Parts, "released" | "left"> & Partial<Parts>} stock
 * @returns {Parts}
 */
export function parts({ released, left, held = 0, kept = 0, sold }) {
  const rest = Math.max(left, 0);
  return {
    released,
    left: rest,
    held,
    kept,
    sold: sold ?? Math.max(released - rest - held - kept, 0),
  };
}

/**
 * Whether little is left: the number is shown in another colour.
 * @param {{ released: number, left: number }} stock
 */
export const isLow = ({ released, left }) => left > 0 && left <= released * 0.15;

/**
 * Draws `<div class="parts"><i class="parts__sold">…`: each part as wide as its share.
 * @param {HTMLElement} bar
 * @param {{ released: number } & Partial<Parts>} stock
 */
export function drawParts(bar, stock) {
  for (const name of /** @type {const} */ (["sold", "held", "kept", "left"])) {
    const share = stock.released ? (stock[name] ?? 0) / stock.released : 0;
    const [part] = findAll(bar, `.parts__${name}`);
    if (!part) continue;
    part.style.flexGrow = String(share);
    part.hidden = share === 0;
  }
}

/**
 * Whether nothing of it can be had, at any price.
 * @param {{ left: number, kept?: number }} stock
 */
export const isOut = ({ left, kept = 0 }) => left <= 0 && kept <= 0;

/**
 * What is left at the ordinary price: all may be in the flash that runs.
 * @param {Offer} offer
 */
export const leftOfWords = (offer) =>
  isStopped(offer)
    ? t("Stopped")
    : offer.left <= 0 && !isOut(offer)
      ? t("All in the flash batch")
      : leftWords(offer.left);

/** @param {number} left */
export const leftWords = (left) => (left > 0 ? t("%(n)s left", { n: count(left) }) : t("Sold out"));

/**
 * When the earliest of these held orders gives an offer's stock back, in milliseconds, or null.
 * @param {LiveOrder[]} held
 * @param {string} offer
 */
export function firstBack(held, offer) {
  const ends = held
    .filter(({ lines }) => lines?.some((line) => line.offer === offer))
    .map(({ until = Infinity }) => until);
  return ends.length ? Math.min(...ends) : null;
}

/**
 * The orders that are held at the moment.
 * @param {Map<string, LiveOrder>} orders
 */
export function heldOf(orders) {
  /** @type {LiveOrder[]} */
  const held = [];
  for (const order of orders.values()) if (order.state === "held" && order.until) held.push(order);
  return held;
}
