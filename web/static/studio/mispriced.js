// The orders that were taken at a wrong price, in a sheet: each is kept as it is, cancelled (and taken
// back again), or given the difference, which is taken off what is not paid yet; what is still held at
// that price is told.

import { el } from "../common/dom.js";
import { clock, count, duration, money } from "../common/format.js";
import { recall, remember } from "../common/memory.js";
import { now } from "../common/now.js";
import { close, open } from "../common/sheet.js";
import { n, t, text } from "../common/words.js";
import { newKey } from "../live/pending.js";
import { get, post } from "./api.js";
import { Moves } from "./desk/moves.js";
import { why } from "./desk/why.js";
import { spoken } from "./sentences.js";
import { isGone, isTakenOff, paymentWords, stateKind, stateWords } from "./state.js";

/** The line of an order as its event tells it, for an offer at a price; of a flash batch none. */
export const lineAt = (order, offer, price) =>
  order.lines?.find((line) => line.offer === offer && line.price === price && !line.flash);

/** Orders and holds at an offer's price since it began: `{orders, held}`. */
export function takenAt(orders, { offer, price, from, known = [] }) {
  const found = new Set(known);
  const held = [];
  for (const order of orders) {
    if (!lineAt(order, offer, price)) continue;
    if (order.state === "held") held.push(order);
    else if (order.number && order.at >= from) found.add(order.order);
  }
  return { orders: found, held };
}

export class Mispriced {
  #path;
  #memory;
  #scene;
  #dialog = document.getElementById("mispriced-sheet");
  #rows = this.#dialog.querySelector("[data-rows]");
  #card = null;
  /** Both in minor units, known once the list is read. */
  #price = null;
  #right = null;
  #orders = new Map();
  #moves;
  /** How each order that was cancelled here is taken back, as {undo}: one tap's orders share it. */
  #deeds = new Map();
  #isOffline = false;
  #refunds = new Map();
  #kept;

  constructor(broadcast, scene) {
    this.#memory = `kept.${broadcast}`;
    this.#kept = new Set(recall(this.#memory) ?? []);
    this.#path = `/api/v1/broadcasts/${broadcast}`;
    this.#scene = scene;
    this.#moves = new Moves(`${this.#path}/orders`);
    this.#moves.addEventListener("moved", ({ detail }) => this.#moved(detail));
    this.#moves.addEventListener("undone", ({ detail }) => this.#undone(detail));
    this.#moves.addEventListener("failed", ({ detail }) => this.#failed(detail));
    this.#moves.addEventListener("queue", () => this.#queued());
    this.#dialog.querySelector("[data-close]").addEventListener("click", () => close(this.#dialog));
    this.#part("all").addEventListener("click", () => this.#cancel([...this.#orders.values()].filter((order) => this.#isOpen(order))));
    setInterval(() => this.#dialog.open && this.#drawHolds(), 1_000);
  }

  #part(name) {
    return this.#dialog.querySelector(`[data-sheet-${name}]`);
  }

  /** The orders at the last price of this offer that was put right. */
  async open(card) {
    this.#card = card;
    this.#price = this.#right = null;
    this.#orders = new Map();
    this.#part("name").textContent = t("Orders at a wrong price");
    this.#part("what").textContent = text(card.name);
    this.#part("why").hidden = true;
    this.#say("");
    this.#rows.setAttribute("aria-busy", "true");
    this.#draw();
    open(this.#dialog);
    await this.#load();
  }

  async #load() {
    try {
      const found = await get(`${this.#path}/offers/${this.#card.offer}/mispriced`);
      const isFirst = this.#price === null;
      this.#price = found.was.amount;
      this.#right = found.price.amount;
      this.#orders = new Map(found.orders.map((order) => [order.id, order]));
      if (isFirst) this.#introduce(found);
    } catch (problem) {
      this.#say(spoken(problem));
    }
    this.#rows.removeAttribute("aria-busy");
    this.#draw();
  }

