// One offer, large: its picture, price, weight and stock, where it comes from, and the way to buy, or
// to wait for what comes back.

import { el, find, icon, say } from "../../../lib/ui/dom.js";
import { count, money, perKilogram, weight } from "../../../lib/format/format.js";
import { open } from "../../../lib/ui/sheet.js";
import { reasonsInWords, stopMeans } from "../../../lib/format/lot-stops.js";
import { n, t, text } from "../../../lib/words.js";
import { leftInWords, lotInWords, showProduct, stockBar, waitingInWords } from "./card.js";
import { flashLine, flashOf, leftOf, priceOf, wasOf } from "../../../lib/state/flash-batch.js";
import { isStopped } from "../../../lib/state/broadcast-state.js";
import { sentences } from "../buying/notices.js";
import { PriceGuard } from "../buying/price-guard.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */

export class OfferDetails {
  /**
   * `act` has buy(offer, {price, counted}), wait(offer), leave(offer) and origin(lot).
   * @param {HTMLDialogElement} sheet
   * @param {{ scene: import("../../../lib/state/broadcast-state.js").BroadcastState, channel: import("../../../lib/channel/channel.js").Channel, waits: import("../types").Waits }} page
   * @param {import("../types").OfferActs} act
   */
  constructor(sheet, { scene, channel, waits }, act) {
    this.sheet = sheet;
    this.scene = scene;
    this.channel = channel;
    this.waits = waits;
    this.act = act;
    /** @type {string | null} the offer that is shown */
    this.offer = null;
    this.buyable = false;
    /** @type {ReturnType<OfferDetails["build"]> | null} */
    this.parts = null;
    /** @type {"buy" | "wait" | "leave"} what the button does */
    this.does = "buy";
    this.buy = find(sheet, ".sheet__foot button", HTMLButtonElement);
    this.seen = new PriceGuard(this.buy);
    this.buy.addEventListener("click", () => {
      const price = this.seen.take();
      const { offer } = this;
      if (offer === null) return;
      if (this.does === "buy") act.buy(offer, { price, counted: true });
      else if (this.does === "wait") act.wait(offer);
      else act.leave(offer);
    });
  }

  /** @param {string} offer */
  show(offer) {
    const card = this.scene.offers.get(offer);
    if (!card) return;
    if (this.offer !== offer) this.seen.clear();
    this.offer = offer;
    this.channel.tell({ type: "card.open", offer });
    this.parts = this.build(card);
    open(this.sheet);
    this.render(this.buyable);
  }

  /** @param {Offer} card */
  build(card) {
    const parts = {
      picture: el("img", { class: "look__picture", alt: "", width: 560, height: 360 }),
      name: find(this.sheet, ".sheet__title"),
      price: el("span", { class: "price" }),
      was: el("s", { class: "price-was" }),
      each: el("span", { class: "small soft" }),
      flash: flashLine(),
      left: el("p", { class: "small" }),
      stock: stockBar(),
      stopped: el("p", { class: "notice notice--red", role: "alert" }),
      lifted: el("p", { class: "notice notice--kumquat" }),
      farm: el("strong"),
      place: el("span"),
      lot: el("p"),
      tested: el("p", { class: "row" }, icon("seal", true), t("This lot was tested.")),
      wait: el("p", { class: "notice notice--kumquat" }),
    };
    const from = el(
      "div",
      { class: "card card--leaf" },
      el("p", {}, parts.farm, parts.place),
      parts.lot,
      parts.tested,
      el(
        "div",
        {},
        el(
          "button",
          { class: "button", type: "button", onclick: () => this.openOrigin() },
          icon("leaf", true),
          t("Where it comes from"),
        ),
      ),
    );
    const body = find(this.sheet, ".sheet__body");
    body.replaceChildren(
      parts.picture,
      el(
        "div",
        { class: "stack stack--close" },
        el("p", { class: "look__money" }, parts.price, parts.was, parts.each),
        parts.flash,
        el(
          "p",
          {},
          el("span", { class: "soft" }, t("Net weight")),
          " ",
          el("strong", {}, weight(card.net_weight_g)),
        ),
        parts.stock,
        parts.left,
      ),
      parts.stopped,
      parts.lifted,
      parts.wait,
      from,
    );
    body.scrollTop = 0;
    return { ...parts, from };
  }

  /** @param {boolean} buyable */
  render(buyable) {
    this.buyable = buyable;
    const card = this.offer === null ? undefined : this.scene.offers.get(this.offer);
    const { parts } = this;
    if (!this.sheet.open || !card || !parts) return;
    const price = priceOf(card);
    const was = wasOf(card);
    const wait = this.waits.of(card.id);
    const left = leftOf(card) > 0;
    showProduct(parts, card);
    say(parts.farm, text(card.lot.farm.name));
    say(parts.place, ` · ${text(card.lot.farm.place)}`);
    say(parts.lot, lotInWords(card.lot));
    say(parts.price, money(price));
    say(parts.was, was ? money(was) : "");
    parts.was.hidden = !was;
    say(parts.each, perKilogram(price, card.net_weight_g));
    parts.flash.show(card);
    parts.stock.show(card);
    say(parts.left, this.stockInWords(card));
    const stopped = isStopped(card);
    const { stopped: reasons = [], lifted } = card.lot;
    parts.wait.hidden = left || !buyable || stopped;
    parts.stopped.hidden = !stopped;
    say(parts.stopped, stopped ? sentences(stopMeans(reasons), reasonsInWords(reasons)) : "");
    parts.lifted.hidden = stopped || !lifted;
    say(
      parts.lifted,
      lifted
        ? t("This lot was stopped; the county has since lifted it: %(sentence)s", { ...lifted })
        : "",
    );
    parts.tested.hidden = !card.lot.tested;
    parts.from.classList.toggle("card--leaf", !stopped);
    say(parts.wait, this.waitInWords(card, wait));
    this.seen.show(price.amount);
    this.does = left ? "buy" : wait ? "leave" : "wait";
    this.buy.disabled = !buyable || (stopped && !wait);
    this.buy.classList.toggle("button--primary", this.does !== "leave");
    if (stopped && !wait) say(this.buy, t("Stopped"));
    else if (left) say(this.buy, t("Buy · %(price)s", { price: money(price) }));
    else if (!buyable) say(this.buy, t("Sold out"));
    else say(this.buy, wait ? t("Leave the waiting list") : t("Tell me when one comes back"));
  }

  openOrigin() {
    const card = this.offer === null ? undefined : this.scene.offers.get(this.offer);
    if (card) this.act.origin(card.lot);
  }

  /** @param {Offer} card */
  stockInWords(card) {
    if (flashOf(card) || card.left <= 0) return leftInWords(card);
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

  /**
   * Which place one has, or what waiting would mean.
   * @param {Offer} card
   * @param {import("../../../lib/state/api").Waiting | null} wait
   */
  waitInWords(card, wait) {
    const others = waitingInWords(card);
    if (wait) {
      return sentences(
        t("You're number %(place)s in line.", { place: count(wait.place) }),
        t("Boxes that come back are held for you at once; keep this page open."),
      );
    }
    return sentences(
      others ? t("%(waiting)s.", { waiting: others }) : t("Nobody is on the waiting list yet."),
      t("Boxes that come back go to the waiting list first, in order."),
    );
  }
}
