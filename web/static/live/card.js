// The pinned card over the video, and how any card's facts are put into words.

import { el, icon, say } from "../common/dom.js";
import { clock, count, day, dayShort, kilograms, money } from "../common/format.js";
import { pictureOf } from "../common/pictures.js";
import { n, t, text } from "../common/words.js";

const DAY = 86_400_000;
const FEW = 10; // boxes at which the number left turns red

/** When a lot was picked, in words. */
function picked(ms, now = Date.now()) {
  if (!ms) return "";
  const today = day(ms) === day(now);
  if (today && Number(clock(ms).slice(0, 2)) < 12) return t("picked this morning");
  if (today) return t("picked today");
  if (day(ms) === day(now - DAY)) return t("picked yesterday");
  return t("picked on %(day)s", { day: dayShort(ms) });
}

/** A lot and when it was picked, `Lot 1123 · picked this morning`. */
export const lotInWords = (lot) =>
  [t("Lot %(code)s", { code: lot.code }), picked(lot.harvested_at)].filter(Boolean).join(" · ");

/** What a lot gave and what of it is sold, `412 kg harvested, 380 kg sold`; nothing where unknown. */
export function balanceInWords(lot) {
  if (!lot.harvested_g) return "";
  const harvested = kilograms(lot.harvested_g);
  if (lot.sold_g === undefined) return t("%(harvested)s harvested", { harvested });
  return t("%(harvested)s harvested, %(sold)s sold", { harvested, sold: kilograms(lot.sold_g) });
}

/** What is left, in words; where nothing is, what may come back. */
export function leftInWords(card) {
  if (card.left > 0) {
    return n("%(left)s left", "%(left)s left", card.left, { left: count(card.left) });
  }
  if (card.held > 0) {
    return n(
      "%(held)s held by a buyer, may come back",
      "%(held)s held by buyers, may come back",
      card.held,
      { held: count(card.held) },
    );
  }
  return t("Sold out for now");
}

/** Name and unit together, the unit left out where the name says it, or its size, already. */
export function fullName(card) {
  const name = text(card.name);
  const unit = text(card.unit);
  const size = unit.match(/[\d.]+\s*\p{L}+/u)?.[0] ?? unit;
  return unit && !name.includes(size) ? `${name} · ${unit}` : name;
}

/** The thin bar of what was released: left, and beside it what others hold. */
export function stockBar() {
  const held = el("progress", { class: "stock stock--held" });
  const left = el("progress", { class: "stock stock--left" });
  const bar = el("span", { class: "stocks", "aria-hidden": "true" }, held, left);
  bar.show = (card) => {
    held.max = left.max = Math.max(1, card.released);
    left.value = card.left;
    held.value = card.left + (card.held ?? 0);
  };
  return bar;
}

/** The green line: which lot, when it was picked, what of it is sold; opens its story. */
export function lotLine(card, act) {
  const balance = el("span", { class: "lot-line__balance" });
  const line = el(
    "button",
    { class: "lot-line", type: "button", onclick: () => act.origin(card.lot) },
    icon("leaf", true),
    el(
      "span",
      { class: "lot-line__text" },
      el("span", { class: "lot-line__lot" }, lotInWords(card.lot), icon("next", true)),
      balance,
    ),
  );
  line.show = ({ lot }) => say(balance, balanceInWords(lot));
  return line;
}

/** The card in its place, and in words for readers of the screen in `told`; `act` has
    buy(offer), look(offer), origin(lot). */
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
    this.parts.stock.show(card);
    this.parts.lot.show(card);
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
      stock: stockBar(),
      lot: lotLine(card, this.act),
      buy: el("button", {
        class: "button button--primary pinned__buy",
        type: "button",
        onclick: () => this.act.buy(card.offer),
      }),
    };
    this.parts = parts;
    const look = el(
      "button",
      {
        class: "pinned__look",
        type: "button",
        "aria-haspopup": "dialog",
        onclick: () => this.act.look(card.offer),
      },
      el("img", { class: "thumb pinned__picture", src: pictureOf(card), alt: "", width: 88, height: 88 }),
      el(
        "span",
        { class: "pinned__text" },
        el("span", { class: "pinned__name" }, fullName(card)),
        el("span", { class: "pinned__money" }, parts.price, parts.was),
        el("span", { class: "pinned__stock" }, parts.stock, parts.left),
      ),
    );
    this.place.replaceChildren(el("div", { class: "pinned" }, look, parts.lot, parts.buy));
    this.place.hidden = false;
  }
}
