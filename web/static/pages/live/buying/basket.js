// The basket: what this device wants from the bag, and the hold by which the server keeps it. One
// hold a device; each change asks for it anew. Holds no DOM; buy.js shows it, ordering.js orders it,
// hold-requests.js asks for the hold, and box-limits.js says how much may be wanted.

import { now } from "../../../lib/channel/server-clock.js";
import { page } from "../../../lib/words.js";
import { mostOf, mostOfFlash } from "./box-limits.js";
import { flashOf, keptOf, priceOf, running } from "../../../lib/state/flash-batch.js";
import { isStopped } from "../../../lib/state/broadcast-state.js";
import { HoldRequests } from "./hold-requests.js";
import { changesOf } from "./hold-refusal.js";
import { ToldSince } from "./told-since.js";

const SETTLE = 350; // quick taps on the stepper become one hold

/** Events: "change"; "stopped" with the cards of what was taken out since their lot is stopped. States: empty; asking (no answer yet); held; over (the time ran out); loose
    (the server could not hold it, `problem` says why; ordering is still possible). */
export class Basket extends EventTarget {
  constructor(broadcast, channel, scene) {
    super();
    this.channel = channel;
    this.scene = scene;
    this.requests = new HoldRequests(broadcast, channel, this);
    this.log = new ToldSince();
    // By offer: {quantity, price in minor units as it was seen, flash where it is of that batch}.
    this.lines = new Map();
    this.hold = null; // {id, until, lines: Map of the same, final where no asking moves its end}
    this.state = "empty";
    this.problem = null;
    this.changes = []; // what the server could not keep, as hold-refusal.js says it
    this.gone = new Set(); // holds that are over for this page
    this.till = { busy: false, asking: false, pending: null }; // ordering.js is it
    this.refusedFlashes = new Set(); // batches of which one may have no more
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
    return this.scene.offers.get(offer)?.price.currency ?? page.currency;
  }

  get total() {
    let amount = 0;
    for (const { quantity, price } of this.lines.values()) amount += quantity * price;
    return { amount, currency: this.currency };
  }

  /** Put one of an offer in at the price that was seen, and hold it at once; what is in already
      stays as it is. */
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

  /** The running batch of the card if that is its price. */
  batchAt(card, price) {
    const flash = running(card);
    return flash?.price.amount === price ? flash.id : undefined;
  }

