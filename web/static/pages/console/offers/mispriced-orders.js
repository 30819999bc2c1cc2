// The orders that were taken at an offer's wrong prices, in a sheet: each is kept as it is, cancelled (and
// taken back again), or given the difference, which is taken off what is not paid yet; what is still held
// is told. A flash that is over is said to have been wrong here too, by mispriced-flashes.js.

import { el } from "../../../lib/ui/dom.js";
import { clock, count, duration, listed, money } from "../../../lib/format/format.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { now } from "../../../lib/channel/server-clock.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { n, t, text } from "../../../lib/words.js";
import { get } from "../../../lib/channel/staff-api.js";
import { Transitions } from "../../../lib/orders/transitions.js";
import { keptBefore } from "../../../lib/orders/move-toasts.js";
import { errorWords } from "../../../lib/orders/errors.js";
import { PastFlashes } from "./mispriced-flashes.js";
import { spoken } from "../../../lib/format/staff-sentences.js";
import { isGone, isTakenOff, paymentWords, stateKind, stateWords } from "../../../lib/orders/order-states.js";

/** The line of an order as its event tells it, for an offer at a price, or of that flash batch. */
export const lineAt = (order, { offer, price, flash }) =>
  order.lines?.find((line) => line.offer === offer && (flash ? line.flash === flash : line.price === price && !line.flash));

/** Orders and holds at an offer's price since it began, or of its flash: `{orders, held}`. */
export function takenAt(orders, { offer, price, flash, from, known = [] }) {
  const found = new Set(known);
  const held = [];
  for (const order of orders) {
    if (!lineAt(order, { offer, price, flash })) continue;
    if (order.state === "held") held.push(order);
    else if (order.number && order.at >= from) found.add(order.id);
  }
  return { orders: found, held };
}

export class MispricedOrders {
  #path;
  #memory;
  #scene;
  #dialog = document.getElementById("mispriced-sheet");
  #rows = this.#dialog.querySelector("[data-rows]");
  #card = null;
  /** The wrong prices, the last one first, known once the list is read; their orders by id, each with
      what its price `was` and which is the `right` one. */
  #prices = null;
  #orders = new Map();
  #flashes;
  #moves;
  /** How each order that was cancelled here is taken back, as {undo}: one tap's orders share it. */
  #undos = new Map();
  #isOffline = false;
  #kept;

