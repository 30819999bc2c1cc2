// The lines of the basket in the buying sheet, each with its picture, price and quantity; and what
// else the bag has.

import { el, icon, say } from "../../../lib/ui/dom.js";
import { count, money } from "../../../lib/format/format.js";
import { pictureOf } from "../../../lib/format/product-picture.js";
import { n, page, t } from "../../../lib/words.js";
import { mostOf, mostOfOrder } from "./basket/box-limits.js";
import { fullName, leftInWords } from "../offers/card.js";
import { leftOf, priceOf, running } from "../../../lib/state/flash-batch.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../../../lib/state/broadcast-state.js").BroadcastState} BroadcastState */
/** @typedef {import("./basket/basket.js").Basket} Basket */
/** @typedef {import("../types").BasketLine} BasketLine */
/** @typedef {ReturnType<BasketLines["row"]>} Row */

/** @param {number} amount */
const price = (amount) => money({ amount, currency: page.currency ?? "CNY" });

export class BasketLines {
  /**
   * @param {HTMLElement} place
   * @param {Basket} basket
   * @param {BroadcastState} scene
   */
  constructor(place, basket, scene) {
    this.place = place;
    this.basket = basket;
    this.scene = scene;
    /** @type {Map<string, Row>} by offer */
    this.rows = new Map();
  }

  render() {
    for (const [offer, row] of this.rows) {
      if (this.basket.lines.has(offer)) continue;
      row.item.remove();
      this.rows.delete(offer);
    }
    for (const [offer, line] of this.basket.lines) {
      const card = this.scene.offers.get(offer);
      if (!card) continue;
      let row = this.rows.get(offer);
      if (!row) {
        row = this.row(card);
        this.rows.set(offer, row);
        this.place.append(row.item);
      }
      this.update(row, card, line);
    }
  }

  /** @param {Offer} card */
  row(card) {
    const { basket } = this;
    const { id: offer } = card;
    const quantity = () => basket.lines.get(offer)?.quantity ?? 0;
    const parts = {
      price: el("span", { class: "price price--small" }),
      was: el("s", { class: "price-was" }),
      left: el("span", { class: "lines__left small soft" }),
      kept: el("p", { class: "small lines__kept" }),
      less: el("button", {
        class: "stepper__button",
        type: "button",
        onclick: () => basket.set(offer, quantity() - 1),
      }),
      number: el("input", {
        class: "stepper__value",
        type: "number",
        min: "1",
        step: "1",
        inputmode: "numeric",
        enterkeyhint: "done",
        "aria-label": t("Quantity: %(name)s", { name: fullName(card) }),
        onchange: (/** @type {{ target: HTMLInputElement }} */ { target }) =>
          basket.set(offer, Math.max(1, Number(target.value))),
        // Enter ends the typing; in a form it would press its button, which orders.
        onkeydown: (/** @type {KeyboardEvent & { target: HTMLInputElement }} */ event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          event.target.blur();
        },
      }),
      more: el(
        "button",
        {
          class: "stepper__button",
          type: "button",
          "aria-label": t("One more: %(name)s", { name: fullName(card) }),
          onclick: () => basket.set(offer, quantity() + 1),
        },
        icon("plus"),
      ),
    };
    const item = el(
      "li",
      { class: "lines__row" },
      el("img", { class: "thumb", src: pictureOf(card), alt: "", width: 72, height: 72 }),
      el("p", { class: "lines__name" }, fullName(card)),
      el("p", { class: "lines__money" }, parts.price, parts.was),
      el("div", { class: "stepper" }, parts.less, parts.number, parts.more),
      parts.left,
      parts.kept,
    );
    return { ...parts, item };
  }

