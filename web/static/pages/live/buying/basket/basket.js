// The basket: what this device wants from the bag, and the hold by which the server keeps it. One
// hold a device; each change asks for it anew. Holds no DOM; buy.js shows it, ordering.js orders it,
// hold-requests.js asks for the hold, box-limits.js says how much may be wanted, and held-prices.js what
// becomes of prices that change meanwhile.

import { now } from "../../../../lib/channel/server-clock.js";
import { page } from "../../../../lib/words.js";
import { mostOf } from "./box-limits.js";
import { priceOf, running } from "../../../../lib/state/flash-batch.js";
import { isStopped } from "../../../../lib/state/broadcast-state.js";
import { HoldRequests, holdOf } from "./hold-requests.js";
import { believe, changesOf } from "./hold-refusal.js";
import { correctPrices, followLowerPrices } from "./held-prices.js";
import { ToldSince } from "./told-since.js";

/** @typedef {import("../../types").Hold} Hold */
/** @typedef {import("../../types").BasketChange} BasketChange */
/** @typedef {import("../../../../lib/channel/api.js").Problem} Problem */

const SETTLE = 350; // quick taps on the stepper become one hold

/** Events: "change"; "stopped" with the cards of what was taken out since their lot is stopped. States: empty; asking (no answer yet); held; over (the time ran out); loose
    (the server could not hold it, `problem` says why; ordering is still possible). */
export class Basket extends EventTarget {
  /**
   * @param {string} broadcast
   * @param {import("../../../../lib/channel/channel.js").Channel} channel
   * @param {import("../../../../lib/state/broadcast-state.js").BroadcastState} scene
   */
  constructor(broadcast, channel, scene) {
    super();
    this.channel = channel;
    this.scene = scene;
    this.requests = new HoldRequests(broadcast, channel, this);
    this.log = new ToldSince();
    /** @type {import("../../types").BasketLines} by offer */
    this.lines = new Map();
    /** @type {Hold | null} */
    this.hold = null;
    /** @type {import("../../types").BasketState} */
    this.state = "empty";
    /** @type {Problem | null} */
    this.problem = null;
    /** @type {BasketChange[]} what the server could not keep, as hold-refusal.js says it */
    this.changes = [];
    /** @type {Set<string>} holds that are over for this page */
    this.gone = new Set();
    /** @type {{ busy: boolean, asking: boolean, pending: object | null }} ordering.js is it */
    this.till = { busy: false, asking: false, pending: null };
    /** @type {Set<string>} batches of which one may have no more */
    this.refusedFlashes = new Set();
    /** @type {string | null} the batch, or "price", that is asked for since it is lower */
    this.following = null;
    setInterval(() => this.watch(), 500);
    addEventListener("online", () => this.retry());
  }

  get empty() {
    return this.lines.size === 0;
  }

  /** Whether more is wanted than is held, and ordered without a hold. */
  get isBeyond() {
    return Boolean(this.hold) && this.problem?.slug === "hold-share";
  }

  /** Milliseconds that the hold still lasts. */
  get remains() {
    return this.hold ? Math.max(0, this.hold.until - now()) : 0;
  }

  /** The currency of the bag, which has one. */
  get currency() {
    const [offer] = this.lines.keys();
    return this.scene.offers.get(offer ?? "")?.price.currency ?? page.currency ?? "CNY";
  }

  get total() {
    let amount = 0;
    for (const { quantity, price } of this.lines.values()) amount += quantity * price;
    return { amount, currency: this.currency };
  }

  /**
   * Put one of an offer in at the price that was seen, and hold it at once; what is in already
   * stays as it is.
   * @param {string} offer
   * @param {number | null} [price]
   */
  add(offer, price) {
    const card = this.scene.offers.get(offer);
    if (!card) return;
    this.changes = [];
    if (!this.lines.has(offer)) {
      const seen = Math.min(price ?? Infinity, priceOf(card).amount);
      this.lines.set(offer, { quantity: 1, price: seen, flash: this.batchAt(card, seen) });
    }
    this.ask(0);
  }

  /**
   * The running batch of the card if that is its price.
   * @param {import("../../../../lib/state/scene").Offer} card
   * @param {number} price
   */
  batchAt(card, price) {
    const flash = running(card);
    return flash?.price.amount === price ? flash.id : undefined;
  }

  /**
   * Another quantity; none takes the offer out.
   * @param {string} offer
   * @param {number} quantity
   */
  set(offer, quantity) {
    const line = this.lines.get(offer);
    if (!line) return;
    const wanted = Math.min(Math.trunc(quantity) || 0, Math.max(1, mostOf(offer, this)));
    this.changes = this.changes.filter((change) => change.offer !== offer);
    if (wanted < 1) this.lines.delete(offer);
    else line.quantity = wanted;
    if (this.empty) this.drop();
    else this.ask(SETTLE);
  }

