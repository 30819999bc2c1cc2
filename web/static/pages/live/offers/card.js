// The pinned card over the video, and how any card's facts are put into words.

import { el, icon, say } from "../../../lib/ui/dom.js";
import { now as serverNow } from "../../../lib/channel/server-clock.js";
import { clock, count, day, dayShort, money } from "../../../lib/format/format.js";
import { pictureOf } from "../../../lib/format/product-picture.js";
import { stopInWords } from "../../../lib/format/lot-stops.js";
import { n, t, text } from "../../../lib/words.js";
import {
  flashLine,
  flashOf,
  keptOf,
  leftOf,
  priceOf,
  wasOf,
} from "../../../lib/state/flash-batch.js";
import { isStopped, ownLeft } from "../../../lib/state/broadcast-state.js";
import { PriceGuard } from "../buying/price-guard.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../types").OfferActs} OfferActs */
/** @typedef {import("../../../lib/state/events").CardLot} CardLot */
/** @typedef {import("../types").Waits} Waits */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FEW = 10; // boxes at which the number left turns red

/**
 * When a lot was picked, in words: in hours on the same day and the night after.
 * @param {number | null} ms
 */
export function pickedInWords(ms, now = serverNow()) {
  if (!ms) return "";
  // A day without a time of day is midnight.
  const isDay = clock(ms) === "00:00";
  const hours = Math.floor((now - ms) / HOUR);
  if (!isDay && hours < 1) return t("picked within the hour");
  if (!isDay && hours < 24)
    return n("picked %(n)s h ago", "picked %(n)s h ago", hours, { n: hours });
  if (day(ms) === day(now)) return t("picked today");
  if (day(ms) === day(now - DAY)) return t("picked yesterday");
  return t("picked on %(day)s", { day: dayShort(ms) });
}

/**
 * A lot and when it was picked, `Lot 1123 · picked 9 h ago`.
 * @param {CardLot} lot
 */
export const lotInWords = (lot) =>
  [t("Lot %(code)s", { code: lot.code }), pickedInWords(lot.harvested_at)]
    .filter(Boolean)
    .join(" · ");

/**
 * Why one trusts it: when it was picked, and its test; where neither is known, its lot.
 * @param {CardLot} lot
 */
export const freshInWords = (lot) =>
  [pickedInWords(lot.harvested_at), lot.tested ? t("test passed") : ""]
    .filter(Boolean)
    .join(" · ") || t("Lot %(code)s", { code: lot.code });

/**
 * What is left, in words; where nothing is, what may come back.
 * @param {Offer} card
 */
export function leftInWords(card) {
  if (isStopped(card)) return t("Stopped");
  const flash = flashOf(card);
  if (flash) {
    return t("%(left)s of %(boxes)s left", {
      left: count(keptOf(card)),
      boxes: count(flash.boxes),
    });
  }
  if (card.left > 0) {
    return n("%(left)s left", "%(left)s left", card.left, { left: count(card.left) });
  }
  if (ownLeft(card) > 0) return t("All of this harvest is sold or held");
  const { held = 0 } = card;
  if (held > 0) {
    return n(
      "%(held)s held for a buyer, may come back",
      "%(held)s held for buyers, may come back",
      held,
      { held: count(held) },
    );
  }
  return t("Sold out for now");
}

/**
 * Name and unit together, the unit left out where the name says it, or its size, already.
 * @param {Pick<Offer, "name" | "unit"> | undefined} card nothing of one that is not in the bag
 */
export function fullName(card) {
  const name = text(card?.name);
  const unit = text(card?.unit);
  const size = unit.match(/[\d.]+\s*\p{L}+/u)?.[0] ?? unit;
  return unit && !name.includes(size) ? `${name} · ${unit}` : name;
}

/**
 * A name as it is shown: a number and its unit stay together, `2.5 kg` and `5 斤 / 箱`.
 * @param {string} name
 */
export const unbroken = (name) =>
  name
    .replace(/(\d)\s+(?=\p{L})/gu, "$1\u00a0")
    .replace(/(\d)(?=\p{Script=Han})/gu, "$1\u2060")
    .replace(/\s*\/\s*/g, "\u00a0/\u2060\u00a0");

