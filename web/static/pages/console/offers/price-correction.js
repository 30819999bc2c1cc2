// A wrong price put right. After any change of a price its row says what it was, what it is and how many
// have ordered at it; one tap puts it back, or another price in its place. What was put right, a flash's
// price too, stays in the row with how many ordered at it, however often it was. What becomes of those
// orders is in mispriced-orders.js.

import { count, listed, money } from "../../../lib/format/format.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { now } from "../../../lib/channel/server-clock.js";
import { n, t, text } from "../../../lib/words.js";
import { lineAt, takenAt } from "./mispriced-orders.js";
import { spoken, together } from "../../../lib/format/staff-sentences.js";

/** A change of a price asks for no look any more after so long. */
const SHOWN_MS = 15 * 60_000;
/** What was put right, and ordered at before, stays until somebody has looked. */
const RIGHT_MS = 12 * 3_600_000;
const QUIET_SECONDS = 60;
/** Of the notes of an offer, the first one and the second. */
const KEYS = ["price", "righted"];

const isPast = ({ from }) => from < now() - SHOWN_MS;
const isLong = ({ until }) => until < now() - RIGHT_MS;

export class Corrections {
  #send;
  #scene;
  #notes;
  #prices;
  #memory;
  /** By offer, amounts: a change, `{offer, was, price, from, known}`, and what was put right, `{offer,
      right, until, wrong}`, where each that was wrong is `{price, from, known}` or a flash's, `{price,
      flash, orders}`. */
  #changes = new Map();
  #righted = new Map();
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
    const { changes = [], righted = [] } = recall(this.#memory) ?? {};
    for (const change of changes) if (!isPast(change)) this.#changes.set(change.offer, change);
    for (const change of righted) if (!isLong(change)) this.#righted.set(change.offer, change);
    addEventListener("pagehide", () => this.#timer && this.#write());
  }

  /** Learns of changes by an event, before the scene takes it in: that forgets what was before.
      @param {import("../../../lib/state/events").LiveEvent} event */
  hear({ kind, at, data }) {
    if (kind === "offer.changed" && data.price) this.#changed(at, data);
    if (kind === "flash.corrected") this.#flashed(at, data);
    if (kind === "order.placed") this.#ordered(data);
  }

  #changed(at, { offer, price: { amount }, corrected }) {
    const card = this.#scene.offers.get(offer);
    if (!card || card.price.amount === amount) return;
    const before = this.#changes.get(offer);
    const wrong = card.price.amount;
    if (corrected) {
      // Where this page does not know how it became wrong, all that it knows of counts.
      const { from = 0, known = [] } = before?.price === wrong ? before : {};
      this.#changes.delete(offer);
      this.#right(offer, amount, at, { price: wrong, from, known });
    } else this.#changes.set(offer, { offer, was: wrong, price: amount, from: at, known: [] });
    this.#keep();
  }

