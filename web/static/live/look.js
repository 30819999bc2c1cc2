// One offer, large: its picture, price, weight and stock, where it comes from, and the way to buy.

import { el, icon, say } from "../common/dom.js";
import { count, money, perKilogram, weight } from "../common/format.js";
import { pictureOf } from "../common/pictures.js";
import { open } from "../common/sheet.js";
import { n, t, text } from "../common/words.js";
import { balanceInWords, fullName, leftInWords, lotInWords, stockBar } from "./card.js";

export class Look {
  /** `act` has buy(offer, true) and origin(lot). */
  constructor(sheet, scene, channel, act) {
    this.sheet = sheet;
    this.scene = scene;
    this.channel = channel;
    this.act = act;
    this.buy = sheet.querySelector(".sheet__foot button");
    this.buy.addEventListener("click", () => act.buy(this.offer, true));
  }

  show(offer) {
    const card = this.scene.offers.get(offer);
    if (!card) return;
    this.offer = offer;
    this.channel.tell({ type: "card.open", offer });
    this.build(card);
    open(this.sheet);
    this.render(this.buyable);
  }

  build(card) {
    const parts = {
      price: el("span", { class: "price" }),
      was: el("s", { class: "price-was" }),
      each: el("span", { class: "small soft" }),
      left: el("p", { class: "small" }),
      stock: stockBar(),
      balance: el("p", { class: "small" }),
    };
    this.parts = parts;
    const { lot } = card;
    say(this.sheet.querySelector(".sheet__title"), fullName(card));
    const body = this.sheet.querySelector(".sheet__body");
    body.replaceChildren(
      el("img", { class: "look__picture", src: pictureOf(card), alt: "", width: 560, height: 360 }),
      el(
        "div",
        { class: "stack stack--close" },
        el("p", { class: "look__money" }, parts.price, parts.was, parts.each),
        el("p", {}, el("span", { class: "soft" }, t("Net weight")), " ", el("strong", {}, weight(card.net_weight_g))),
        parts.stock,
        parts.left,
      ),
      el(
        "div",
        { class: "card card--leaf" },
        el("p", {}, el("strong", {}, text(lot.farm.name)), ` · ${text(lot.farm.place)}`),
        el("div", {}, el("p", {}, lotInWords(lot)), parts.balance),
        lot.tested ? el("p", { class: "row" }, icon("seal", true), t("This lot was tested.")) : null,
        el(
          "div",
          {},
          el(
            "button",
            { class: "button", type: "button", onclick: () => this.act.origin(lot) },
            icon("leaf", true),
            t("Where it comes from"),
          ),
        ),
      ),
    );
    body.scrollTop = 0;
  }

  render(buyable) {
    this.buyable = buyable;
    const card = this.scene.offers.get(this.offer);
    if (!this.sheet.open || !card) return;
    const { parts } = this;
    say(parts.price, money(card.price));
    say(parts.was, card.list_price ? money(card.list_price) : "");
    parts.was.hidden = !card.list_price;
    say(parts.each, perKilogram(card.price, card.net_weight_g));
    parts.stock.show(card);
    say(parts.left, this.stockInWords(card));
    say(parts.balance, balanceInWords(card.lot));
    this.buy.disabled = !buyable || card.left <= 0;
    say(
      this.buy,
      card.left > 0 ? t("Buy · %(price)s", { price: money(card.price) }) : t("Sold out"),
    );
  }

  stockInWords(card) {
    if (card.left <= 0) return leftInWords(card);
    const left = t("%(left)s of %(released)s left", {
      left: count(card.left),
      released: count(card.released),
    });
    if (!card.held) return left;
    const held = n("%(held)s held by a buyer", "%(held)s held by buyers", card.held, {
      held: count(card.held),
    });
    return `${left} · ${held}`;
  }
}
