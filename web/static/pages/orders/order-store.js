// Every order of the broadcast that this role may read, as it stands now: read page by page, then
// kept up by the channel's events. What is shown of them is the page's part. What is heard of an order while
// it is being read may be newer than the answer: it stands, and the order is read once more.

import { UNATTENDED } from "../../lib/channel/api.js";
import { Backoff } from "../../lib/channel/retry.js";
import { get, post } from "../../lib/channel/staff-api.js";
import { place } from "../../lib/orders/order-numbers.js";

const PAGE = 200;
const READ_MS = 1_000;
const AGAIN_MS = 20_000;

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */

export class OrderStore extends EventTarget {
  /**
   * Event `change` whenever an order came or changed.
   * @param {string} path of the orders in the API
   */
  constructor(path) {
    super();
    /** @type {Map<string, Order>} */
    this._orders = new Map();
    /** @type {Order[] | null} */
    this._sorted = null;
    /** @type {Set<string>} */
    this._stale = new Set();
    /** @type {number | string} the place of the last of those that were read, with all before it */
    this._last = "";
    this._pauses = new Backoff();
    this._isPausing = false;
    this._againPauses = new Backoff();
    /** @type {number | null} */
    this._reading = null;
    /** @type {Set<Set<string>>} of each read that is under way, the orders that something was heard of meanwhile */
    this._reads = new Set();
    /** @type {Set<string>} */
    this._again = new Set();
    /** @type {number | null} */
    this._readingAgain = null;
    this.path = path;
  }

  get size() {
    return this._orders.size;
  }

  /** @param {string} id */
  order(id) {
    return this._orders.get(id);
  }

  /** All of them by their number, the first ones first. */
  all() {
    if (!this._sorted)
      this._sorted = [...this._orders.values()].sort((a, b) => place(a.number) - place(b.number));
    return this._sorted;
  }

  /**
   * Reads what is not known yet; a page's orders are there as soon as it came.
   * @param {Record<string, string>} [headers]
   * @param {number | string} [last] the place after which it reads
   */
  async load(headers = {}, last = this._last) {
    /** @type {string | null | undefined} */
    let next = "";
    do {
      // Each load goes its own way: two at a time would skip what the other one has yet to read.
      const address = `${this.path}?limit=${PAGE}${last ? `&cursor=${last}` : ""}`;
      await this._read(
        () => get(address, headers),
        (answer) => {
          // A hold is no order yet; the console shows them while they run.
          const placed = answer.orders.filter(({ number }) => number);
          if (placed.length) last = place(placed[placed.length - 1].number);
          // Up to there each one was read, by whichever load.
          this._last = Math.max(Number(last), Number(this._last)) || "";
          ({ next } = answer);
          return placed;
        },
      );
    } while (next);
  }

  /**
   * Takes orders over as the server answered what was done with them.
   * @param {Order[]} orders
   */
  put(orders) {
    for (const { id } of orders) this._hear(id);
    this._take(orders);
  }

  /**
   * Asks for orders and takes over what `found` picks from the answer.
   * @param {() => Promise<any>} ask
   * @param {(answer: { orders: Order[], next?: string | null }) => Order[]} found
   */
  async _read(ask, found) {
    /** @type {Set<string>} */
    const heard = new Set();
    this._reads.add(heard);
    try {
      this._take(found(await ask()), heard);
    } finally {
      this._reads.delete(heard);
    }
  }

  /** @param {string} id */
  _hear(id) {
    for (const heard of this._reads) heard.add(id);
  }

  /**
   * Those that were `heard` of meanwhile keep what was heard, and are read again.
   * @param {Order[]} orders
   * @param {Set<string>} [heard]
   */
  _take(orders, heard = new Set()) {
    for (const order of orders) {
      const { id } = order;
      if (heard.has(id)) this._again.add(id);
      if (heard.has(id) && this._orders.has(id)) continue;
      this._orders.set(id, order);
      this._stale.delete(id);
    }
    if (this._again.size) this._readAgain();
    if (orders.length) this._tell();
  }

  /** One after the other, until all are read. */
  _readAgain() {
    if (this._readingAgain !== null) return;
    this._readingAgain = setTimeout(async () => {
      try {
        for (const id of this._again) {
          this._again.delete(id);
          const order = this._orders.get(id);
          if (!order) continue;
          await this.whole(order, true).catch((problem) => {
            this._again.add(id);
            throw problem;
          });
        }
        this._againPauses.reset();
      } catch {
        // What is left waits for the next time.
        await this._againPauses.pause();
      }
      this._readingAgain = null;
      if (this._again.size) this._readAgain();
    }, READ_MS);
  }

  /**
   * Known orders take over what the events say; new ones are read, and those with a claim again.
   * @param {import("../../lib/state/events").LiveEvent[]} events
   */
  follow(events) {
    let isChanged = false;
    for (const { kind, data: told } of events) {
      if (!kind.startsWith("order.")) continue;
      // Whichever of an order's events it is.
      const data = /** @type {Record<string, any>} */ (told);
      const known = this._orders.get(data.order);
      // An answer that has a new one at all has it as placed.
      if (known || data.back || kind !== "order.placed") this._hear(data.order);
      if (kind === "order.placed" && !known) this.readSoon();
      if (!known) continue;
      if (kind.startsWith("order.claim") || kind === "order.erased" || data.back || data.claim)
        this.whole(known, true).catch(() => this._stale.add(known.id));
      /** @type {Partial<Order>} */
      const changed = { state: data.state ?? known.state, payment: data.payment ?? known.payment };
      if (
        changed.state === known.state &&
        changed.payment === known.payment &&
        kind !== "order.refunded"
      )
        continue;
      if (kind === "order.refunded" && data.amount) changed.refunded = data.amount;
      this._orders.set(known.id, { ...known, ...changed });
      this._stale.add(known.id);
      isChanged = true;
    }
    if (isChanged) this._tell();
  }

  /** Reads what is new, once a second at most: in a rush orders come many at a time. Where it can't be read
      the pauses grow. */
  readSoon() {
    if (this._reading !== null || this._isPausing) return;
    this._reading = setTimeout(async () => {
      this._reading = null;
      if (this._isPausing) return;
      try {
        await this.load(UNATTENDED);
        this._pauses.reset();
      } catch {
        this._isPausing = true;
        await this._pauses.pause();
        this._isPausing = false;
        this.readSoon();
      }
    }, READ_MS);
  }

  /**
   * Reads all of them anew, since some may have changed unheard.
   * @param {Record<string, string>} [headers]
   */
  async loadAgain(headers = {}) {
    await this.load(headers, "");
  }

  /** For who hears no events: looks again by itself, as long as someone looks at the page. */
  watch() {
    setInterval(() => {
      if (!document.hidden) this.loadAgain(UNATTENDED).catch(() => {});
    }, AGAIN_MS);
  }

  /**
   * The order with its history, which events don't tell.
   * @param {Order} order
   * @param {boolean} [isChanged]
   * @returns {Promise<Order>}
   */
  async whole(order, isChanged = false) {
    if (isChanged || this._stale.has(order.id)) {
      await this._read(
        () => post(`${this.path}/search`, { find: order.number }),
        ({ orders }) => orders.filter(({ id }) => id === order.id),
      );
    }
    return this._orders.get(order.id) ?? order;
  }

  _tell() {
    this._sorted = null;
    this.dispatchEvent(new Event("change"));
  }
}