  /**
   * @param {Row} row
   * @param {Offer} card
   * @param {BasketLine} line
   */
  update(row, card, line) {
    const most = mostOf(card.id, this.basket);
    say(row.price, price(line.price));
    const was = line.flash ? card.price : card.list_price;
    say(row.was, was ? money(was) : "");
    row.was.hidden = !was;
    say(row.left, leftInWords(card));
    row.left.hidden = Boolean(this.basket.hold) && leftOf(card) <= 0;
    if (document.activeElement !== row.number) row.number.value = String(line.quantity);
    row.number.max = String(Math.max(1, most));
    row.more.disabled = line.quantity >= most;
    const last = line.quantity <= 1;
    if (row.less.dataset.last !== String(last)) {
      row.less.dataset.last = String(last);
      const name = fullName(card);
      row.less.replaceChildren(icon(last ? "bin" : "minus"));
      row.less.setAttribute(
        "aria-label",
        last ? t("Remove %(name)s", { name }) : t("One less: %(name)s", { name }),
      );
    }
    const words = this.mostInWords(card, line) || this.priceInWords(card, line, most);
    row.kept.hidden = !words;
    say(row.kept, words);
  }

  /**
   * How many boxes an order may have, once it has them.
   * @param {Pick<Offer, "id">} card
   * @param {BasketLine} line
   */
  mostInWords({ id }, { quantity }) {
    /** @type {import("../types").LiveData} */
    const { order_boxes: boxes } = page.data;
    if (!boxes || quantity < mostOfOrder(id, this.basket)) return "";
    return n("At most %(boxes)s box per order.", "At most %(boxes)s boxes per order.", boxes, {
      boxes: count(boxes),
    });
  }

  /**
   * What is to be known of a line's price: a batch's limit, or that what is held keeps it.
   * @param {Offer} card
   * @param {BasketLine} line
   * @param {number} most
   */
  priceInWords(card, line, most) {
    const flash = running(card);
    if (line.flash && flash?.id === line.flash) {
      if (!flash.per_buyer || line.quantity < most) return "";
      const limit = flash.per_buyer;
      return n(
        "At this price the limit is %(limit)s per buyer.",
        "At this price the limit is %(limit)s per buyer.",
        limit,
        { limit: count(limit) },
      );
    }
    // A price that rose meanwhile does not touch what is held, unless it was put right.
    if (
      this.basket.hold?.lines.get(card.id)?.price !== line.price ||
      card.price.amount <= line.price
    )
      return "";
    return t("The price is now %(price)s; you keep yours while the hold lasts.", {
      price: money(card.price),
    });
  }
}

/** What else the bag has, to put in with it. */
export class More {
  /**
   * @param {HTMLElement} place
   * @param {HTMLElement} list
   * @param {Basket} basket
   * @param {BroadcastState} scene
   */
  constructor(place, list, basket, scene) {
    this.place = place;
    this.list = list;
    this.basket = basket;
    this.scene = scene;
    /** @type {string | undefined} */
    this.shown = undefined;
  }

  render() {
    const cards = [...this.scene.offers.values()].filter(
      (card) => !this.basket.lines.has(card.id) && leftOf(card) > 0,
    );
    this.place.hidden = cards.length === 0;
    const key = JSON.stringify(cards.map((card) => [card.id, priceOf(card).amount]));
    if (key === this.shown) return;
    this.shown = key;
    this.list.replaceChildren(...cards.map((card) => this.row(card)));
  }

  /** @param {Offer} card */
  row(card) {
    const name = fullName(card);
    const price = priceOf(card);
    return el(
      "li",
      { class: "more__row" },
      el("img", {
        class: "thumb thumb--small",
        src: pictureOf(card),
        alt: "",
        width: 56,
        height: 56,
      }),
      el(
        "p",
        { class: "lines__text" },
        el("span", { class: "lines__name" }, name),
        el("span", { class: "number soft" }, money(price)),
      ),
      el(
        "button",
        {
          class: "button button--icon",
          type: "button",
          "aria-label": t("Add %(name)s", { name }),
          onclick: () => {
            this.basket.channel.tell({ type: "card.open", offer: card.id });
            this.basket.add(card.id, price.amount);
          },
        },
        icon("plus"),
      ),
    );
  }
}
