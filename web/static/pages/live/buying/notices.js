// What went wrong or changed while one buys, in words, and the one tap that answers it.

import { clock, count, money, weight } from "../../../lib/format/format.js";
import { now } from "../../../lib/channel/server-clock.js";
import { sentence } from "../../../lib/format/problems.js";
import { n, page, t } from "../../../lib/words.js";
import { fullName } from "../offers/card.js";
import { leftOf } from "../../../lib/state/flash-batch.js";

/** @typedef {import("./basket/basket.js").Basket} Basket */
/** @typedef {import("../../../lib/state/broadcast-state.js").BroadcastState} BroadcastState */
/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../types").BasketChange} BasketChange */
/** @typedef {import("../types").NoticeActs} NoticeActs */
/** @typedef {{ words: string, acts: NoticeActs }} Notice */
/** @typedef {{ was: string, now: string }} Raised */
/**
 * @typedef {object} Situation
 * @property {Basket} basket
 * @property {BroadcastState} scene
 * @property {import("../../../lib/channel/api.js").Problem | null} failed
 * @property {string | null} taken what went out of the basket since its lot is stopped
 * @property {Raised | null} raised a total that rose, or became one for fewer boxes, under the thumb
 * @property {number | undefined} heavy the most grams that a parcel holds
 * @property {Acts} act
 */
/** @typedef {{ elsewhere: () => void, wait: (offer: string, quantity: number) => void }} Acts */

const JUST = 60_000; // what went so lately is said with its seconds

/**
 * Sentences one after the other, as the page's language writes them.
 * @param {(string | false | null)[]} each
 */
export const sentences = (...each) => each.filter(Boolean).join(page.language === "zh" ? "" : " ");

/** @param {number} amount */
const price = (amount) => money({ amount, currency: page.currency ?? "CNY" });

/**
 * What the sheet says, and the taps that answer it.
 * @param {Situation} situation
 * @returns {Notice}
 */
export function noticeOf({ basket, scene, failed, taken, raised, heavy, act }) {
  const prices = basket.changes.filter((change) => change.now !== undefined);
  const short = basket.changes.filter((change) => change.left !== undefined);
  if (prices.length > 0) return changed(basket, scene, prices);
  if (short.length > 0) return gone(basket, scene, short, raised, act);
  if (taken) return { words: taken, acts: [] };
  if (raised) {
    return {
      words: t(
        "The price is now %(now)s; it was %(was)s a moment ago. Nothing has been ordered yet: place the order again if you agree.",
        raised,
      ),
      acts: [],
    };
  }
  if (heavy) {
    return {
      words: t("A parcel to that region can weigh at most %(most)s. Order less, or pick it up.", {
        most: weight(heavy),
      }),
      acts: [],
    };
  }
  if (failed) return { words: sentence(failed), acts: [] };
  const { problem } = basket;
  if (!problem || problem.slug === "unknown-message-type") return { words: "", acts: [] };
  // Without a hold one orders; what is too much is made less.
  const isFinal = ["hold-share", "order-too-large", "box-limit"].includes(problem.slug);
  /** @type {NoticeActs} */
  const acts = basket.state === "loose" && !isFinal ? [[t("Try again"), () => basket.again()]] : [];
  return { words: sentence(problem), acts };
}

/**
 * @param {Basket} basket
 * @param {BroadcastState} scene
 * @param {BasketChange[]} prices
 * @returns {Notice}
 */
function changed(basket, scene, prices) {
  const words = prices.map((change) => changedInWords(change, scene));
  let total = basket.total.amount;
  for (const { offer, was = 0, now: is = 0 } of prices) {
    total += (is - was) * (basket.lines.get(offer)?.quantity ?? 0);
  }
  /** @type {NoticeActs} */
  const acts = [[t("Buy for %(total)s", { total: price(total) }), () => basket.accept()]];
  // Where it is held at the new price too, to keep it is to take it.
  const isHeldSo = prices.every(
    ({ offer, now: is }) => basket.hold?.lines.get(offer)?.price === is,
  );
  if (basket.hold && !isHeldSo) acts.push([t("Keep what I hold"), () => basket.keepHeld()]);
  else if (basket.lines.size > prices.length)
    acts.push([t("Order without it"), () => basket.without()]);
  else acts.push([t("No, thanks"), () => basket.drop()]);
  return { words: sentences(...words), acts };
}

/**
 * What it costs now, and why: a flash has ended, or the price is another.
 * @param {BasketChange} change
 * @param {BroadcastState} scene
 */
function changedInWords({ offer, was = 0, now: is = 0, over }, scene) {
  const values = { name: fullName(scene.offers.get(offer)), was: price(was), now: price(is) };
  if (over === "sold_out") {
    return t(
      "All %(name)s at %(was)s are gone. The price is now %(now)s; nothing has been ordered yet.",
      values,
    );
  }
  if (over === "wrong")
    return t(
      "The price %(was)s was a mistake. %(name)s is %(now)s; nothing has been ordered yet.",
      values,
    );
  if (over)
    return t(
      "The flash batch at %(was)s is over. %(name)s is now %(now)s; nothing has been ordered yet.",
      values,
    );
  return t(
    "%(name)s was %(was)s a moment ago and is now %(now)s. Nothing has been ordered yet.",
    values,
  );
}

/**
 * @param {Basket} basket
 * @param {BroadcastState} scene
 * @param {BasketChange[]} short
 * @param {Raised | null} raised
 * @param {Acts} act
 * @returns {Notice}
 */