/**
 * Name and picture of what is sold, which may be changed while they are shown.
 * @param {{ picture: HTMLImageElement, name: Element }} parts
 * @param {Offer} card
 */
export function showProduct({ picture, name }, card) {
  const address = pictureOf(card);
  if (picture.getAttribute("src") !== address) picture.src = address;
  say(name, unbroken(fullName(card)));
}

/**
 * For how many boxes others wait, in words; nothing where nobody does.
 * @param {Offer} card
 */
export const waitingInWords = ({ waiting = 0 }) =>
  waiting > 0 ? t("%(waiting)s on the waiting list", { waiting: count(waiting) }) : "";

/**
 * What is left on a card, in a line; where nothing is and others wait, how many do.
 * @param {Offer} card
 */
export function stockInWords(card) {
  const waiting = waitingInWords(card);
  if (leftOf(card) > 0 || !waiting || isStopped(card)) return leftInWords(card);
  const { held = 0 } = card;
  return `${held > 0 ? t("%(held)s held", { held: count(held) }) : t("Sold out")} · ${waiting}`;
}

/** The thin bar of what was released, or of a flash batch: left, and beside it what others hold. */
export function stockBar() {
  const held = el("progress", { class: "stock stock--held" });
  const left = el("progress", { class: "stock stock--left" });
  const bar = el("span", { class: "stocks", "aria-hidden": "true" }, held, left);
  /** @param {Offer} card */
  const show = (card) => {
    const flash = flashOf(card);
    // What is said where nothing is left takes the room of the bar.
    bar.hidden = leftOf(card) <= 0;
    // The class of its row: a bar and a number, or words alone.
    const row = bar.parentElement;
    if (row?.classList.contains("pinned__stock"))
      row.classList.toggle("pinned__stock--words", bar.hidden);
    if (row?.classList.contains("bag__stock"))
      row.classList.toggle("bag__stock--words", bar.hidden);
    held.max = left.max = Math.max(1, flash?.boxes ?? card.released);
    left.value = leftOf(card);
    held.value = flash ? 0 : card.left + (card.held ?? 0);
  };
  return Object.assign(bar, { show });
}

/**
 * The green line: how fresh it is, and whether it was tested; opens the lot's story. Red where the lot
 * is stopped, with the reason.
 * @param {OfferActs} act
 */
export function lotLine(act) {
  /** @type {CardLot | null} */
  let lot = null;
  const fresh = el("span");
  const why = el("span", { class: "lot-line__why" });
  const sign = el("span", { class: "lot-line__sign" });
  const line = el(
    "button",
    {
      class: "lot-line",
      type: "button",
      "aria-haspopup": "dialog",
      onclick: () => lot && act.origin(lot),
    },
    sign,
    el(
      "span",
      { class: "lot-line__text" },
      el("span", { class: "lot-line__lot" }, fresh, icon("next", true)),
      why,
    ),
  );
  /** @param {Offer} now */
  const show = (now) => {
    ({ lot } = now);
    const stopped = isStopped(now);
    line.classList.toggle("lot-line--stopped", stopped);
    say(fresh, stopped ? lotInWords(lot) : freshInWords(lot));
    say(why, stopped ? stopInWords(lot.stopped ?? []) : "");
    if (sign.dataset.stopped === String(stopped)) return;
    sign.dataset.stopped = String(stopped);
    sign.replaceChildren(icon(stopped ? "warning" : "leaf", true));
  };
  return Object.assign(line, { show });
}

/**
 * The button of a card: buys at the price that was seen; where nothing is left, asks to be told.
 * @param {Offer} card
 * @param {OfferActs} act
 * @param {string} classes
 */
