// The bag as the host sees it: one tap pins, and each offer says what is left of what was released.
// The same cards stand as a row at the foot of a phone, where a thumb reaches them.

import { say } from "../common/dom.js";
import { count, money, weight } from "../common/format.js";
import { sentence } from "../common/problems.js";
import { toast } from "../common/toast.js";
import { page, t, text } from "../common/words.js";
import { ask } from "./ask.js";
import { Pace } from "./pace.js";
import { together } from "./sentences.js";

/** Below this part of the present price a new one is more likely a slip than an offer. */
const SLIP = 0.5;

const fail = (problem) => toast(sentence(problem), { danger: true });

const decimals = (currency) =>
  new Intl.NumberFormat(page.tag, { style: "currency", currency }).resolvedOptions()
    .maximumFractionDigits;

export class Bag {
  #root;
  #row;
  #send;
  #scene = null;
  #lots = new Map();
  #dialog = document.getElementById("offer-sheet");
  #edited = null;
  #paces = new Map();
  #soon = new Map();

  /** `send(type, fields)` resolves when the server has done it and rejects with a Problem. */
  constructor(root, row, send) {
    this.#root = root;
    this.#row = row;
    this.#send = send;
    const form = this.#dialog.querySelector("form");
    form.addEventListener("submit", (event) => {
      if (event.submitter?.value === "cancel") return;
      event.preventDefault();
      this.#save(form);
    });
    for (const button of form.querySelectorAll("[data-add]")) {
      button.addEventListener("click", () => {
        const field = form.elements.quantity;
        field.value = String((Number(field.value) || 0) + Number(button.dataset.add));
      });
    }
  }

  /** What each lot holds in grams, so that releasing more than there is asks first. */
  know(lots) {
    this.#lots = new Map(lots.map((lot) => [lot.id, lot.quantity_g]));
  }