  #introduce({ was, price, from, until }) {
    const times = { name: text(this.#card.name), from: clock(Date.parse(from)), until: clock(Date.parse(until)) };
    this.#part("name").textContent = t("Orders at %(price)s", { price: money(was) });
    this.#part("what").textContent = t("%(name)s, between %(from)s and %(until)s", times);
    this.#dialog.querySelector("[name=reason]").value = t("The price %(price)s was a mistake; it is %(right)s.", { price: money(was), right: money(price) });
  }

  #say(words) {
    const place = this.#part("problem");
    place.textContent = words;
    place.hidden = !words;
  }

  #draw() {
    if (!this.#card) return;
    const waiting = this.#moves.waiting;
    this.#rows.replaceChildren(...[...this.#orders.values()].map((order) => this.#row(order, waiting.has(order.id))));
    const left = [...this.#orders.values()].filter((order) => this.#isOpen(order));
    const all = this.#part("all");
    all.hidden = left.length < 2;
    all.disabled = left.some(({ id }) => waiting.has(id));
    all.textContent = t("Cancel all %(n)s", { n: count(left.length) });
    this.#part("none").hidden = this.#orders.size > 0 || this.#price === null;
    this.#part("why").hidden = this.#orders.size === 0;
    this.#drawHolds();
  }

  /** What was held at the wrong price keeps its boxes, at the right one: its buyers are asked. */
  #drawHolds() {
    const held = [...this.#scene.orders.values()].filter(
      (order) => order.state === "held" && order.corrected && lineAt(order, this.#card.offer, this.#right),
    );
    const last = Math.max(...held.map(({ until }) => until));
    this.#part("holds").textContent = held.length
      ? n(
          "%(n)s hold keeps its boxes for %(time)s more at %(price)s: its buyer is asked.",
          "%(n)s holds keep their boxes for up to %(time)s more at %(price)s: their buyers are asked.",
          held.length,
          { n: count(held.length), time: duration(last - now()), price: money({ amount: this.#right, currency: this.#card.price.currency }) },
        )
      : "";
  }

  /** Whether something is still to be decided of it. */
  #isOpen({ id, deeds, refunded }) {
    return !this.#kept.has(id) && deeds.includes("cancel") && refunded.amount === 0;
  }

  #row(order, isMoving) {
    const kind = stateKind(order.state);
    const badge = (words, colour) => el("span", { class: colour ? `badge badge--${colour}` : "badge" }, words);
    const isMore = this.#price > this.#right;
    const sums = { n: count(order.quantity), sum: money(order.total), difference: money(order.difference) };
    return el(
      "li",
      { class: isGone(order.state) ? "mispriced is-gone" : "mispriced", "data-order": order.id },
      el(
        "p",
        { class: "mispriced__head" },
        el("b", { class: "number" }, order.number),
        badge(stateWords(order.state), kind),
        order.payment === "due" ? null : badge(paymentWords(order.payment), "leaf"),
        order.refunded.amount && isTakenOff(order) ? badge(t("%(sum)s taken off", { sum: money(order.refunded) }), "leaf") : null,
        this.#kept.has(order.id) ? badge(t("stays as it is"), "leaf") : null,
        el("a", { class: "mispriced__who", href: `tel:${order.buyer.phone}` }, order.buyer.name),
      ),
      el(
        "p",
        { class: "number" },
        isMore ? t("%(n)s for %(sum)s, %(difference)s too much", sums) : t("%(n)s for %(sum)s, %(difference)s too little", sums),
      ),
      el("div", { class: "mispriced__acts" }, ...this.#acts(order, isMoving)),
    );
  }

  #acts(order, isMoving) {
    const button = (words, run) => el("button", { class: "button", type: "button", disabled: isMoving, "aria-label": `${words}: ${order.number}`, onclick: run }, words);
    const deed = this.#deeds.get(order.id);
    if (deed && order.state === "cancelled") {
      const together = [...this.#deeds.values()].filter((each) => each === deed).length;
      return [button(together > 1 ? t("Undo all %(n)s", { n: count(together) }) : t("Undo"), () => this.#undo(deed))];
    }
    if (this.#kept.has(order.id)) return [button(t("Undo"), () => this.#toggleKept(order))];
    const made = [];
    if (order.deeds.includes("keep") && !isGone(order.state) && order.refunded.amount === 0) made.push(button(t("Let it stand"), () => this.#toggleKept(order)));
    if (order.deeds.includes("cancel")) made.push(button(t("Cancel it"), () => this.#cancel([order])));
    // What was given back or taken off may have been just this: the order list knows.
    if (order.deeds.includes("refund") && order.refunded.amount === 0) {
      const sum = { sum: money(order.difference) };
      made.push(button(order.payment === "due" ? t("Take off %(sum)s", sum) : t("Give back %(sum)s", sum), () => this.#refund(order)));
    }
    return made;
  }

  #toggleKept({ id }) {
    if (!this.#kept.delete(id)) this.#kept.add(id);
    remember(this.#memory, [...this.#kept]);
    this.#draw();
  }

  /** The reason stands with the order, where its buyer reads it. */
  get #reason() {
    return this.#dialog.querySelector("[name=reason]").value.trim();
  }

  #cancel(orders) {
    if (!this.#reason) return this.#say(t("Write why: the buyers read it."));
    this.#say("");
    return this.#moves.make(orders.map(({ id }) => id), { state: "cancelled", reason: this.#reason });
  }

  /** Takes back what one tap cancelled, all of it. */
  #undo({ undo }) {
    this.#say("");
    undo();
  }

  #moved({ moved, refused, undo }) {
    const deed = { undo };
    for (const { id, state, payment } of moved) {
      if (!this.#orders.has(id)) continue;
      this.#orders.set(id, { ...this.#orders.get(id), state, payment, deeds: [] });
      this.#deeds.set(id, deed);
    }
    this.#refuse(refused);
    this.#draw();
  }

  #undone({ moved, refused }) {
    for (const id of [...moved.map((order) => order.id), ...refused.map(({ order }) => order)]) this.#deeds.delete(id);
    this.#refuse(refused);
    if (this.#card) this.#load();
  }

  #failed({ problem, orders }) {
    if (problem.slug === "undo-over") for (const id of orders) this.#deeds.delete(id);
    this.#say(spoken(problem));
    this.#draw();
  }

  /** Each that stayed as it was, and why. */
  #refuse(refused) {
    if (!refused.length) return;
    const place = this.#part("problem");
    const number = (id) => el("b", { class: "number" }, this.#orders.get(id)?.number ?? "");
    place.replaceChildren(
      el(
        "div",
        { class: "notice__text" },
        el("p", {}, n("%(n)s order stayed as it was", "%(n)s orders stayed as they were", refused.length, { n: count(refused.length) })),
        el("ul", {}, refused.map(({ order, problem }) => el("li", {}, number(order), " ", why(problem)))),
      ),
    );
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
  }

  #queued() {
    const { size } = this.#moves.waiting;
    const isOffline = size > 0 && this.#moves.isOffline;
    if (isOffline) {
      this.#say(n("The server can't be reached. What you did with %(n)s order is kept here, and is sent by itself as soon as there is a connection.", "The server can't be reached. What you did with %(n)s orders is kept here, and is sent by itself as soon as there is a connection.", size, { n: count(size) }));
    } else if (this.#isOffline) this.#say("");
    this.#isOffline = isOffline;
    this.#draw();
  }

  /** Sent again after an answer that was lost, it counts once. */
  async #refund({ id, difference }) {
    if (!this.#reason) return this.#say(t("Write why: the buyers read it."));
    this.#say("");
    if (!this.#refunds.has(id)) this.#refunds.set(id, newKey());
    try {
      const body = { amount: difference.amount, reason: this.#reason };
      const { state, payment, refunded } = await post(`${this.#path}/orders/${id}/refund`, body, { "idempotency-key": this.#refunds.get(id) });
      this.#refunds.delete(id);
      this.#orders.set(id, { ...this.#orders.get(id), state, payment, refunded });
    } catch (problem) {
      if (problem.status >= 400 && problem.status < 500) this.#refunds.delete(id);
      this.#say(spoken(problem));
    }
    return this.#draw();
  }
}