export function buyButton(card, act, classes) {
  const { id } = card;
  const isPinned = classes === "pinned__buy";
  const button = el("button", { class: `button ${classes}`, type: "button" });
  const seen = new PriceGuard(button);
  button.addEventListener("click", () => {
    const price = seen.take();
    if (button.dataset.does === "buy") act.buy(id, { price });
    else if (button.dataset.does === "wait") act.wait(id);
    else act.look(id);
  });
  /**
   * @param {Offer} now
   * @param {boolean} buyable
   * @param {import("../../../lib/state/api").Waiting | null} wait
   */
  const show = (now, buyable, wait) => {
    seen.show(priceOf(now).amount);
    const left = leftOf(now) > 0;
    const stopped = isStopped(now);
    button.dataset.does = left ? "buy" : wait || stopped ? "look" : "wait";
    button.disabled = !buyable || stopped;
    button.classList.toggle("button--primary", left && isPinned);
    if (stopped) say(button, t("Stopped"));
    else if (left) say(button, t("Buy"));
    else if (!buyable) say(button, t("Sold out"));
    else if (wait) say(button, t("Number %(place)s in line", { place: count(wait.place) }));
    else say(button, t("Tell me when it is back"));
    // In a list each button is of another offer.
    if (!isPinned) button.setAttribute("aria-label", `${button.textContent}: ${fullName(now)}`);
  };
  return Object.assign(button, { show });
}

/** The card in its place, and in words for readers of the screen in `told`; `act` has
    buy(offer, {price}), look(offer), origin(lot), wait(offer); `waits` knows for what one waits. */
export class PinnedCard {
  /**
   * @param {HTMLElement} place
   * @param {HTMLElement} told
   * @param {OfferActs} act
   * @param {Waits} waits
   */
  constructor(place, told, act, waits) {
    this.place = place;
    this.told = told;
    this.act = act;
    this.waits = waits;
    /** @type {string | null} the offer that is shown */
    this.shown = null;
    /** @type {string | undefined} what was read out */
    this.said = undefined;
    /** @type {ReturnType<PinnedCard["build"]> | null} */
    this.parts = null;
  }

  /**
   * @param {Offer | null} card
   * @param {boolean} buyable
   */
  render(card, buyable) {
    if (!card) {
      this.place.replaceChildren();
      this.place.hidden = true;
      this.shown = null;
      return;
    }
    if (this.shown !== card.id || !this.parts) this.parts = this.build(card);
    const { parts } = this;
    this.tell(card);
    showProduct(parts, card);
    const was = wasOf(card);
    const left = leftOf(card);
    say(parts.price, money(priceOf(card)), true);
    say(parts.was, was ? money(was) : "");
    parts.was.hidden = !was;
    parts.flash.show(card);
    say(parts.left, stockInWords(card), true);
    this.place.firstElementChild?.classList.toggle("pinned--out", left <= 0);
    parts.left.classList.toggle("pinned__left--few", left > 0 && left <= FEW);
    parts.stock.show(card);
    parts.lot.show(card);
    parts.buy.show(card, buyable, this.waits.of(card.id));
  }

  /**
   * Read out what is on screen when it comes, and when it is nearly gone; not each box sold.
   * @param {Offer} card
   */
  tell(card) {
    const left = leftOf(card);
    const few = isStopped(card) ? "stopped" : left <= 0 ? "none" : left <= FEW ? "few" : "some";
    const price = priceOf(card);
    const key = `${card.id} ${price.amount} ${few}`;
    if (key === this.said) return;
    this.said = key;
    const stock = isStopped(card) ? stopInWords(card.lot.stopped ?? []) : leftInWords(card);
    say(this.told, `${fullName(card)}, ${money(price)}, ${stock}`);
  }

  /** @param {Offer} card */
  build(card) {
    this.shown = card.id;
    const parts = {
      picture: el("img", { class: "thumb pinned__picture", alt: "", width: 96, height: 96 }),
      name: el("span", { class: "pinned__name" }),
      price: el("span", { class: "price" }),
      was: el("s", { class: "price-was" }),
      left: el("span", { class: "pinned__left" }),
      stock: stockBar(),
      lot: lotLine(this.act),
      flash: flashLine(),
      buy: buyButton(card, this.act, "pinned__buy"),
    };
    const look = el(
      "button",
      {
        class: "pinned__look",
        type: "button",
        "aria-haspopup": "dialog",
        onclick: () => this.act.look(card.id),
      },
      parts.picture,
      el(
        "span",
        { class: "pinned__text" },
        parts.name,
        el("span", { class: "pinned__money" }, parts.price, parts.was),
        el("span", { class: "pinned__stock" }, parts.stock, parts.left),
      ),
    );
    this.place.replaceChildren(
      el("div", { class: "pinned" }, parts.flash, look, parts.lot, parts.buy),
    );
    this.place.hidden = false;
    return parts;
  }
}
