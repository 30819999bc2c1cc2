// The basket: what this device wants from the bag, and the hold by which the server keeps it. One
// hold a device; each change asks for it anew. Holds no DOM; buy.js shows it.

import { api, Problem } from "../common/api.js";
import { recall, remember } from "../common/memory.js";
import { now } from "../common/now.js";
import { page } from "../common/words.js";
import { keepPending, newKey, recallPending } from "./pending.js";

const AT_MOST = 99;
const SETTLE = 350; // quick taps on the stepper become one hold

/** Events: "change". States: empty; asking (no answer yet); held; over (the time ran out); loose
    (the server could not hold it, `problem` says why; ordering is still possible). */
export class Basket extends EventTarget {
  constructor(broadcast, channel, scene) {
    super();
    this.broadcast = broadcast;
    this.channel = channel;
    this.scene = scene;
    this.lines = new Map(); // by offer: {quantity, price in minor units as it was seen}
    this.hold = null; // {order, until, lines: Map of the same}
    this.state = "empty";
    this.problem = null;
    this.changes = []; // what the server could not keep: {offer, was, now} or {offer, left}
    this.gone = new Set(); // holds that are over for this page
    this.pending = recallPending(broadcast);
    setInterval(() => this.watch(), 500);
    addEventListener("online", () => this.retry());
  }

  get empty() {
    return this.lines.size === 0;
  }

  /** Milliseconds that the hold still lasts. */
  get remains() {
    return this.hold ? Math.max(0, this.hold.until - now()) : 0;
  }

  get total() {
    let amount = 0;
    for (const { quantity, price } of this.lines.values()) amount += quantity * price;
    return { amount, currency: page.currency };
  }

  /** The most that can be wanted of an offer: what is left, and what is held already. */
  most(offer) {
    const own = this.hold?.lines.get(offer)?.quantity ?? 0;
    return Math.min(AT_MOST, (this.scene.offers.get(offer)?.left ?? 0) + own);
  }

  /** Put one of an offer in, and hold it at once; what is in already stays as it is. */
  add(offer) {
    const card = this.scene.offers.get(offer);
    if (!card) return;
    this.changes = [];
    if (!this.lines.has(offer)) this.lines.set(offer, { quantity: 1, price: card.price.amount });
    this.ask(0);
  }

  /** Another quantity; none takes the offer out. */
  set(offer, quantity) {
    const line = this.lines.get(offer);
    if (!line) return;
    const wanted = Math.min(Math.trunc(quantity) || 0, Math.max(1, this.most(offer)));
    this.changes = this.changes.filter((change) => change.offer !== offer);
    if (wanted < 1) this.lines.delete(offer);
    else line.quantity = wanted;
    if (this.empty) this.drop();
    else this.ask(SETTLE);
  }

