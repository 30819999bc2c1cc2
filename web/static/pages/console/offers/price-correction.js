// A wrong price put right. After any change of a price its row says what it was, what it is and how many
// have ordered at it; one tap puts it back, or another price in its place. What was put right, a flash's
// price too, stays in the row with how many ordered at it, however often it was. What becomes of those
// orders is in mispriced-orders.js.

import { Problem } from "../../../lib/channel/api.js";
import { count, listed, money } from "../../../lib/format/format.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { now } from "../../../lib/channel/server-clock.js";
import { n, t, text } from "../../../lib/words.js";
import { lineAt, takenAt } from "./mispriced-orders.js";
import { spoken, together } from "../../../lib/format/staff-sentences.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../types").Note} Note */
/** @typedef {{ offer: string, was: number, price: number, from: number, known: string[] }} Change amounts in minor units */
/** @typedef {{ price: number, from?: number, known: string[], flash?: string, orders?: number }} Wrong a price that was wrong, or a flash's */
/** @typedef {{ offer: string, right: number, until: number, wrong: Wrong[] }} Righted what was put right */
/** @typedef {[Omit<Note, "key">, { seconds: number }?]} Drawn */

/** A change of a price asks for no look any more after so long. */
const SHOWN_MS = 15 * 60_000;
/** What was put right, and ordered at before, stays until somebody has looked. */
const RIGHT_MS = 12 * 3_600_000;
const QUIET_SECONDS = 60;
/** Of the notes of an offer, the first one and the second. */
const KEYS = ["price", "righted"];

/** @param {Change} change */
const isPast = ({ from }) => from < now() - SHOWN_MS;
/** @param {Righted} change */
const isLong = ({ until }) => until < now() - RIGHT_MS;

export class Corrections {
  /**
   * `prices` is the sheet of prices, `list` that of the orders at wrong ones.
   * @param {string} broadcast
   * @param {import("../types").Send} send
   * @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene
   * @param {import("./offer-notices.js").OfferNotices} notes
   * @param {import("./price-sheet.js").Prices} prices
   * @param {import("./mispriced-orders.js").MispricedOrders} list
   */
  constructor(broadcast, send, scene, notes, prices, list) {
    /** @type {Map<string, Change>} by offer */
    this._changes = new Map();
    /** @type {Map<string, Righted>} by offer */
    this._righted = new Map();
    /** @type {number | null} */
    this._timer = null;
    this._send = send;
    this._scene = scene;
    this._notes = notes;
    this._prices = prices;
    this._memory = `prices.${broadcast}`;
    this._list = list;
    const { changes = [], righted = [] } = recall(this._memory) ?? {};
    for (const change of changes) if (!isPast(change)) this._changes.set(change.offer, change);
    for (const change of righted) if (!isLong(change)) this._righted.set(change.offer, change);
    addEventListener("pagehide", () => this._timer && this._write());
  }

  /**
   * Learns of changes by an event, before the scene takes it in: that forgets what was before.
   * @param {import("../../../lib/state/events").LiveEvent} event
   */
  hear({ kind, at, data }) {
    if (kind === "offer.changed" && data.price)
      this._changed(at, data.offer, data.price.amount, data.corrected ?? false);
    if (kind === "flash.corrected") this._flashed(at, data);
    if (kind === "order.placed") this._ordered(data);
  }

  /**
   * @param {number} at
   * @param {string} offer
   * @param {number} amount
   * @param {boolean} isCorrected
   */
  _changed(at, offer, amount, isCorrected) {
    const card = this._scene.offers.get(offer);
    if (!card || card.price.amount === amount) return;
    const before = this._changes.get(offer);
    const wrong = card.price.amount;
    if (isCorrected) {
      // Where this page does not know how it became wrong, all that it knows of counts.
      const { from = 0, known = [] } = before?.price === wrong ? before : {};
      this._changes.delete(offer);
      this._right(offer, amount, at, { price: wrong, from, known });
    } else this._changes.set(offer, { offer, was: wrong, price: amount, from: at, known: [] });
    this._keep();
  }

  /**
   * @param {number} at
   * @param {import("../../../lib/state/events").FlashCorrected} event
   */
  _flashed(at, { offer, flash, price, right, orders }) {
    this._right(offer, right.amount, at, { price: price.amount, known: [], flash, orders });
    this._keep();
  }

  /**
   * What was wrong before stays wrong, unless it is right after all.
   * @param {string} offer
   * @param {number} right
   * @param {number} until
   * @param {Wrong} wrong
   */
  _right(offer, right, until, wrong) {
    const others = (this._righted.get(offer)?.wrong ?? []).filter(
      ({ price, flash }) => price !== wrong.price || flash !== wrong.flash,
    );
    const all = [...others, wrong].filter(({ price, flash }) => flash || price !== right);
    if (all.length) this._righted.set(offer, { offer, right, until, wrong: all });
    else this._righted.delete(offer);
  }

  /** @param {import("../../../lib/state/events").OrderPlaced} placed */
  _ordered(placed) {
    for (const { offer, price, known } of this._priced()) {
      if (!lineAt(placed, { offer, price }) || known.includes(placed.order)) continue;
      known.push(placed.order);
      this._keep();
    }
  }

  /** Every price that changed or was wrong, a flash's aside, with the orders that are known of it. */
  *_priced() {
    yield* this._changes.values();
    for (const { offer, wrong } of this._righted.values()) {
      for (const each of wrong) if (!each.flash) yield { offer, ...each };
    }
  }

  /** So that it outlives the page; once a second at most, as orders may come many at a time. */
  _keep() {
    if (this._timer === null) this._timer = setTimeout(() => this._write(), 1_000);
  }