function gone(basket, scene, short, raised, act) {
  const words = sentences(...short.map((change) => shortInWords(change, scene)));
  const none = short.filter((change) => change.left === 0);
  if (none.length === 0) {
    const once = raised && t("Nothing has been ordered yet: place the order again if you agree.");
    const { problem } = basket;
    const how = problem?.slug === "hold-share" && sentence(problem);
    return { words: sentences(words, once || how), acts: [] };
  }
  /** @type {NoticeActs} */
  const acts = [];
  const dear = none.find(({ offer, flash }) => flash && (scene.offers.get(offer)?.left ?? 0) > 0);
  const ordinary = dear && scene.offers.get(dear.offer)?.price;
  /** @param {BasketChange} change */
  const isLimit = ({ why }) => why === "limit-reached" || why === "box-limit";
  const back = short.every((change) => {
    const card = scene.offers.get(change.offer);
    return (change.left ?? 0) > 0 || (!isLimit(change) && card !== undefined && leftOf(card) > 0);
  });
  if (ordinary) {
    acts.push([t("Buy for %(total)s", { total: money(ordinary) }), () => basket.ordinary()]);
  } else if (back) acts.push([t("Hold it now"), () => basket.again()]);
  else if (none.length === 1 && !isLimit(none[0])) {
    const { offer } = none[0];
    const quantity = basket.lines.get(offer)?.quantity ?? 1;
    acts.push([t("Tell me when one comes back"), () => act.wait(offer, quantity)]);
  }
  if (basket.lines.size > 1) acts.push([t("Order without it"), () => basket.without()]);
  else acts.push([t("Look into the bag"), () => act.elsewhere()]);
  return { words, acts };
}

/**
 * @param {BasketChange} change
 * @param {BroadcastState} scene
 */
function shortInWords(change, scene) {
  const { offer, left = 0, why } = change;
  const card = scene.offers.get(offer);
  const name = fullName(card);
  if (why === "limit-reached") return limitInWords(change, name);
  if (why === "box-limit") return boxLimitInWords(change, name);
  if (why === "lot-spent") {
    return left > 0
      ? n(
          "Lot %(lot)s has enough for %(left)s more of %(name)s; your order now has that one.",
          "Lot %(lot)s has enough for %(left)s more of %(name)s; your order now has those.",
          left,
          { name, left: count(left), lot: change.lot },
        )
      : t("No more of %(name)s: all of lot %(lot)s is sold or held.", {
          name,
          lot: change.lot,
        });
  }
  if (left > 0) {
    return n(
      "Only %(left)s of %(name)s is left; your order now has that one.",
      "Only %(left)s of %(name)s are left; your order now has those.",
      left,
      { name, left },
    );
  }
  if (card && leftOf(card) > 0 && !change.flash) return t("%(name)s is back in stock.", { name });
  return sentences(goneInWords(change, card, name), heldInWords(change, card));
}

/**
 * @param {BasketChange} change
 * @param {string} name
 */
function limitInWords({ left = 0, limit = 0, had = 0 }, name) {
  const words = { name, limit: count(limit), had: count(had), left: count(left) };
  if (left > 0) {
    return n(
      "At this price the limit for %(name)s is %(limit)s per buyer; your order now has %(left)s.",
      "At this price the limit for %(name)s is %(limit)s per buyer; your order now has %(left)s.",
      limit,
      words,
    );
  }
  return n(
    "At this price the limit for %(name)s is %(limit)s per buyer, and you already have %(had)s.",
    "At this price the limit for %(name)s is %(limit)s per buyer, and you already have %(had)s.",
    limit,
    words,
  );
}

/**
 * @param {BasketChange} change
 * @param {string} name
 */
function boxLimitInWords({ left = 0, limit = 0 }, name) {
  const words = { name, limit: count(limit), left: count(left) };
  if (left > 0) {
    return t(
      "A buyer can have at most %(limit)s unpacked boxes of %(name)s; your order now has %(left)s.",
      words,
    );
  }
  return t(
    "A buyer can have at most %(limit)s unpacked boxes of %(name)s, and you have that many. Order more once they are packed.",
    words,
  );
}

/**
 * When the last one went.
 * @param {BasketChange} change
 * @param {Offer | undefined} card
 * @param {string} name
 */
function goneInWords({ flash, sold_at: soldAt }, card, name) {
  const values = { name: flash ? t("%(name)s at the flash price", { name }) : name };
  const at = soldAt ?? (flash ? null : card?.gone_at) ?? null;
  const ago = at === null ? -1 : now() - at;
  if (at === null || ago < 0) return t("%(name)s has just sold out.", values);
  if (ago >= JUST)
    return t("The last of %(name)s went at %(time)s.", { ...values, time: clock(at) });
  const seconds = Math.max(1, Math.round(ago / 1000));
  return n(
    "The last of %(name)s went %(seconds)s second ago.",
    "The last of %(name)s went %(seconds)s seconds ago.",
    seconds,
    { ...values, seconds },
  );
}

/**
 * What may come back of it, and when the first of that does.
 * @param {BasketChange} change
 * @param {Offer | undefined} card
 */
function heldInWords({ held: told, back_at: at }, card) {
  const held = told ?? card?.held ?? 0;
  if (held <= 0) return t("More may be released: keep watching.");
  if (at) {
    return n(
      "%(held)s is held for a buyer and comes back at %(time)s if it isn't ordered.",
      "%(held)s are held for buyers and come back if they aren't ordered, the first at %(time)s.",
      held,
      { held: count(held), time: clock(at) },
    );
  }
  return n(
    "%(held)s is held for another buyer and comes back if they don't order: keep watching.",
    "%(held)s are held for other buyers and come back if they don't order: keep watching.",
    held,
    { held: count(held) },
  );
}
