// The bag as the host sees it: one tap pins, and each offer says what is left of what was released.
// The same cards stand as a row at the foot of a phone, where a thumb reaches them.

import { ask } from "./ask.js";
import { tell } from "./undo.js";
import { count, decimals, inLanguage, money, words } from "./words.js";

/** Below this part of the present price a new one is more likely a slip than an offer. */
const SLIP = 0.5;

export class Bag {
  #root;
  #row;
  #send;
  #state = null;
  #lots = new Map();
  #dialog = document.querySelector("[data-offer-dialog]");
  #edited = null;

  /** `send(type, fields)` resolves when the server has done it and rejects with a `problem`. */
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

  draw(state) {
    this.#state = state;
    const isOver = state.broadcast.state === "ended";
    this.#root.querySelector("[data-bag-empty]").hidden = state.offers.length > 0;
    this.#each(this.#root.querySelector("[data-bag-list]"), "bag-item", (item, offer) => {
      this.#fill(item, offer, isOver);
    });
    this.#each(this.#row.querySelector("[data-pin-row-list]"), "pin-chip", (item, offer) => {
      this.#fill(item, offer, isOver);
    });
    this.#row.hidden = state.offers.length === 0 || isOver;
  }

  /** Keeps the element of an offer, so that neither focus nor a finger loses it. */
  #each(list, template, fill) {
    const items = new Map([...list.children].map((item) => [item.dataset.offer, item]));
    this.#state.offers.forEach((offer, index) => {
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
    const isPinned = this.#state.pinned === offer.offer;
    const name = inLanguage(offer.name);
    const set = (key, text) => {
      const place = item.querySelector(`[data-${key}]`);
      if (place && place.textContent !== text) place.textContent = text;
    };
    set("name", name);
    set("price", money(offer.price));
    set("list-price", offer.list_price ? money(offer.list_price) : "");
    set("left", offer.left > 0 ? words("left", { n: count(offer.left) }) : words("sold_out"));
    set("released", words("of_released", { n: count(offer.released) }));
    set("lot", words("lot", { code: offer.lot.code }));
    set("pin-word", words(isPinned ? "pinned" : "pin"));
    item.classList.toggle("is-pinned", isPinned);
    item.classList.toggle("is-out", offer.left <= 0);
    item.classList.toggle("is-low", offer.left > 0 && offer.left <= offer.released * 0.15);
    const pin = item.querySelector("[data-pin]");
    pin.setAttribute("aria-pressed", String(isPinned));
    pin.disabled = isOver;
    const meter = item.querySelector("meter");
    if (meter) {
      meter.max = Math.max(offer.released, 1);
      meter.value = Math.max(offer.left, 0);
      meter.setAttribute("aria-label", words("left_of", { left: count(offer.left), released: count(offer.released) }));
    }
    const edit = item.querySelector("[data-edit]");
    if (edit) {
      edit.disabled = isOver;
      edit.setAttribute("aria-label", words("edit_offer", { name }));
    }
    const picture = item.querySelector("img");
    if (picture && offer.picture && picture.getAttribute("src") !== offer.picture) {
      picture.src = offer.picture;
      picture.hidden = false;
    }
  }

  #offer(id) {
    return this.#state.offers.find((offer) => offer.offer === id);
  }

  async #pin(id) {
    const before = this.#state.pinned;
    const name = inLanguage(this.#offer(id).name);
    const put = (offer) => (offer ? this.#send("card.pin", { offer }) : this.#send("card.unpin", {}));
    try {
      await put(before === id ? null : id);
      tell(words(before === id ? "did_unpin" : "did_pin", { name }), {
        undo: () => put(before).catch((error) => this.#fail(error)),
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error) {
    tell(error.problem?.detail || error.problem?.title || words("offline_kept"), { problem: true });
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
    this.#dialog.querySelector("[data-offer-name]").textContent = inLanguage(offer.name);
    this.#dialog.querySelector("[data-offer-stock]").textContent = words("stock_line", {
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
    if (!(price > 0)) return this.#complain(words("price_missing"));
    if (more < 0) return this.#complain(words("release_low"));
    const isCheaper = price < offer.price.amount * SLIP;
    const change = {};
    if (price !== offer.price.amount) change.price = price;
    if (list !== (offer.list_price?.amount ?? null)) change.list_price = list;
    if (!(await this.#isMeant(offer, { price, more, isCheaper }))) return undefined;
    try {
      if (Object.keys(change).length) await this.#send("offer.change", { offer: offer.offer, ...change });
      if (more) await this.#send("offer.release", { offer: offer.offer, quantity: more });
    } catch (error) {
      return this.#complain(error.problem?.detail || error.problem?.title || words("offline_kept"));
    }
    this.#dialog.close();
    this.#report(offer, change, more);
    return undefined;
  }

  #report(offer, change, more) {
    const name = inLanguage(offer.name);
    const lines = [];
    if (more) lines.push(words("did_release", { n: count(more), name }));
    if ("price" in change) {
      const price = money({ amount: change.price, currency: offer.price.currency });
      lines.push(words("did_price", { name, price }));
    } else if ("list_price" in change) lines.push(words("did_list_price", { name }));
    if (!lines.length) return;
    const back = {};
    if ("price" in change) back.price = offer.price.amount;
    if ("list_price" in change) back.list_price = offer.list_price?.amount ?? null;
    const undo = Object.keys(back).length
      ? () =>
          this.#send("offer.change", { offer: offer.offer, ...back }).catch((error) => this.#fail(error))
      : undefined;
    tell(lines.join(" "), { undo });
  }

  /** Asks once where the act looks like a slip or promises more than was picked. */
  async #isMeant(offer, { price, more, isCheaper }) {
    const lines = [];
    if (isCheaper) {
      const sum = (amount) => money({ amount, currency: offer.price.currency });
      lines.push(words("ask_cheap", { now: sum(offer.price.amount), then: sum(price) }));
    }
    const holds = this.#lots.get(offer.lot.id);
    const promised = this.#state.offers
      .filter((each) => each.lot.id === offer.lot.id)
      .reduce((grams, each) => grams + each.released * each.net_weight_g, more * offer.net_weight_g);
    if (more && holds && promised > holds) {
      const kg = (grams) => count(Math.round(grams / 100) / 10);
      lines.push(words("ask_over", { code: offer.lot.code, holds: kg(holds), promised: kg(promised) }));
    }
    if (!lines.length) return true;
    return ask({ title: words("ask_sure"), text: lines.join(" "), yes: words("ask_do_it") });
  }
}
