// What a refusal means for the lines of a basket, and for the cards until the log tells more. What is then
// done is the basket's.

import { running } from "../../../../lib/state/flash-batch.js";

/** @typedef {import("../../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../../types").BasketLines} Lines */
/** @typedef {import("../../types").Hold} Hold */
/** @typedef {import("../../types").BasketChange} BasketChange */

/**
 * What the server could not keep of the lines: `{offer, was, now, over}` where a price changed,
 * `over` why the flash whose price it was is over, if it was one; else
 * `{offer, left, why}` with what can be had of it and why no more: sold-out, lot-spent or
 * limit-reached or box-limit, and what of `held`, `back_at`, `sold_at`, `limit`, `had` and `flash`
 * belongs to it.
 * @param {Pick<import("../../../../lib/channel/api.js").Problem, "slug" | "body">} problem
 * @param {{ lines: Lines, hold: Hold | null, offers: Map<string, Offer> }} basket
 * @returns {BasketChange[]}
 */
export function changesOf({ slug, body = {} }, { lines, hold, offers }) {
  /** @type {{ offer: string, price?: { amount: number } | number, flash?: { why: string } }[]} */
  const told = body.offers ?? [];
  switch (slug) {
    case "price-changed":
      return told.map(({ offer, price, flash }) => ({
        offer,
        was: lines.get(offer)?.price,
        now: typeof price === "object" ? price.amount : price,
        over: flash?.why,
      }));
    case "sold-out":
      return told.map((one) => ({ ...one, why: slug, flash: lines.get(one.offer)?.flash }));
    case "lot-spent":
      return shared(body, lines, hold, offers);
    case "limit-reached": {
      const { offer, limit, had } = body;
      const flash = lines.get(offer)?.flash;
      return [{ offer, left: Math.max(0, limit - had), why: slug, limit, had, flash }];
    }
    case "box-limit": {
      // Of a phone or a network it is not told how many it has.
      const { offer, limit, left } = body;
      return left === null ? [] : [{ offer, left, why: slug, limit }];
    }
    default:
      return [];
  }
}

/**
 * What a lot gives to lines that share it, what is held of it among it: the first as many as it
 * holds, the next of the rest.
 * @param {import("../../../../lib/channel/api.js").ProblemBody} refusal its `lot`, and its `left_g`
 * @param {Lines} lines
 * @param {Hold | null} hold
 * @param {Map<string, Offer>} offers
 */
function shared({ lot, left_g: left = 0 }, lines, hold, offers) {
  /** @param {string} offer */
  const grams = (offer) => {
    const card = offers.get(offer);
    return card?.lot.id === lot ? (card?.net_weight_g ?? 0) : 0;
  };
  let rest = left;
  for (const [offer, { quantity }] of hold?.lines ?? []) rest += quantity * grams(offer);
  /** @type {BasketChange[]} */
  const changes = [];
  for (const [offer, { quantity }] of lines) {
    const each = grams(offer);
    if (!each) continue;
    const gives = Math.max(0, Math.floor(rest / each));
    rest -= Math.min(gives, quantity) * each;
    if (gives < quantity)
      changes.push({ offer, left: gives, why: "lot-spent", lot: offers.get(offer)?.lot.code });
  }
  return changes;
}

/**
 * What a refusal told of an offer stands on its card until the log tells more.
 * @param {BasketChange} change
 * @param {Pick<import("./basket.js").Basket, "scene" | "hold">} basket
 */
export function believe({ offer, was, now: price, over, left = 0, why, flash }, { scene, hold }) {
  const card = scene.offers.get(offer);
  if (!card) return;
  if (over && running(card)?.price.amount === was) card.flash = null;
  if (price !== undefined && running(card)?.price.amount !== price) {
    card.price = { ...card.price, amount: price };
  }
  if (why !== "sold-out") return;
  const rest = Math.max(0, left - (hold?.lines.get(offer)?.quantity ?? 0));
  if (flash) card.kept = rest;
  else {
    card.left = rest;
    card.sold = card.released - (card.held ?? 0) - (card.kept ?? 0) - rest;
  }
}
