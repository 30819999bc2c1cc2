// The balance of a lot: what was harvested, wasted, sold, held and is left, in kilograms, and what of
// it that is in boxes of each kind. Decides only, but for the table that it draws.

import { el, icon, say } from "../ui/dom.js";
import { count, kilograms } from "../format/format.js";
import { t, text } from "../words.js";
import { ownLeft } from "./broadcast-state.js";
import { parts } from "./stock-parts.js";

/** @typedef {import("./scene").Offer} Offer */

/**
 * A lot in grams, and its boxes by offer.
 * @typedef {object} Balance
 * @property {string} code
 * @property {number} harvested
 * @property {number} wasted
 * @property {number} sold
 * @property {number} held
 * @property {number} left
 * @property {{ offer: string, name: string, sold: number, held: number, left: number, gives: number }[]} boxes
 */

/**
 * The lot of an offer, or null where nothing is known of it.
 * @param {Offer} offer
 * @param {Iterable<Offer>} offers of the bag
 * @returns {Balance | null}
 */
export function balanceOf(offer, offers) {
  const {
    id,
    code,
    harvested_g: harvested,
    wasted_g: wasted = 0,
    sold_g: sold = 0,
    left_g: known,
  } = offer.lot;
  if (!harvested) return null;
  const kinds = [...offers].filter((each) => each.lot.id === id);
  // A server that tells no rest of the lot leaves out what other broadcasts hold of it.
  const heldHere = kinds.reduce((grams, each) => grams + (each.held ?? 0) * each.net_weight_g, 0);
  const left = Math.max(0, known ?? harvested - wasted - sold - heldHere);
  return {
    code,
    harvested,
    wasted,
    sold,
    held: Math.max(0, harvested - wasted - sold - left),
    left,
    boxes: kinds.map((each) => {
      const { sold: gone, held, kept } = parts(each);
      return {
        offer: each.id,
        name: text(each.name),
        sold: gone,
        held,
        left: ownLeft(each) + kept,
        gives: Math.floor(left / each.net_weight_g),
      };
    }),
  };
}

/**
 * How many boxes of an offer its lot still gives, those released and left among them; null: unknown.
 * @param {Offer} offer
 * @param {Iterable<Offer>} offers
 */
export function gives(offer, offers) {
  const balance = balanceOf(offer, offers);
  return balance && Math.floor(balance.left / offer.net_weight_g);
}

/**
 * How many more boxes of an offer can be released: what its lot gives less those that are left.
 * @param {Offer} offer
 * @param {Iterable<Offer>} offers
 */
export function releasable(offer, offers) {
  const most = gives(offer, offers);
  if (most === null) return null;
  return Math.max(0, most - ownLeft(offer) - (offer.kept ?? 0));
}

/**
 * The one line of a lot: what is left of what was picked.
 * @param {Balance} balance
 */
export function lotWords(balance) {
  return t("Lot %(code)s: %(left)s left of %(harvested)s", {
    code: balance.code,
    left: kilograms(balance.left),
    harvested: kilograms(balance.harvested),
  });
}

/**
 * Draws the balance into a place, anew only where a number changed.
 * @param {HTMLElement} place
 * @param {Balance} balance
 */
export function drawBalance(place, balance) {
  const shown = JSON.stringify(balance);
  if (place.dataset.shown === shown) return;
  place.dataset.shown = shown;
  /** @type {[string, number][]} */
  const weights = [
    [t("Harvested"), balance.harvested],
    [t("Wasted"), balance.wasted],
    [t("Sold"), balance.sold],
    [t("Held"), balance.held],
    [t("Left"), balance.left],
  ];
  const bar = el("div", { class: "balance__bar", "aria-hidden": "true" });
  for (const name of /** @type {const} */ (["wasted", "sold", "held", "left"])) {
    const part = el("i", { class: `balance__${name}` });
    part.style.flexGrow = String(balance[name] / balance.harvested);
    part.hidden = balance[name] === 0;
    bar.append(part);
  }
  const head = [t("In boxes"), t("Sold"), t("Held"), t("On sale"), t("Lot still gives")];
  place.replaceChildren(
    bar,
    el(
      "dl",
      { class: "balance__weights" },
      weights.map(([name, grams]) =>
        el("div", {}, el("dt", {}, name), el("dd", { class: "number" }, kilograms(grams))),
      ),
    ),
    el(
      "table",
      { class: "balance__boxes" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          head.map((words) => el("th", { scope: "col" }, words)),
        ),
      ),
      el(
        "tbody",
        {},
        balance.boxes.map((each) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, each.name),
            [each.sold, each.held, each.left, each.gives].map((value) =>
              el("td", { class: "number" }, count(value)),
            ),
          ),
        ),
      ),
    ),
    el(
      "p",
      { class: "small soft" },
      t(
        "Kilograms count every broadcast that sells this lot; boxes count this one only. What is left is shared by all sizes.",
      ),
    ),
  );
}

/**
 * What the refusal `lot-spent` says of an offer of which its lot gives `most` more, with what to do.
 * @param {Offer} offer
 * @param {number} left
 * @param {number} most
 */
export function spentWords(offer, left, most) {
  const values = { code: offer.lot.code, left: kilograms(left), n: count(most) };
  return most > 0
    ? t(
        "Lot %(code)s has %(left)s left, enough for %(n)s more. Release no more than that, or record what has been picked since.",
        values,
      )
    : t(
        "Lot %(code)s has %(left)s left, all of it already on sale. Record what has been picked since, and add that to the bag.",
        values,
      );
}

/**
 * Says a lot's line in the button that opens its balance.
 * @param {HTMLElement} button
 * @param {Balance} balance
 * @param {boolean} isOpen
 */
export function sayLot(button, balance, isOpen) {
  if (!button.firstChild) button.append(icon("leaf", true), el("span"), icon("next", true));
  say(button.querySelector("span"), lotWords(balance));
  button.setAttribute("aria-expanded", String(isOpen));
}