  _write() {
    clearTimeout(this._timer ?? undefined);
    this._timer = null;
    remember(this._memory, {
      changes: [...this._changes.values()],
      righted: [...this._righted.values()],
    });
  }

  /**
   * @param {Map<string, unknown>} all
   * @param {string} offer
   */
  _forget(all, offer) {
    all.delete(offer);
    this._keep();
  }

  /** Says in its row what became of each price that changed. */
  draw() {
    for (const offer of new Set([...this._changes.keys(), ...this._righted.keys()])) {
      const card = this._scene.offers.get(offer);
      this._drop(offer, card);
      /** @type {Drawn[]} */
      const drawn = [];
      const change = this._changes.get(offer);
      const righted = this._righted.get(offer);
      if (card && change) drawn.push(this._changeNote(card, change));
      if (card && righted) drawn.push(this._rightNote(card, righted));
      // The first has the place in which a finger or the focus is, when the one becomes the other.
      for (const [place, key] of KEYS.entries()) {
        if (drawn[place]) this._notes.put(offer, key, ...drawn[place]);
        else this._notes.drop(offer, key);
      }
    }
  }

  /**
   * @param {Map<string, unknown>} all
   * @param {string} offer
   */
  _close(all, offer) {
    this._forget(all, offer);
    for (const key of KEYS) this._notes.drop(offer, key);
  }

  /**
   * Forgets what is past.
   * @param {string} offer
   * @param {Offer | undefined} card
   */
  _drop(offer, card) {
    const change = this._changes.get(offer);
    // What was remembered may have been changed again meanwhile, unseen.
    if (change && (card?.price.amount !== change.price || isPast(change)))
      this._forget(this._changes, offer);
    const righted = this._righted.get(offer);
    if (!righted) return;
    const isQuiet =
      righted.until < now() - QUIET_SECONDS * 1_000 && !this._takenOf(offer, righted.wrong);
    if (!card || isLong(righted) || isQuiet) this._forget(this._righted, offer);
  }

  /**
   * How many have ordered at these prices and hold at them, in words; nothing where nobody did.
   * @param {string} offer
   * @param {Wrong[]} prices
   */
  _takenOf(offer, prices) {
    const counted = prices.map((price) => this._counted(offer, price));
    /** @param {"orders" | "held"} what */
    const all = (what) => counted.reduce((so, each) => so + each[what], 0);
    return takenWords(all("orders"), all("held"));
  }

  /**
   * @param {string} offer
   * @param {Wrong} wrong
   */
  _counted(offer, wrong) {
    if (wrong.flash) return { orders: wrong.orders ?? 0, held: 0 };
    const { orders, held } = takenAt(this._scene.orders.values(), { offer, ...wrong });
    for (const order of orders) {
      if (wrong.known.includes(order)) continue;
      wrong.known.push(order);
      this._keep();
    }
    return { orders: orders.size, held: held.length };
  }

  /**
   * @param {Offer} card
   * @param {Change} change
   * @returns {Drawn}
   */
  _changeNote(card, change) {
    /** @param {number} amount */
    const sum = (amount) => money({ amount, currency: card.price.currency });
    const name = text(card.name);
    const taken = this._takenOf(card.id, [change]);
    const note = {
      icon: "tag",
      words: together([
        t("%(was)s → %(price)s.", { was: sum(change.was), price: sum(change.price) }),
        taken
          ? t("New price: %(taken)s.", { taken })
          : t("Nobody has ordered at the new price yet."),
      ]),
      acts: [
        { words: t("Correct the price"), run: () => this._putRight(change), name },
        { words: t("Another price"), run: () => this._another(change), name },
      ],
      close: () => this._close(this._changes, card.id),
    };
    return [note];
  }

  /**
   * @param {Offer} card
   * @param {Righted} righted
   * @returns {Drawn}
   */
  _rightNote(card, { right, wrong }) {
    /** @param {number} amount */
    const sum = (amount) => money({ amount, currency: card.price.currency });
    const prices = listed(new Set(wrong.map(({ price }) => sum(price))));
    const taken = this._takenOf(card.id, wrong);
    const said = t("Corrected: %(right)s instead of %(price)s.", {
      right: sum(right),
      price: prices,
    });
    /** @type {Drawn[0]} */
    const note = {
      icon: "check",
      kind: "leaf",
      words: together([
        said,
        taken
          ? t("%(price)s: %(taken)s.", { taken, price: prices })
          : t("Nobody had ordered at that price."),
      ]),
      acts: taken
        ? [
            {
              words: t("See these orders"),
              run: () => this._list.open(card),
              name: text(card.name),
            },
          ]
        : [],
      close: () => this._close(this._righted, card.id),
    };
    return [note, { seconds: taken ? 0 : QUIET_SECONDS }];
  }

  /**
   * Back to the price before, at once: it can be changed again just so.
   * @param {Change} change
   */
  async _putRight(change) {
    try {
      await this._send("offer.correct", { offer: change.offer });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this._notes.put(
        change.offer,
        "price-failed",
        { icon: "warning", kind: "red", words: spoken(problem) },
        { seconds: 20 },
      );
    }
  }

  /** @param {Change} change */
  _another(change) {
    this._prices.open(change.offer, { isWrong: true });
  }
}

/**
 * "4 orders and 1 hold", or nothing.
 * @param {number} orders
 * @param {number} held
 */
function takenWords(orders, held) {
  const said = [];
  if (orders) said.push(n("%(n)s order", "%(n)s orders", orders, { n: count(orders) }));
  if (held) said.push(n("%(n)s hold", "%(n)s holds", held, { n: count(held) }));
  return listed(said);
}