  /** The new prices suit: go on with them. */
  accept() {
    for (const { offer, now: price } of this.changes) {
      if (price !== undefined) this.reprice(offer, price);
    }
    this.changes = [];
    this.ask(0);
  }

  /** What a flash batch gives no more is taken at the ordinary price. */
  ordinary() {
    for (const { offer, flash } of this.changes) {
      const card = this.scene.offers.get(offer);
      if (flash && card) this.reprice(offer, card.price.amount);
    }
    this.changes = [];
    this.ask(0);
  }

  /**
   * @param {string} offer
   * @param {number} price
   */
  reprice(offer, price) {
    const line = this.lines.get(offer);
    if (!line) return;
    const card = this.scene.offers.get(offer);
    line.price = price;
    line.flash = card && this.batchAt(card, price);
  }

  /** They do not suit: what is held stays as it is held. */
  keepHeld() {
    this.changes = [];
    this.problem = null;
    const held = this.hold?.lines ?? new Map();
    this.lines = new Map([...held].map(([offer, line]) => [offer, { ...line }]));
    this.become("held");
  }

  /** Hold again what ran out or could not be held. */
  again() {
    this.changes = [];
    this.ask(0);
  }

  /** Give everything back; resolves when the server knows, or can't be told. */
  async drop() {
    this.requests.cancel();
    const id = this.hold?.id;
    this.clear();
    if (id) await this.requests.drop(id);
  }

  /**
   * Ask for the hold; `following` where it is a lower price alone that is asked for.
   * @param {number} wait
   * @param {string | null} following
   */
  ask(wait, following = null) {
    this.requests.cancel();
    this.following = following;
    this.become("asking");
    this.requests.soon(wait);
  }

  wanted() {
    return [...this.lines].map(([offer, { quantity, price }]) => ({ offer, quantity, price }));
  }

  /** @param {import("../../types").HeldOrder} held */
  take(held) {
    if (this.hold && this.hold.id !== held.id) this.gone.add(this.hold.id);
    this.problem = null;
    this.hold = holdOf(held);
  }

  /**
   * A hold or an order was refused: keep what the server told, and what can still be done. What was asked
   * `then`, a former `log.now`, does not stand against what the log told since.
   * @param {Problem} problem
   * @param {number} [then]
   */
  refused(problem, then = this.log.now) {
    if (this.following) {
      // A lower price that could not be had: what is held stays as it was.
      this.refusedFlashes.add(this.following);
      this.following = null;
      if (this.hold && this.remains > 0) {
        this.keepHeld();
        return;
      }
    }
    if (problem.slug === "lot-stopped") {
      const { lot, reasons } = problem.body;
      if (!this.log.isTold(lot, then))
        this.scene.updateLot(lot, { stopped: reasons, lifted: null, tested: false });
      if (this.unsell()) return;
    }
    this.problem = problem;
    // That fewer are left, and so wanted now, is still to be told where these can't be held.
    const known =
      problem.slug === "hold-share" ? this.changes.filter(({ left = 0 }) => left > 0) : [];
    this.changes = changesOf(problem, {
      lines: this.lines,
      hold: this.hold,
      offers: this.scene.offers,
    }).concat(known);
    if (problem.slug === "lot-spent") {
      const { lot, left_g } = problem.body;
      if (!this.log.isTold(lot, then)) this.scene.updateLotWeights({ lot, lot_left_g: left_g });
    }
    let fewer = false;
    for (const change of this.changes) {
      if (!this.log.isTold(change.offer, then)) believe(change, this);
      const line = this.lines.get(change.offer);
      const { left = 0 } = change;
      if (!line || left <= 0 || left >= line.quantity) continue;
      line.quantity = left;
      fewer = true;
    }
    // What is left of it is held at once; the buyer is told and may still give it back.
    if (fewer && !this.blocked) this.ask(0);
    else this.become(this.hold && this.remains > 0 ? "held" : "loose");
  }

  /** Whether a question is open that has to be answered before anything is ordered. */
  get blocked() {
    return this.changes.some((change) => change.now !== undefined || change.left === 0);
  }

  /** Leave out what is sold out, or costs another price, and hold the rest. */
  without() {
    for (const { offer, left, now: price } of this.changes)
      if (left === 0 || price !== undefined) this.lines.delete(offer);
    this.changes = [];
    if (this.empty) this.drop();
    else this.ask(0);
  }