  draw(scene) {
    this.#scene = scene;
    const isOver = scene.broadcast.state === "ended";
    for (const offer of scene.offers.values()) this.#look(offer, isOver);
    this.#root.querySelector("[data-bag-empty]").hidden = scene.offers.size > 0 || isOver;
    this.#root.querySelector("[data-bag-hint]").hidden = scene.offers.size === 0 || isOver;
    this.#each(this.#root.querySelector("[data-bag-list]"), "bag-item", (item, offer) => {
      this.#fill(item, offer, isOver);
    });
    this.#each(this.#row.querySelector("[data-pin-row-list]"), "pin-chip", (item, offer) => {
      this.#fill(item, offer, isOver);
    });
    this.#row.hidden = scene.offers.size === 0 || isOver;
  }

  #look(offer, isOver) {
    const pace = this.#paces.get(offer.offer) ?? new Pace();
    this.#paces.set(offer.offer, pace);
    this.#soon.set(offer.offer, isOver ? null : pace.minutesLeft(offer, Date.now()));
  }

  /** Keeps the element of an offer, so that neither focus nor a finger loses it. */
  #each(list, template, fill) {
    const items = new Map([...list.children].map((item) => [item.dataset.offer, item]));
    [...this.#scene.offers.values()].forEach((offer, index) => {
      let item = items.get(offer.offer);
      items.delete(offer.offer);
      if (!item) {
        item = document.getElementById(template).content.firstElementChild.cloneNode(true);
        item.dataset.offer = offer.offer;
        this.#bind(item, offer.offer);
      }
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      fill(item, offer);
    });
    for (const item of items.values()) item.remove();
  }

  #bind(item, id) {
    item.querySelector("[data-pin]").addEventListener("click", () => this.#pin(id));
    item.querySelector("[data-edit]")?.addEventListener("click", () => this.#open(id));
  }

  #fill(item, offer, isOver) {
    const isPinned = this.#scene.pinned === offer.offer;
    const name = text(offer.name);
    const set = (key, words, tick) => say(item.querySelector(`[data-${key}]`), words, tick);
    set("name", name);
    set("price", money(offer.price));
    set("list-price", offer.list_price ? money(offer.list_price) : "");
    set("left", offer.left > 0 ? t("%(n)s left", { n: count(offer.left) }) : t("Sold out"), true);
    set("released", t("of %(n)s released", { n: count(offer.released) }));
    const minutes = this.#soon.get(offer.offer);
    set("soon", minutes ? t("gone in about %(n)s min", { n: minutes }) : "");
    set("lot", t("Lot %(code)s", { code: offer.lot.code }));
    set("pin-word", isPinned ? t("Pinned") : t("Pin"));
    item.classList.toggle("is-pinned", isPinned);
    item.classList.toggle("is-out", offer.left <= 0);
    item.classList.toggle("is-low", offer.left > 0 && offer.left <= offer.released * 0.15);
    const pin = item.querySelector("[data-pin]");
    pin.setAttribute("aria-pressed", String(isPinned));
    pin.disabled = isOver;
    const stock = item.querySelector("progress");
    if (stock) {
      stock.max = Math.max(offer.released, 1);
      stock.value = Math.max(offer.left, 0);
    }
    const edit = item.querySelector("[data-edit]");
    if (edit) {
      edit.disabled = isOver;
      edit.setAttribute("aria-label", t("Stock and price of %(name)s", { name }));
    }
    const picture = item.querySelector("img");
    if (picture && offer.picture && picture.getAttribute("src") !== offer.picture) {
      picture.src = offer.picture;
      picture.hidden = false;
    }
  }

  #offer(id) {
    return this.#scene.offers.get(id);
  }

  async #pin(id) {
    const before = this.#scene.pinned;
    const name = text(this.#offer(id).name);
    const put = (offer) => (offer ? this.#send("card.pin", { offer }) : this.#send("card.unpin", {}));
    try {
      await put(before === id ? null : id);
      toast(before === id ? t("%(name)s is off the screen.", { name }) : t("%(name)s is on the screen.", { name }), {
        act: t("Undo"),
        onAct: () => put(before).catch(fail),
      });
    } catch (problem) {
      fail(problem);
    }
  }

  #open(id) {
    const offer = this.#offer(id);
    this.#edited = id;
    const places = decimals(offer.price.currency);
    const typed = (sum) => (sum ? (sum.amount / 10 ** places).toFixed(places) : "");
    const form = this.#dialog.querySelector("form");
    form.reset();
    form.elements.price.value = typed(offer.price);
    form.elements.price.step = form.elements.list_price.step = String(1 / 10 ** places);
    form.elements.list_price.value = typed(offer.list_price);
    this.#dialog.querySelector("[data-offer-name]").textContent = text(offer.name);
    this.#dialog.querySelector("[data-offer-stock]").textContent = t("%(left)s left of %(released)s released", {
      left: count(offer.left),
      released: count(offer.released),
    });
    this.#complain("");
    this.#dialog.showModal();
  }

  #complain(sentence) {
    const place = this.#dialog.querySelector("[data-offer-problem]");
    place.textContent = sentence;
    place.hidden = !sentence;
  }

  async #save(form) {
    const offer = this.#offer(this.#edited);
    const { currency } = offer.price;
    const minor = (field) => Math.round(Number(field.value) * 10 ** decimals(currency));
    const price = minor(form.elements.price);
    const list = form.elements.list_price.value === "" ? null : minor(form.elements.list_price);
    const more = Math.floor(Number(form.elements.quantity.value) || 0);
    if (!(price > 0)) return this.#complain(t("Write a price above zero."));
    if (more < 0) return this.#complain(t("Released boxes can't be taken back."));
    const isCheaper = price < offer.price.amount * SLIP;
    const change = {};
    if (price !== offer.price.amount) change.price = price;
    if (list !== (offer.list_price?.amount ?? null)) change.list_price = list;
    // The scene changes the offer in place: what undo goes back to is kept first.
    const before = { price: offer.price.amount, list_price: offer.list_price?.amount ?? null };
    if (!(await this.#isMeant(offer, { price, more, isCheaper }))) return undefined;
    try {
      if (Object.keys(change).length) await this.#send("offer.change", { offer: offer.offer, ...change });
      if (more) await this.#send("offer.release", { offer: offer.offer, quantity: more });
    } catch (problem) {
      return this.#complain(sentence(problem));
    }
    this.#dialog.close();
    this.#report(offer, { before, change, more });
    return undefined;
  }

  #report(offer, { before, change, more }) {
    const name = text(offer.name);
    const lines = [];
    if (more) lines.push(t("%(n)s more of %(name)s can be bought.", { n: count(more), name }));
    if ("price" in change) {
      const price = money({ amount: change.price, currency: offer.price.currency });
      lines.push(t("%(name)s costs %(price)s now.", { name, price }));
    } else if ("list_price" in change) {
      lines.push(t("The usual price of %(name)s is changed.", { name }));
    }
    if (!lines.length) return;
    const back = Object.fromEntries(Object.keys(change).map((key) => [key, before[key]]));
    const undo = () => this.#send("offer.change", { offer: offer.offer, ...back }).catch(fail);
    const isPrice = Object.keys(change).length > 0;
    toast(together(lines), isPrice ? { act: t("Undo the price"), onAct: undo } : {});
  }

  /** Asks once where the act looks like a slip or promises more than was picked. */
  async #isMeant(offer, { price, more, isCheaper }) {
    const lines = [];
    if (isCheaper) {
      const sum = (amount) => money({ amount, currency: offer.price.currency });
      const sums = { now: sum(offer.price.amount), then: sum(price) };
      lines.push(t("The price falls from %(now)s to %(then)s for everyone who buys from now on.", sums));
    }
    const holds = this.#lots.get(offer.lot.id);
    const promised = [...this.#scene.offers.values()]
      .filter((each) => each.lot.id === offer.lot.id)
      .reduce((grams, each) => grams + each.released * each.net_weight_g, more * offer.net_weight_g);
    if (more && holds && promised > holds) {
      const sums = { code: offer.lot.code, holds: weight(holds), promised: weight(promised) };
      lines.push(t("Lot %(code)s holds %(holds)s; this broadcast would promise %(promised)s of it.", sums));
    }
    if (!lines.length) return true;
    return ask({ title: t("Is that meant?"), words: together(lines), yes: t("Yes, do it") });
  }
}
