// The lines of the basket in the buying sheet, each with its picture, price and quantity; and what
// else the bag has.

import { el, icon, say } from "../common/dom.js";
import { money } from "../common/format.js";
import { pictureOf } from "../common/pictures.js";
import { page, t } from "../common/words.js";
import { fullName, leftInWords } from "./card.js";

const price = (amount) => money({ amount, currency: page.currency });

export class Lines {
  constructor(place, basket, scene) {
    this.place = place;
    this.basket = basket;
    this.scene = scene;
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
      if (!this.rows.has(offer)) {
        const row = this.row(card);
        this.rows.set(offer, row);
        this.place.append(row.item);
      }
      this.update(this.rows.get(offer), card, line);
    }
  }

  row(card) {
    const { basket } = this;
    const { offer } = card;
    const quantity = () => basket.lines.get(offer)?.quantity ?? 0;
    const parts = {
      price: el("span", { class: "price price--small" }),
      was: el("s", { class: "price-was" }),
      left: el("span", { class: "small soft" }),
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
        "aria-label": `${t("Quantity")}: ${fullName(card)}`,
        onchange: ({ target }) => basket.set(offer, Math.max(1, Number(target.value))),
      }),
      more: el(
        "button",
        {
          class: "stepper__button",
          type: "button",
          "aria-label": `${t("One more")}: ${fullName(card)}`,
          onclick: () => basket.set(offer, quantity() + 1),
        },
        icon("plus"),
      ),
    };
    parts.item = el(
      "li",
      { class: "lines__row" },
      el("img", { class: "thumb", src: pictureOf(card), alt: "", width: 72, height: 72 }),
      el(
        "div",
        { class: "lines__text" },
        el("p", { class: "lines__name" }, fullName(card)),
        el("p", { class: "lines__money" }, parts.price, parts.was),
      ),
      parts.left,
      el("div", { class: "stepper" }, parts.less, parts.number, parts.more),
      parts.kept,
    );
    return parts;
  }

  update(row, card, line) {
    const most = this.basket.most(card.offer);
    say(row.price, price(line.price));
    say(row.was, card.list_price ? money(card.list_price) : "");
    row.was.hidden = !card.list_price;
    say(row.left, leftInWords(card));
    row.left.hidden = Boolean(this.basket.hold) && card.left <= 0;
    if (document.activeElement !== row.number) row.number.value = line.quantity;
    row.number.max = Math.max(1, most);
    row.more.disabled = line.quantity >= most;
    const last = line.quantity <= 1;
    if (row.last !== last) {
      row.last = last;
      const name = fullName(card);
      row.less.replaceChildren(icon(last ? "bin" : "minus"));
      row.less.setAttribute("aria-label", last ? t("Take %(name)s out", { name }) : `${t("One less")}: ${name}`);
    }
    // A price that rose meanwhile does not touch what is held.
    const kept = this.basket.hold?.lines.has(card.offer) && card.price.amount > line.price;
    row.kept.hidden = !kept;
    if (kept) say(row.kept, t("It costs %(price)s now; you keep yours while it is held.", { price: money(card.price) }));
  }
}

/** What else the bag has, to put in with it. */
export class More {
  constructor(place, list, basket, scene) {
    this.place = place;
    this.list = list;
    this.basket = basket;
    this.scene = scene;
  }

  render() {
    const cards = [...this.scene.offers.values()].filter(
      (card) => !this.basket.lines.has(card.offer) && card.left > 0,
    );
    this.place.hidden = cards.length === 0;
    const key = JSON.stringify(cards.map((card) => [card.offer, card.price.amount]));
    if (key === this.shown) return;
    this.shown = key;
    this.list.replaceChildren(...cards.map((card) => this.row(card)));
  }

  row(card) {
    const name = fullName(card);
    return el(
      "li",
      { class: "more__row" },
      el("img", { class: "thumb thumb--small", src: pictureOf(card), alt: "", width: 56, height: 56 }),
      el("p", { class: "lines__text" }, el("span", { class: "lines__name" }, name), el("span", { class: "number soft" }, money(card.price))),
      el(
        "button",
        {
          class: "button button--icon",
          type: "button",
          "aria-label": t("Add %(name)s", { name }),
          onclick: () => {
            this.basket.channel.tell({ type: "card.open", offer: card.offer });
            this.basket.add(card.offer);
          },
        },
        icon("plus"),
      ),
    );
  }
}
