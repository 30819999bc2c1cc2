// A wrong price put right. After any change of a price its row says what it was, what it is and how many
// have ordered at it; one tap puts it back, or another price in its place. What becomes of the orders
// that were taken at the wrong price is in mispriced.js.

import { count, listed, money } from "../common/format.js";
import { recall, remember } from "../common/memory.js";
import { now } from "../common/now.js";
import { n, t, text } from "../common/words.js";
import { lineAt, takenAt } from "./mispriced.js";
import { spoken, together } from "./sentences.js";

/** A change of a price asks for no look any more after so long. */
const SHOWN_MS = 15 * 60_000;
/** What was put right, and ordered at before, stays until somebody has looked. */
const RIGHT_MS = 12 * 3_600_000;
const QUIET_SECONDS = 60;

const isPast = ({ from, until }) => (until ? until < now() - RIGHT_MS : from < now() - SHOWN_MS);

export class Corrections {
  #send;
  #scene;
  #notes;
  #prices;
  #memory;
  /** By offer: `{offer, was, price, from, known, right}`, amounts; `right` once it is put right. */
  #changes = new Map();
  #list;
  #timer = null;

  /** `prices` is the sheet of prices, `list` that of the orders at wrong ones. */
  constructor(broadcast, send, scene, notes, prices, list) {
    this.#send = send;
    this.#scene = scene;
    this.#notes = notes;
    this.#prices = prices;
    this.#memory = `prices.${broadcast}`;
    this.#list = list;
    for (const change of recall(this.#memory) ?? []) {
      if (!isPast(change)) this.#changes.set(change.offer, change);
    }
    addEventListener("pagehide", () => this.#timer && this.#write());
  }

  /** Learns of changes by an event, before the scene takes it in: that forgets what was before. */
  hear({ kind, at, data }) {
    if (kind === "offer.changed" && data.price) this.#changed(at, data);
    if (kind === "order.placed") this.#ordered(data);
  }

  #changed(at, { offer, price: { amount }, corrected }) {
    const card = this.#scene.offers.get(offer);
    if (!card || card.price.amount === amount) return;
    const before = this.#changes.get(offer);
    const wrong = card.price.amount;
    if (corrected) {
      // Where this page does not know how it became wrong, all that it knows of counts.
      const change = before?.price === wrong ? before : { offer, was: amount, price: wrong, from: 0, known: [] };
      this.#changes.set(offer, { ...change, right: amount, until: at });
    } else this.#changes.set(offer, { offer, was: wrong, price: amount, from: at, known: [] });
    this.#keep();
  }

  #ordered(order) {
    for (const change of this.#changes.values()) {
      if (!lineAt(order, change.offer, change.price) || change.known.includes(order.order)) continue;
      change.known.push(order.order);
      this.#keep();
    }
  }

  /** So that it outlives the page; once a second at most, as orders may come many at a time. */
  #keep() {
    this.#timer ??= setTimeout(() => this.#write(), 1_000);
  }

  #write() {
    clearTimeout(this.#timer);
    this.#timer = null;
    remember(this.#memory, [...this.#changes.values()]);
  }

  #forget(offer) {
    this.#changes.delete(offer);
    this.#notes.drop(offer, "price");
    this.#keep();
  }

  /** Says in its row what became of each price that changed. */
  draw() {
    for (const change of this.#changes.values()) {
      const card = this.#scene.offers.get(change.offer);
      // What was remembered may have been changed again meanwhile, unseen.
      const isOther = change.right === undefined && card?.price.amount !== change.price;
      if (!card || isOther || isPast(change)) this.#forget(change.offer);
      else this.#drawOne(card, change);
    }
  }

  #drawOne(card, change) {
    const { orders, held } = takenAt(this.#scene.orders.values(), change);
    if (orders.size > change.known.length) {
      change.known = [...orders];
      this.#keep();
    }
    const sum = (amount) => money({ amount, currency: card.price.currency });
    const name = text(card.name);
    const forget = () => this.#forget(card.offer);
    const taken = takenWords(orders.size, held.length);
    if (change.right === undefined) {
      this.#notes.put(card.offer, "price", {
        icon: "tag",
        words: together([
          t("%(was)s → %(price)s.", { was: sum(change.was), price: sum(change.price) }),
          taken ? t("%(taken)s at it.", { taken }) : t("Nobody has ordered at it yet."),
        ]),
        acts: [
          { words: t("Put it right"), run: () => this.#putRight(change), name },
          { words: t("Another price"), run: () => this.#another(change), name },
        ],
        close: forget,
      });
      return;
    }
    const said = t("Put right: %(right)s in place of %(price)s.", { right: sum(change.right), price: sum(change.price) });
    this.#notes.put(
      card.offer,
      "price",
      {
        icon: "check",
        kind: "leaf",
        words: together([said, taken ? t("%(taken)s at %(price)s.", { taken, price: sum(change.price) }) : t("Nobody had ordered at it.")]),
        acts: taken ? [{ words: t("See these orders"), run: () => this.#list.open(card), name }] : [],
        close: forget,
      },
      { seconds: taken ? 0 : QUIET_SECONDS },
    );
  }

  /** Back to the price before, at once: it can be changed again just so. */
  async #putRight(change) {
    try {
      await this.#send("offer.correct", { offer: change.offer });
    } catch (problem) {
      this.#notes.put(change.offer, "price-failed", { icon: "warning", kind: "red", words: spoken(problem) }, { seconds: 20 });
    }
  }

  #another(change) {
    this.#prices.open(change.offer, { isWrong: true });
  }
}

/** "4 orders and 1 hold", or nothing. */
function takenWords(orders, held) {
  const said = [];
  if (orders) said.push(n("%(n)s order", "%(n)s orders", orders, { n: count(orders) }));
  if (held) said.push(n("%(n)s hold", "%(n)s holds", held, { n: count(held) }));
  return listed(said);
}