  /** Take out what is of a stopped lot, give it back, and hold the rest; whether there was any. */
  unsell() {
    const stopped = [...this.lines.keys()].flatMap((offer) => {
      const card = this.scene.offers.get(offer);
      return card && isStopped(card) ? [card] : [];
    });
    if (stopped.length === 0) return false;
    for (const { id } of stopped) this.lines.delete(id);
    this.changes = this.changes.filter(({ offer }) => this.lines.has(offer));
    this.problem = null;
    if (this.empty) this.drop();
    else this.ask(0);
    this.dispatchEvent(new CustomEvent("stopped", { detail: stopped }));
    return true;
  }

  /** The clock: a hold that ran out is over here too. */
  watch() {
    if (this.hold && this.state !== "asking" && this.remains <= 0 && !this.till.busy) this.over();
  }

  over() {
    this.release();
    if (!this.empty) this.become("over");
  }

  release() {
    if (this.hold) this.gone.add(this.hold.id);
    this.hold = null;
    this.problem = null;
    this.changes = [];
  }

  /** What the log says of this device's orders: after a reload the hold is taken up again. */
  sync() {
    const { orders, over } = this.scene;
    const mine = this.hold && (orders.get(this.hold.id) ?? over.get(this.hold.id));
    if (mine && !this.requests.busy && mine.state !== "held" && !this.till.busy) {
      if (mine.state === "expired") this.over();
      else if (!this.till.pending) this.clear(); // ordered in another tab
    }
    const isLater = mine?.state === "held" && (mine.until ?? 0) > (this.hold?.until ?? Infinity);
    if (mine && isLater && this.state !== "asking") this.adopt(mine);
    followLowerPrices(this);
    if (this.channel.state === "open") this.retry();
    // What is being ordered stays as it is until it is known what became of it.
    if (!this.till.busy) this.unsell();
    if (this.hold || this.requests.busy || !(this.empty || this.till.asking)) return;
    for (const order of orders.values()) {
      if (order.state !== "held" || this.gone.has(order.id) || (order.until ?? 0) <= now())
        continue;
      this.adopt(order);
    }
    if (!this.till.busy) this.unsell();
  }

  /**
   * A hold of an earlier load of this page, or of another tab, is this one's basket.
   * @param {import("../../types").HeldOrder} held
   */
  adopt(held) {
    this.take(held);
    this.keepHeld();
  }

  /**
   * The page was loaded anew while it was not known whether these lines were ordered: they stay in
   * the basket until it is.
   * @param {import("../../types").NewOrder["lines"]} lines
   */
  resume(lines) {
    for (const { offer, quantity, price } of lines) this.lines.set(offer, { quantity, price });
    this.become("loose");
  }

  /**
   * The server's clock was set: what is held is held for as long as before. Its answer may have come
   * before the log told.
   * @param {number} by milliseconds
   */
  moved(by) {
    if (!this.hold) return;
    this.hold.until = this.scene.orders.get(this.hold.id)?.until ?? this.hold.until + by;
  }

  /**
   * A wrong price was put right.
   * @param {import("../../../../lib/state/events").OrderHeld} event
   */
  corrected(event) {
    if (correctPrices(this, event)) this.dispatchEvent(new CustomEvent("change"));
  }

  /** The link is back: ask for the hold that could not be asked for. */
  retry() {
    if (this.till.busy) return;
    if (this.state === "loose" && this.problem?.slug === "offline" && navigator.onLine) this.ask(0);
  }

  /**
   * What one waited for was held: it is in the basket, beside what is still asked for.
   * @param {import("../../../../lib/state/events").OrderHeld} held
   */
  served(held) {
    const asked = ["asking", "loose"].includes(this.state) ? [...this.lines] : [];
    this.adopt({ ...held, id: held.order });
    const more = asked.filter(([offer]) => !this.lines.has(offer));
    for (const [offer, line] of more) this.lines.set(offer, line);
    if (this.requests.busy || more.length > 0) this.ask(0);
  }

  clear() {
    this.lines.clear();
    this.release();
    this.become("empty");
  }

  /** @param {import("../../types").BasketState} state */
  become(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("change"));
  }

  /** Ask for nothing more: a hold that is still asked for would come after the order. Whether the
      basket is still what it was when this was called: an answer that was on its way may have made it
      dearer or smaller. */
  async settled() {
    const meant = JSON.stringify(this.wanted());
    await this.requests.settled();
    if (JSON.stringify(this.wanted()) !== meant) return false;
    this.requests.cancel();
    return true;
  }

  /**
   * It became an order.
   * @param {string} order
   */
  ordered(order) {
    this.gone.add(order);
    this.clear();
  }
}