  /** Another quantity; none takes the offer out. */
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
      if (flash) this.reprice(offer, this.scene.offers.get(offer).price.amount);
    }
    this.changes = [];
    this.ask(0);
  }

  reprice(offer, price) {
    const line = this.lines.get(offer);
    if (!line) return;
    line.price = price;
    line.flash = this.batchAt(this.scene.offers.get(offer), price);
  }

  /** They do not suit: what is held stays as it is held. */
  keepHeld() {
    this.changes = [];
    this.problem = null;
    this.lines = new Map([...this.hold.lines].map(([offer, line]) => [offer, { ...line }]));
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

  /** Ask for the hold; `following` where it is a lower price alone that is asked for. */
  ask(wait, following = null) {
    this.requests.cancel();
    this.following = following;
    this.become("asking");
    this.requests.soon(wait);
  }

  wanted() {
    return [...this.lines].map(([offer, { quantity, price }]) => ({ offer, quantity, price }));
  }

  take(held) {
    if (this.hold && this.hold.id !== held.id) this.gone.add(this.hold.id);
    this.problem = null;
    this.hold = {
      id: held.id,
      until: held.until,
      final: held.final,
      lines: new Map(
        held.lines.map(({ offer, quantity, price, flash }) => [
          offer,
          { quantity, price: price?.amount ?? price, flash: flash ?? undefined },
        ]),
      ),
    };
  }

  /** A hold or an order was refused: keep what the server told, and what can still be done. What was asked
      `then`, a former `log.now`, does not stand against what the log told since. */
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
    const known = problem.slug === "hold-share" ? this.changes.filter(({ left }) => left > 0) : [];
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
      if (!this.log.isTold(change.offer, then)) this.believe(change);
      const line = this.lines.get(change.offer);
      if (!line || !(change.left > 0) || change.left >= line.quantity) continue;
      line.quantity = change.left;
      fewer = true;
    }
    // What is left of it is held at once; the buyer is told and may still give it back.
    if (fewer && !this.blocked) this.ask(0);
    else this.become(this.hold && this.remains > 0 ? "held" : "loose");
  }

  /** What a refusal told of an offer stands on its card until the log tells more. */
  believe({ offer, was, now: price, over, left, why, flash }) {
    const card = this.scene.offers.get(offer);
    if (!card) return;
    if (over && running(card)?.price.amount === was) card.flash = null;
    if (price !== undefined && running(card)?.price.amount !== price) {
      card.price = { ...card.price, amount: price };
    }
    if (why !== "sold-out") return;
    const rest = Math.max(0, left - (this.hold?.lines.get(offer)?.quantity ?? 0));
    if (flash) card.kept = rest;
    else {
      card.left = rest;
      card.sold = card.released - card.held - (card.kept ?? 0) - rest;
    }
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
    const stopped = [...this.lines.keys()]
      .map((offer) => this.scene.offers.get(offer))
      .filter((card) => card && isStopped(card));
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
    const mine =
      this.hold && (this.scene.orders.get(this.hold.id) ?? this.scene.over.get(this.hold.id));
    if (mine && !this.requests.busy && mine.state !== "held" && !this.till.busy) {
      if (mine.state === "expired") this.over();
      else if (!this.till.pending) this.clear(); // ordered in another tab
    }
    const later = mine?.state === "held" && mine.until > this.hold?.until;
    if (later && this.state !== "asking") this.adopt(mine);
    this.follow();
    if (this.channel.state === "open") this.retry();
    // What is being ordered stays as it is until it is known what became of it.
    if (!this.till.busy) this.unsell();
    if (this.hold || this.requests.busy || !(this.empty || this.till.asking)) return;
    for (const order of this.scene.orders.values()) {
      if (order.state !== "held" || this.gone.has(order.id) || !(order.until > now())) continue;
      this.adopt(order);
    }
    if (!this.till.busy) this.unsell();
  }

  /** A hold of an earlier load of this page, or of another tab, is this one's basket. */
  adopt(held) {
    this.take(held);
    this.keepHeld();
  }

  /** The page was loaded anew while it was not known whether these lines were ordered: they stay in
      the basket until it is. */
  resume(lines) {
    for (const { offer, quantity, price } of lines) this.lines.set(offer, { quantity, price });
    this.become("loose");
  }

  /** The server's clock was set: what is held is held for as long as before. Its answer may have come
      before the log told. */
  moved(by) {
    if (!this.hold) return;
    this.hold.until = this.scene.orders.get(this.hold.id)?.until ?? this.hold.until + by;
  }

  /** A wrong price was put right: what is held at it is held at the right one now, and whoever wanted
      it for less is asked. Where an answer is on its way, it is that which asks. */
  corrected({ order, lines }) {
    if (order !== this.hold?.id) return;
    for (const { offer, price } of lines) {
      const held = this.hold.lines.get(offer);
      if (!held || held.price === price) continue;
      const was = held.price;
      Object.assign(held, { price, flash: undefined });
      if (this.requests.busy || this.till.busy || this.lines.get(offer)?.price !== was) continue;
      if (price < was) this.reprice(offer, price);
      else
        this.changes = [
          ...this.changes.filter((change) => change.offer !== offer),
          { offer, was, now: price, over: "wrong" },
        ];
    }
    this.dispatchEvent(new CustomEvent("change"));
  }

  /** The link is back: ask for the hold that could not be asked for. */
  retry() {
    if (this.till.busy) return;
    if (this.state === "loose" && this.problem?.slug === "offline" && navigator.onLine) this.ask(0);
  }

  /** What one waited for was held: it is in the basket, beside what is still asked for. */
  served(held) {
    const asked = ["asking", "loose"].includes(this.state) ? [...this.lines] : [];
    this.adopt(held);
    const more = asked.filter(([offer]) => !this.lines.has(offer));
    for (const [offer, line] of more) this.lines.set(offer, line);
    if (this.requests.busy || more.length > 0) this.ask(0);
  }

  /** A lower price than the held one is the buyer's, a flash batch's too while it gives so many. */
  follow() {
    if (this.state !== "held" || this.till.busy) return;
    let following = null;
    for (const [offer, line] of this.lines) {
      const card = this.scene.offers.get(offer);
      const flash = flashOf(card);
      if (flash && flash.price.amount < line.price) {
        const may = Math.min(keptOf(card), mostOfFlash(flash, this));
        if (this.refusedFlashes.has(flash.id) || line.quantity > may) continue;
        following = flash.id;
        Object.assign(line, { price: flash.price.amount, flash: flash.id });
      } else if (card?.price.amount < line.price) {
        following = following ?? "price";
        Object.assign(line, { price: card.price.amount, flash: undefined });
      }
    }
    if (following) this.ask(0, following);
  }

  clear() {
    this.lines.clear();
    this.release();
    this.become("empty");
  }

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

  /** It became an order. */
  ordered(order) {
    this.gone.add(order);
    this.clear();
  }
}
