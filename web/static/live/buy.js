// Buying: one sheet of three steps (how many, who and where, check and pay) and the answer.
// The order goes over the channel, or over HTTP where that is down; its key makes a repeat harmless.

import { api } from "../common/api.js";
import { el, icon, say } from "../common/dom.js";
import { money, weight } from "../common/format.js";
import { recall, remember } from "../common/memory.js";
import { sentence } from "../common/problems.js";
import { close, open } from "../common/sheet.js";
import { t, text } from "../common/words.js";
import { fullName, leftInWords, pictureOf } from "./card.js";

const AT_MOST = 99;
const STEPS = ["quantity", "details", "check", "done"];

export class Buying {
  constructor(sheet, { broadcast, scene, channel, centres }) {
    this.sheet = sheet;
    this.broadcast = broadcast;
    this.scene = scene;
    this.channel = channel;
    this.centres = centres;
    this.part = (name) => sheet.querySelector(`[data-part="${name}"]`);
    this.form = this.part("form");
    this.quantity = 1;
    this.step = "quantity";
    this.pending = recallPending(broadcast);
    this.part("less").addEventListener("click", () => this.count(this.quantity - 1));
    this.part("more").addEventListener("click", () => this.count(this.quantity + 1));
    this.part("number").addEventListener("change", (event) => this.count(Number(event.target.value)));
    this.part("back").addEventListener("click", () => this.back());
    this.part("change").addEventListener("click", () => this.go("details"));
    this.form.addEventListener("change", () => this.showWay());
    this.form.addEventListener("input", ({ target }) => this.mark(target, ""));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.forward();
    });
    this.fill(recall("buyer"));
    this.showWay();
  }

  /** The card as the broadcast has it now. */
  get card() {
    return this.scene.offers.get(this.offer);
  }

  /** Open the sheet for an offer. */
  begin(offer) {
    this.offer = offer;
    this.quantity = 1;
    this.channel.tell({ type: "card.open", offer });
    this.part("thumb").src = pictureOf(this.card);
    say(this.part("name"), fullName(this.card));
    open(this.sheet);
    this.go("quantity");
  }

  /** The broadcast changed; keep what the sheet says true. */
  render(buyable) {
    this.buyable = buyable;
    if (!this.sheet.open || this.step === "done" || !this.card) return;
    const { card } = this;
    const most = Math.max(1, Math.min(AT_MOST, card.left));
    if (this.step === "quantity" && this.quantity > most) this.quantity = most;
    say(this.part("price"), money(card.price));
    say(this.part("weight"), weight(card.net_weight_g * this.quantity));
    say(this.part("left"), leftInWords(card));
    this.part("number").value = this.quantity;
    this.part("number").max = most;
    this.part("less").disabled = this.quantity <= 1;
    this.part("more").disabled = this.quantity >= most;
    const total = money(this.total());
    const submit = this.part("submit");
    const closed = !buyable || card.left <= 0;
    submit.disabled = closed;
    if (!buyable) say(submit, t("Orders are closed"));
    else if (card.left <= 0) say(submit, t("Sold out"));
    else if (this.step === "quantity") say(submit, t("Continue · %(total)s", { total }));
    else if (this.step === "details") say(submit, t("Check the order"));
    else say(submit, t("Place the order · %(total)s", { total }));
    if (this.step === "check") this.summary();
  }

  total() {
    const { amount, currency } = this.card.price;
    return { amount: amount * this.quantity, currency };
  }

  count(quantity) {
    const most = Math.max(1, Math.min(AT_MOST, this.card.left));
    this.quantity = Math.min(most, Math.max(1, Math.trunc(quantity) || 1));
    this.render(this.buyable);
  }

  go(step) {
    this.step = step;
    this.sheet.dataset.step = step;
    for (const name of STEPS) this.part(name).hidden = name !== step;
    this.part("back").hidden = step === "quantity" || step === "done";
    this.part("foot").hidden = step === "done";
    this.tell("");
    const titles = {
      quantity: t("How many?"),
      details: t("Who gets it, and where?"),
      check: t("Check and order"),
      done: t("Ordered"),
    };
    say(this.part("title"), titles[step]);
    this.render(this.buyable);
    this.part("body").scrollTop = 0;
    if (step === "details") {
      this.form.elements[this.form.elements.name.value ? "phone" : "name"].focus();
    } else {
      this.part("title").focus();
    }
  }

  back() {
    this.go(this.step === "check" && !recall("buyer") ? "details" : "quantity");
  }

  forward() {
    if (this.step === "quantity") this.go(this.whole() ? "check" : "details");
    else if (this.step === "details") {
      if (!this.check()) return;
      const buyer = this.read();
      remember("buyer", this.form.elements.keep.checked ? buyer : null);
      this.go("check");
    } else if (this.step === "check") this.place();
  }

  // Who and where.

  fill(buyer) {
    if (!buyer) return;
    const { elements } = this.form;
    for (const name of ["name", "phone", "address"]) elements[name].value = buyer[name] ?? "";
    if (this.centres.some((centre) => centre.id === buyer.centre)) {
      elements.centre.value = buyer.centre;
    }
    if (buyer.way === "parcel" || this.centres.length > 0) elements.way.value = buyer.way ?? "parcel";
  }

  read() {
    const { elements } = this.form;
    return {
      name: elements.name.value.trim(),
      phone: elements.phone.value.trim(),
      way: elements.way.value,
      address: elements.address.value.trim(),
      centre: elements.centre?.value || null,
    };
  }

  showWay() {
    const parcel = this.form.elements.way.value !== "pickup";
    this.part("parcel").hidden = !parcel;
    this.part("pickup").hidden = parcel;
  }

  problems() {
    const buyer = this.read();
    const found = {};
    if (!buyer.name) found.name = t("Write the name of the person who receives it.");
    if (!/^\+?[\d\s-]{6,20}$/.test(buyer.phone)) {
      found.phone = t("Write a phone number, so that the courier or the centre can call.");
    } else if (/^1/.test(buyer.phone) && buyer.phone.replace(/\D/g, "").length !== 11) {
      found.phone = t("A mobile number has 11 digits.");
    }
    if (buyer.way === "parcel" && buyer.address.length < 2) {
      found.address = t("Write where the parcel goes; a village is enough.");
    }
    if (buyer.way === "pickup" && !buyer.centre) found.centre = t("Choose a service centre.");
    return found;
  }

  whole() {
    return Object.keys(this.problems()).length === 0;
  }

  check() {
    const found = this.problems();
    for (const name of ["name", "phone", "address", "centre"]) {
      this.mark(this.form.elements[name], found[name] ?? "");
    }
    const first = Object.keys(found)[0];
    if (first) this.form.elements[first].focus();
    return !first;
  }

  mark(field, words) {
    const place = field?.id && this.sheet.querySelector(`#${field.id}-error`);
    if (!place) return;
    say(place, words);
    place.hidden = !words;
    if (words) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  // Check and order.

  summary() {
    const buyer = this.read();
    const centre = this.centres.find((each) => each.id === buyer.centre);
    const parcel = buyer.way === "parcel";
    say(this.part("what"), `${fullName(this.card)} × ${this.quantity}`);
    say(this.part("whom"), `${buyer.name} · ${buyer.phone}`);
    say(this.part("where"), parcel ? buyer.address : `${text(centre?.name)} · ${text(centre?.address)}`);
    say(this.part("way"), parcel ? t("Parcel to") : t("Pick up at"));
    say(
      this.part("pay"),
      parcel ? t("In cash to the courier, on delivery") : t("At the service centre, when you pick it up"),
    );
    say(this.part("total"), money(this.total()));
  }

  order() {
    const buyer = this.read();
    const parcel = buyer.way === "parcel";
    return {
      lines: [{ offer: this.offer, quantity: this.quantity, price: this.card.price.amount }],
      buyer: { name: buyer.name, phone: buyer.phone },
      delivery: parcel
        ? { way: "parcel", address: buyer.address }
        : { way: "pickup", centre: buyer.centre },
      payment: parcel ? "cash_on_delivery" : "pay_at_pickup",
    };
  }

  async place() {
    if (this.busy) return;
    const order = this.order();
    const body = JSON.stringify(order);
    if (this.pending?.body !== body) this.keep({ body, key: newKey() });
    const { key } = this.pending;
    this.busy = true;
    const submit = this.part("submit");
    submit.setAttribute("aria-busy", "true");
    this.tell("");
    try {
      const placed = await this.send(order, key);
      this.keep(null);
      this.placed(placed);
    } catch (problem) {
      // Where no answer came, the same key is used again, so that nothing is ordered twice.
      if (problem.slug !== "offline" && problem.slug !== "unavailable") this.keep(null);
      this.refused(problem);
    } finally {
      this.busy = false;
      submit.removeAttribute("aria-busy");
    }
  }

  /** Keep an order's body and key in this tab until it is known what became of it, over a reload
      too: the same order sent again is then the same order. */
  keep(pending) {
    this.pending = pending;
    try {
      if (pending) sessionStorage.setItem(`farmlive.${this.broadcast}`, JSON.stringify(pending));
      else sessionStorage.removeItem(`farmlive.${this.broadcast}`);
    } catch {
      // A browser that keeps nothing: the key lives as long as the page.
    }
  }

  async send(order, key) {
    if (this.channel.state === "open") {
      try {
        return await this.channel.ask({ type: "order.place", key, ...order });
      } catch (problem) {
        if (problem.slug !== "offline") throw problem;
      }
    }
    return api("POST", `/api/v1/broadcasts/${this.broadcast}/orders`, order, {
      headers: { "idempotency-key": key },
    });
  }

  refused(problem) {
    if (problem.slug === "price-changed") {
      for (const { offer, price } of problem.body.offers ?? []) {
        const card = this.scene.offers.get(offer);
        if (card) card.price = { ...card.price, amount: price.amount ?? price };
      }
      this.render(this.buyable);
      this.tell(
        t("The price is %(price)s now. Nothing was ordered yet; order again if it suits you.", {
          price: money(this.card.price),
        }),
      );
      return;
    }
    if (problem.slug === "sold-out") {
      for (const { offer, left } of problem.body.offers ?? []) {
        const card = this.scene.offers.get(offer);
        if (card) card.left = left;
      }
      this.go("quantity");
    }
    this.tell(sentence(problem));
  }

  tell(words) {
    this.part("notice").hidden = !words;
    say(this.part("notice-text"), words);
  }

  placed(placed) {
    const links = recall("orders") ?? {};
    links[placed.order] = placed.url;
    remember("orders", links);
    say(this.part("order-number"), placed.number);
    say(this.part("order-total"), money(placed.total));
    this.part("order-link").href = placed.url;
    const { way } = this.read();
    this.part("next").replaceChildren(
      ...(way === "parcel"
        ? [t("The farm packs it and hands it to the courier."), t("You pay the courier in cash.")]
        : [t("The farm brings it to the service centre."), t("You pay there when you pick it up; say your order number.")]
      ).map((words) => el("li", { class: "row" }, icon("check", true), el("span", {}, words))),
    );
    this.go("done");
  }

  close() {
    close(this.sheet);
  }
}

function recallPending(broadcast) {
  try {
    return JSON.parse(sessionStorage.getItem(`farmlive.${broadcast}`));
  } catch {
    return null;
  }
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_");
}