  constructor(broadcast, scene) {
    this.#memory = `kept.${broadcast}`;
    this.#kept = new Set(recall(this.#memory) ?? []);
    this.#path = `/api/v1/broadcasts/${broadcast}`;
    this.#scene = scene;
    this.#moves = new Transitions(`${this.#path}/orders`);
    this.#flashes = new PastFlashes(this.#part("flashes"), this.#path, { right: () => this.#load(), fail: (words) => this.#say(words) });
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

  /** The orders at the prices of this offer that were put right. */
  async open(card) {
    this.#card = card;
    this.#prices = null;
    this.#orders = new Map();
    this.#part("name").textContent = t("Orders at a wrong price");
    this.#part("what").textContent = text(card.name);
    this.#part("why").hidden = true;
    this.#say("");
    this.#rows.setAttribute("aria-busy", "true");
    this.#draw();
    open(this.#dialog);
    await Promise.all([this.#load(), this.#flashes.load(card)]);
  }

  async #load() {
    try {
      const { prices } = await get(`${this.#path}/offers/${this.#card.id}/mispriced`);
      const isNew = prices.length !== this.#prices?.length;
      this.#prices = prices;
      this.#orders = new Map(prices.flatMap(({ was, price, orders }) => orders.map((order) => [order.id, { ...order, was, right: price }])));
      if (isNew) this.#introduce();
    } catch (problem) {
      this.#say(spoken(problem));
    }
    this.#rows.removeAttribute("aria-busy");
    this.#draw();
  }

  /** The wrong prices that something was ordered at; where nothing was, the last one. */
  get #told() {
    const told = this.#prices.filter(({ orders }) => orders.length > 0);
    return told.length ? told : this.#prices.slice(0, 1);
  }

  #introduce() {
    const told = this.#told;
    const was = listed(new Set(told.map((wrong) => money(wrong.was))));
    const rights = new Set(told.map(({ price }) => money(price)));
    const span = { from: Math.min(...told.map(({ from }) => Date.parse(from))), until: Math.max(...told.map(({ until }) => Date.parse(until))) };
    const times = { name: text(this.#card.name), from: clock(span.from), until: clock(span.until) };
    this.#part("name").textContent = t("Orders at %(price)s", { price: was });
    this.#part("what").textContent = t("%(name)s, between %(from)s and %(until)s", times);
    const right = listed(rights);
    this.#dialog.querySelector("[name=reason]").value =
      told.length === 1
        ? t("The price %(price)s was a mistake; it is %(right)s.", { price: was, right })
        : rights.size === 1
          ? t("The price was a mistake; it is %(right)s.", { right })
          : t("The price was a mistake.");
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
    this.#part("none").hidden = this.#orders.size > 0 || this.#prices === null;
    this.#part("why").hidden = this.#orders.size === 0;
    this.#drawHolds();
  }

  /** What was held at the wrong price keeps its boxes, at the right one: its buyers are asked. */
  #drawHolds() {
    const price = this.#prices?.[0].price;
    const held = [...this.#scene.orders.values()].filter(
      (order) => price && order.state === "held" && order.corrected && lineAt(order, { offer: this.#card.id, price: price.amount }),
    );
    const last = Math.max(...held.map(({ until }) => until));
    this.#part("holds").textContent = held.length
      ? n(
          "%(n)s hold keeps its boxes for %(time)s more at %(price)s: its buyer is asked.",
          "%(n)s holds keep their boxes for up to %(time)s more at %(price)s: their buyers are asked.",
          held.length,
          { n: count(held.length), time: duration(last - now()), price: money(price) },
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
    const isMore = order.was.amount > order.right.amount;
    const sums = { n: count(order.quantity), sum: money(order.total), difference: money(order.difference) };
    const what = isMore ? t("%(n)s for %(sum)s, %(difference)s too much", sums) : t("%(n)s for %(sum)s, %(difference)s too little", sums);
    return el(
      "li",
      { class: isGone(order.state) ? "mispriced is-gone" : "mispriced", "data-order": order.id },
      el(
        "p",
        { class: "mispriced__head" },
        el("b", { class: "number" }, order.number),
        badge(stateWords(order.state), kind),
        order.payment === "due" ? null : badge(paymentWords(order.payment), "leaf"),
        order.refunded.amount && isTakenOff(order) ? badge(t("%(sum)s deducted", { sum: money(order.refunded) }), "leaf") : null,
        this.#kept.has(order.id) ? badge(t("stays as it is"), "leaf") : null,
        order.buyer ? el("a", { class: "mispriced__who", href: `tel:${order.buyer.phone}` }, order.buyer.name) : el("span", { class: "mispriced__who soft" }, t("Buyer's details removed")),
      ),
      el(
        "p",
        { class: "number" },
        this.#told.length > 1 ? t("At %(price)s: %(what)s", { price: money(order.was), what }) : what,
      ),
      el("div", { class: "mispriced__acts" }, ...this.#acts(order, isMoving)),
    );
  }

  #acts(order, isMoving) {
    const button = (words, run) => el("button", { class: "button", type: "button", disabled: isMoving, "aria-label": `${words}: ${order.number}`, onclick: run }, words);
    const deed = this.#undos.get(order.id);
    if (deed && (order.state === "cancelled" || order.refunded.amount)) {
      const together = [...this.#undos.values()].filter((each) => each === deed).length;
      return [button(together > 1 ? t("Undo all %(n)s", { n: count(together) }) : t("Undo"), () => this.#undo(deed))];
    }
    if (this.#kept.has(order.id)) return [button(t("Undo"), () => this.#toggleKept(order))];
    const made = [];
    if (order.deeds.includes("keep") && !isGone(order.state) && order.refunded.amount === 0) made.push(button(t("Let it stand"), () => this.#toggleKept(order)));
    if (order.deeds.includes("cancel")) made.push(button(t("Cancel it"), () => this.#cancel([order])));
    // What was given back or taken off may have been just this: the order list knows.
    if (order.deeds.includes("refund") && order.refunded.amount === 0) {
      const sum = { sum: money(order.difference) };
      made.push(button(order.payment === "due" ? t("Take off %(sum)s", sum) : t("Refund %(sum)s", sum), () => this.#refund(order)));
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

  #moved({ body, moved, refused, undo }) {
    const deed = { undo };
    for (const { id, state, payment, refunded } of moved) {
      const known = this.#orders.get(id);
      if (!known) continue;
      this.#orders.set(id, { ...known, state, payment, refunded: refunded ?? known.refunded, deeds: body.refund ? known.deeds : [] });
      if (undo) this.#undos.set(id, deed);
    }
    this.#refuse(refused);
    this.#draw();
  }

  #undone({ moved, refused }) {
    for (const id of [...moved.map((order) => order.id), ...refused.map(({ order }) => order)]) this.#undos.delete(id);
    this.#refuse(refused);
    if (this.#card) this.#load();
  }

  #failed({ problem, orders, body }) {
    if (body?.refund && problem.slug === "key-reused") return this.#keptBefore(orders[0]);
    if (problem.slug === "undo-over") for (const id of orders) this.#undos.delete(id);
    this.#say(spoken(problem));
    return this.#draw();
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
        el("ul", {}, refused.map(({ order, problem }) => el("li", {}, number(order), " ", errorWords(problem)))),
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

  /** Where its answer is lost, it is asked for again by itself, and never given anew. */
  async #refund({ id, difference }) {
    if (!this.#reason) return this.#say(t("Write why: the buyers read it."));
    this.#say("");
    try {
      return await this.#moves.refund(id, { amount: difference, reason: this.#reason, offer: this.#card.id });
    } catch (problem) {
      return this.#failed({ problem, orders: [id], body: { refund: {} } });
    }
  }

  /** A refund came with the key of another one, which was kept: the list says what there is now. */
  async #keptBefore(id) {
    await this.#load();
    const { number, refunded } = this.#orders.get(id) ?? {};
    this.#say(number ? keptBefore({ number, refunded }) : t("Something else was saved before. Check the order before you continue."));
  }
}