  /** The new prices suit: go on with them. */
  accept() {
    for (const { offer, now: price } of this.changes) {
      if (price !== undefined && this.lines.has(offer)) this.lines.get(offer).price = price;
    }
    this.changes = [];
    this.ask(0);
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

  /** Give everything back. */
  drop() {
    clearTimeout(this.timer);
    const order = this.hold?.order;
    this.lines.clear();
    this.release();
    this.become("empty");
    if (!order) return;
    const lost = () => api("DELETE", `/api/v1/broadcasts/${this.broadcast}/holds/${order}`);
    this.say({ type: "hold.drop", order }, lost).catch(() => {
      // It runs out by itself.
    });
  }

  ask(wait) {
    clearTimeout(this.timer);
    this.become("asking");
    this.timer = setTimeout(() => this.place(), wait);
  }

  /** Ask for the hold; while an answer is on its way, once more when it is there. */
  place() {
    if (this.busy) this.late = true;
    else this.flight = this.placing();
  }

  async placing() {
    this.busy = true;
    this.late = false;
    const lines = this.wanted();
    const body = { lines };
    const key = newKey();
    try {
      const held = await this.say({ type: "hold.place", key, ...body }, () =>
        api("POST", `/api/v1/broadcasts/${this.broadcast}/holds`, body, {
          headers: { "idempotency-key": key },
        }),
      );
      this.busy = false;
      if (this.empty) {
        // Given back while the answer was on its way.
        this.hold = { ...held, lines: new Map() };
        this.drop();
        return;
      }
      this.take(held);
      if (this.late) await this.placing();
      else this.become("held");
    } catch (problem) {
      this.busy = false;
      if (this.empty) return;
      if (this.late) await this.placing();
      else this.refused(problem);
    }
  }

  wanted() {
    return [...this.lines].map(([offer, { quantity, price }]) => ({ offer, quantity, price }));
  }

  take(held) {
    if (this.hold && this.hold.order !== held.order) this.gone.add(this.hold.order);
    this.problem = null;
    this.hold = {
      order: held.order,
      until: held.until,
      lines: new Map(
        held.lines.map(({ offer, quantity, price }) => [
          offer,
          { quantity, price: price?.amount ?? price },
        ]),
      ),
    };
  }

  /** A hold or an order was refused: keep what the server told, and what can still be done. */
  refused(problem) {
    this.problem = problem;
    const told = problem.body?.offers ?? [];
    if (problem.slug === "price-changed") {
      this.changes = told.map(({ offer, price }) => ({
        offer,
        was: this.lines.get(offer)?.price,
        now: price?.amount ?? price,
      }));
      for (const { offer, now: price } of this.changes) {
        const card = this.scene.offers.get(offer);
        if (card) card.price = { ...card.price, amount: price };
      }
    } else if (problem.slug === "sold-out") {
      this.changes = told.map(({ offer, left }) => ({ offer, left }));
      for (const { offer, left } of told) {
        const card = this.scene.offers.get(offer);
        const own = this.hold?.lines.get(offer)?.quantity ?? 0;
        if (card) card.left = Math.max(0, left - own);
        if (left > 0 && this.lines.has(offer)) this.lines.get(offer).quantity = left;
      }
    }
    // What is left of it is held at once; the buyer is told and may still give it back.
    if (problem.slug === "sold-out" && !this.blocked) this.ask(0);
    else this.become(this.hold && this.remains > 0 ? "held" : "loose");
  }

  /** Whether a question is open that has to be answered before anything is ordered. */
  get blocked() {
    return this.changes.some((change) => change.now !== undefined || change.left === 0);
  }

  /** Leave out what is sold out and hold the rest. */
  without() {
    for (const { offer, left } of this.changes) if (left === 0) this.lines.delete(offer);
    this.changes = [];
    if (this.empty) this.drop();
    else this.ask(0);
  }

  /** The clock: a hold that ran out is over here too. */
  watch() {
    if (this.hold && this.state !== "asking" && this.remains <= 0) this.over();
  }

  over() {
    this.release();
    if (!this.empty) this.become("over");
  }

  release() {
    if (this.hold) this.gone.add(this.hold.order);
    this.hold = null;
    this.problem = null;
    this.changes = [];
  }

  /** What the log says of this device's orders: after a reload the hold is taken up again. */
  sync() {
    const mine = this.hold && this.scene.orders.get(this.hold.order);
    if (mine && !this.busy && mine.state !== "held" && !this.ordering) {
      if (mine.state === "expired") this.over();
      else if (!this.pending) this.clear(); // ordered in another tab
    }
    const later = mine?.state === "held" && mine.until > this.hold?.until;
    if (later && this.state !== "asking") this.adopt(mine);
    if (this.pending && !this.ordering) this.recover();
    this.follow();
    if (this.channel.state === "open") this.retry();
    if (this.hold || this.busy || !this.empty) return;
    for (const order of this.scene.orders.values()) {
      if (order.state !== "held" || this.gone.has(order.order) || !(order.until > now())) continue;
      this.adopt(order);
    }
  }

  /** A hold of an earlier load of this page, or of another tab, is this one's basket. */
  adopt(held) {
    this.take(held);
    this.keepHeld();
  }

  /** The link is back: ask for the hold that could not be asked for. */
  retry() {
    if (this.state === "loose" && this.problem?.slug === "offline" && navigator.onLine) this.ask(0);
  }

  /** A lower price than the held one is the buyer's. */
  follow() {
    if (this.state !== "held") return;
    let lower = false;
    for (const [offer, line] of this.lines) {
      const price = this.scene.offers.get(offer)?.price.amount;
      if (price >= line.price || price === undefined) continue;
      line.price = price;
      lower = true;
    }
    if (lower) this.ask(0);
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

  // Ordering.

  /** Order what is in the basket. Throws Problem, after keeping what it says. */
  async order(details) {
    // A hold that is still asked for would come after the order.
    clearTimeout(this.timer);
    this.ordering = true;
    await this.flight;
    if (this.blocked) {
      this.ordering = false;
      throw this.problem;
    }
    const body = { lines: this.wanted(), ...details };
    if (this.hold) body.order = this.hold.order;
    const text = JSON.stringify(body);
    if (this.pending?.body !== text) this.keep({ body: text, key: newKey() });
    try {
      const placed = await this.send(body, this.pending.key);
      this.keep(null);
      this.placed(placed);
      return placed;
    } catch (problem) {
      // Where no answer came, the same key is used again, so that nothing is ordered twice.
      if (problem.slug !== "offline" && problem.slug !== "unavailable") this.keep(null);
      this.refused(problem);
      throw problem;
    } finally {
      this.ordering = false;
    }
  }

  /** An order whose answer was lost and that the log has: fetch its answer. Event: "recovered". */
  async recover() {
    const { body, key } = this.pending;
    const order = JSON.parse(body);
    if (this.channel.state !== "open" || !this.known(order)) return;
    this.ordering = true;
    try {
      const placed = await this.send(order, key);
      this.keep(null);
      this.placed(placed);
      this.dispatchEvent(new CustomEvent("recovered", { detail: placed }));
    } catch (problem) {
      if (problem.slug !== "offline" && problem.slug !== "unavailable") this.keep(null);
    } finally {
      this.ordering = false;
    }
  }

  /** Whether the log has this order: by its hold, or by its lines where it had none. */
  known({ order, lines }) {
    const over = ["held", "expired", "cancelled"];
    if (order) {
      const found = this.scene.orders.get(order);
      return Boolean(found) && !over.includes(found.state);
    }
    const links = recall("orders") ?? {};
    const wanted = lines.map(({ offer, quantity }) => `${offer} ${quantity}`).sort().join();
    return [...this.scene.orders.values()].some(
      (found) =>
        !links[found.order] &&
        !over.includes(found.state) &&
        wanted === found.lines?.map(({ offer, quantity }) => `${offer} ${quantity}`).sort().join(),
    );
  }

  placed(placed) {
    const links = recall("orders") ?? {};
    links[placed.order] = placed.url;
    remember("orders", links);
    this.gone.add(placed.order);
    this.clear();
  }

  send(order, key) {
    return this.say({ type: "order.place", key, ...order }, () =>
      api("POST", `/api/v1/broadcasts/${this.broadcast}/orders`, order, {
        headers: { "idempotency-key": key },
      }),
    );
  }

  /** Over the channel, or over HTTP where that is down. */
  async say(message, instead) {
    if (this.channel.state === "open" && navigator.onLine) {
      try {
        return await this.channel.ask(message);
      } catch (problem) {
        if (!(problem instanceof Problem) || problem.slug !== "offline") throw problem;
      }
    }
    return instead();
  }

  keep(pending) {
    this.pending = pending;
    keepPending(this.broadcast, pending);
  }
}
