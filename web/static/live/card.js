// The pinned card over the video, and how any card's facts are put into words.

import { el, icon, say } from "../common/dom.js";
import { clock, count, day, money } from "../common/format.js";
import { n, page, t, text } from "../common/words.js";

const DAY = 86_400_000;
const FEW = 10; // boxes at which the number left turns red

/** When a lot was picked, in words. */
function picked(ms, now = Date.now()) {
  if (!ms) return "";
  const today = day(ms) === day(now);
  if (today && Number(clock(ms).slice(0, 2)) < 12) return t("picked this morning");
  if (today) return t("picked today");
  if (day(ms) === day(now - DAY)) return t("picked yesterday");
  return t("picked on %(day)s", { day: day(ms) });
}

/** A lot and when it was picked, `Lot 1123 · picked this morning`. */
export const lotInWords = (lot) =>
  [t("Lot %(code)s", { code: lot.code }), picked(lot.harvested_at)].filter(Boolean).join(" · ");

/** What is left, in words. */
export function leftInWords(card) {
  if (card.left <= 0) return t("Sold out for now");
  return n("%(left)s left", "%(left)s left", card.left, { left: count(card.left) });
}

/** A product's picture, or the drawing. */
export const pictureOf = (card) => card.picture ?? `${page.pictures}produce.svg`;

/** Name and unit together, the unit left out where the name says it already. */
export function fullName(card) {
  const name = text(card.name);
  const unit = text(card.unit);
  return unit && !name.includes(unit) ? `${name} · ${unit}` : name;
}

/** The card in its place, and in words for readers of the screen in `told`; `act` has buy(offer), origin(lot). */
export class PinnedCard {
  constructor(place, told, act) {
    this.place = place;
    this.told = told;
    this.act = act;
    this.shown = null;
  }

  render(card, buyable) {
    if (!card) {
      this.place.replaceChildren();
      this.place.hidden = true;
      this.shown = null;
      return;
    }
    if (this.shown !== card.offer) this.build(card);
    this.tell(card);
    say(this.parts.price, money(card.price), true);
    say(this.parts.was, card.list_price ? money(card.list_price) : "");
    this.parts.was.hidden = !card.list_price;
    say(this.parts.left, leftInWords(card));
    this.parts.left.classList.toggle("pinned__left--few", card.left > 0 && card.left <= FEW);
    this.parts.stock.max = Math.max(1, card.released);
    this.parts.stock.value = card.left;
    this.parts.buy.disabled = !buyable || card.left <= 0;
    say(this.parts.buy, card.left > 0 ? t("Buy") : t("Sold out"));
  }

  /** Read out what is on screen when it comes, and when it is nearly gone; not each box sold. */
  tell(card) {
    const few = card.left <= 0 ? "none" : card.left <= FEW ? "few" : "some";
    const key = `${card.offer} ${card.price.amount} ${few}`;
    if (key === this.said) return;
    this.said = key;
    say(this.told, `${fullName(card)}, ${money(card.price)}, ${leftInWords(card)}`);
  }

  build(card) {
    this.shown = card.offer;
    const parts = {
      price: el("span", { class: "price" }),
      was: el("s", { class: "price-was" }),
      left: el("span", { class: "pinned__left" }),
      stock: el("progress", { class: "stock", "aria-hidden": "true" }),
      buy: el("button", {
        class: "button button--primary pinned__buy",
        type: "button",
        onclick: () => this.act.buy(card.offer),
      }),
    };
    this.parts = parts;
    const lot = el(
      "button",
      { class: "pinned__lot", type: "button", onclick: () => this.act.origin(card.lot) },
      icon("leaf", true),
      el("span", {}, lotInWords(card.lot)),
      icon("next", true),
    );
    const box = el(
      "div",
      { class: "pinned" },
      el("img", { class: "thumb", src: pictureOf(card), alt: "", width: 72, height: 72 }),
      el(
        "div",
        { class: "pinned__text" },
        el("h2", { class: "pinned__name" }, fullName(card)),
        el("p", { class: "pinned__money" }, parts.price, parts.was),
        el("div", { class: "pinned__stock" }, parts.stock, parts.left),
      ),
      lot,
      parts.buy,
    );
    this.place.replaceChildren(box);
    this.place.hidden = false;
  }
}