  #flashed(at, { offer, flash, price, right, orders }) {
    this.#right(offer, right.amount, at, { price: price.amount, flash, orders });
    this.#keep();
  }

  /** What was wrong before stays wrong, unless it is right after all. */
  #right(offer, right, until, wrong) {
    const others = (this.#righted.get(offer)?.wrong ?? []).filter(({ price, flash }) => price !== wrong.price || flash !== wrong.flash);
    const all = [...others, wrong].filter(({ price, flash }) => flash || price !== right);
    if (all.length) this.#righted.set(offer, { offer, right, until, wrong: all });
    else this.#righted.delete(offer);
  }

  #ordered(placed) {
    for (const { offer, price, known } of this.#priced()) {
      if (!lineAt(placed, { offer, price }) || known.includes(placed.order)) continue;
      known.push(placed.order);
      this.#keep();
    }
  }

  /** Every price that changed or was wrong, a flash's aside, with the orders that are known of it. */
  *#priced() {
    yield* this.#changes.values();
    for (const { offer, wrong } of this.#righted.values()) {
      for (const each of wrong) if (!each.flash) yield { offer, ...each };
    }
  }

  /** So that it outlives the page; once a second at most, as orders may come many at a time. */
  #keep() {
    this.#timer ??= setTimeout(() => this.#write(), 1_000);
  }

  #write() {
    clearTimeout(this.#timer);
    this.#timer = null;
    remember(this.#memory, { changes: [...this.#changes.values()], righted: [...this.#righted.values()] });
  }

  #forget(all, offer) {
    all.delete(offer);
    this.#keep();
  }

  /** Says in its row what became of each price that changed. */
  draw() {
    for (const offer of new Set([...this.#changes.keys(), ...this.#righted.keys()])) {
      const card = this.#scene.offers.get(offer);
      this.#drop(offer, card);
      const drawn = [];
      if (card && this.#changes.has(offer)) drawn.push(this.#changeNote(card, this.#changes.get(offer)));
      if (card && this.#righted.has(offer)) drawn.push(this.#rightNote(card, this.#righted.get(offer)));
      // The first has the place in which a finger or the focus is, when the one becomes the other.
      for (const [place, key] of KEYS.entries()) {
        if (drawn[place]) this.#notes.put(offer, key, ...drawn[place]);
        else this.#notes.drop(offer, key);
      }
    }
  }

  #close(all, offer) {
    this.#forget(all, offer);
    for (const key of KEYS) this.#notes.drop(offer, key);
  }

  /** Forgets what is past. */
  #drop(offer, card) {
    const change = this.#changes.get(offer);
    // What was remembered may have been changed again meanwhile, unseen.
    if (change && (card?.price.amount !== change.price || isPast(change))) this.#forget(this.#changes, offer);
    const righted = this.#righted.get(offer);
    if (!righted) return;
    const isQuiet = righted.until < now() - QUIET_SECONDS * 1_000 && !this.#takenOf(offer, righted.wrong);
    if (!card || isLong(righted) || isQuiet) this.#forget(this.#righted, offer);
  }

  /** How many have ordered at these prices and hold at them, in words; nothing where nobody did. */
  #takenOf(offer, prices) {
    const counted = prices.map((price) => this.#counted(offer, price));
    const all = (what) => counted.reduce((so, each) => so + each[what], 0);
    return takenWords(all("orders"), all("held"));
  }

  #counted(offer, wrong) {
    if (wrong.flash) return { orders: wrong.orders, held: 0 };
    const { orders, held } = takenAt(this.#scene.orders.values(), { offer, ...wrong });
    for (const order of orders) {
      if (wrong.known.includes(order)) continue;
      wrong.known.push(order);
      this.#keep();
    }
    return { orders: orders.size, held: held.length };
  }

  #changeNote(card, change) {
    const sum = (amount) => money({ amount, currency: card.price.currency });
    const name = text(card.name);
    const taken = this.#takenOf(card.id, [change]);
    const note = {
      icon: "tag",
      words: together([
        t("%(was)s → %(price)s.", { was: sum(change.was), price: sum(change.price) }),
        taken ? t("%(taken)s at it.", { taken }) : t("Nobody has ordered at it yet."),
      ]),
      acts: [
        { words: t("Correct the price"), run: () => this.#putRight(change), name },
        { words: t("Another price"), run: () => this.#another(change), name },
      ],
      close: () => this.#close(this.#changes, card.id),
    };
    return [note];
  }

  #rightNote(card, { right, wrong }) {
    const sum = (amount) => money({ amount, currency: card.price.currency });
    const prices = listed(new Set(wrong.map(({ price }) => sum(price))));
    const taken = this.#takenOf(card.id, wrong);
    const said = t("Corrected: %(right)s instead of %(price)s.", { right: sum(right), price: prices });
    const note = {
      icon: "check",
      kind: "leaf",
      words: together([said, taken ? t("%(taken)s at %(price)s.", { taken, price: prices }) : t("Nobody had ordered at it.")]),
      acts: taken ? [{ words: t("See these orders"), run: () => this.#list.open(card), name: text(card.name) }] : [],
      close: () => this.#close(this.#righted, card.id),
    };
    return [note, { seconds: taken ? 0 : QUIET_SECONDS }];
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
