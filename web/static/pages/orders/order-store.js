// Every order of the broadcast that this role may read, as it stands now: read page by page, then
// kept up by the channel's events. What is shown of them is the page's part. What is heard of an order while
// it is being read may be newer than the answer: it stands, and the order is read once more.

import { UNATTENDED } from "../../lib/channel/api.js";
import { get, post } from "../../lib/channel/staff-api.js";
import { place } from "../../lib/orders/order-numbers.js";

const PAGE = 200;
const READ_MS = 1_000;
const AGAIN_MS = 20_000;

export class OrderStore extends EventTarget {
  #orders = new Map();
  #sorted = null;
  #stale = new Set();
  #last = "";
  #reading = null;
  /** Of each read that is under way, the orders that something was heard of meanwhile. */
  #reads = new Set();
  #again = new Set();
  #readingAgain = null;

  /** Event `change` whenever an order came or changed. */
  constructor(path) {
    super();
    this.path = path;
  }

  get size() {
    return this.#orders.size;
  }

  order(id) {
    return this.#orders.get(id);
  }

  /** All of them by their number, the first ones first. */
  all() {
    this.#sorted ??= [...this.#orders.values()].sort((a, b) => place(a.number) - place(b.number));
    return this.#sorted;
  }

  /** Reads what is not known yet; a page's orders are there as soon as it came. */
  async load(headers = {}) {
    let next = "";
    do {
      const address = `${this.path}?limit=${PAGE}${this.#last ? `&cursor=${this.#last}` : ""}`;
      await this.#read(
        () => get(address, headers),
        (answer) => {
          // A hold is no order yet; the console shows them while they run.
          const placed = answer.orders.filter(({ number }) => number);
          if (placed.length) this.#last = place(placed.at(-1).number);
          ({ next } = answer);
          return placed;
        },
      );
    } while (next);
  }

  /** Takes orders over as the server answered what was done with them. */
  put(orders) {
    for (const { id } of orders) this.#hear(id);
    this.#take(orders);
  }

  /** Asks for orders and takes over what `found` picks from the answer. */
  async #read(ask, found) {
    const heard = new Set();
    this.#reads.add(heard);
    try {
      this.#take(found(await ask()), heard);
    } finally {
      this.#reads.delete(heard);
    }
  }

  #hear(id) {
    for (const heard of this.#reads) heard.add(id);
  }

  /** Those that were `heard` of meanwhile keep what was heard, and are read again. */
  #take(orders, heard = new Set()) {
    for (const order of orders) {
      const { id } = order;
      if (heard.has(id)) this.#again.add(id);
      if (heard.has(id) && this.#orders.has(id)) continue;
      this.#orders.set(id, order);
      this.#stale.delete(id);
    }
    if (this.#again.size) this.#readAgain();
    if (orders.length) this.#tell();
  }

  /** One after the other, until all are read. */
  #readAgain() {
    this.#readingAgain ??= setTimeout(async () => {
      try {
        for (const id of this.#again) {
          this.#again.delete(id);
          await this.whole(this.#orders.get(id), true).catch((problem) => {
            this.#again.add(id);
            throw problem;
          });
        }
      } catch {
        // What is left waits for the next time.
      }
      this.#readingAgain = null;
      if (this.#again.size) this.#readAgain();
    }, READ_MS);
  }

  /** Known orders take over what the events say; new ones are read, and those with a claim again. */
  follow(events) {
    let isChanged = false;
    for (const { kind, data } of events) {
      if (!kind.startsWith("order.")) continue;
      const known = this.#orders.get(data.order);
      // An answer that has a new one at all has it as placed.
      if (known || data.back || kind !== "order.placed") this.#hear(data.order);
      if (kind === "order.placed" && !known) this.readSoon();
      if (!known) continue;
      if (kind.startsWith("order.claim") || kind === "order.erased" || data.back || data.claim) this.whole(known, true).catch(() => this.#stale.add(known.id));
      const changed = { state: data.state ?? known.state, payment: data.payment ?? known.payment };
      if (changed.state === known.state && changed.payment === known.payment && kind !== "order.refunded") continue;
      if (kind === "order.refunded" && data.amount) changed.refunded = data.amount;
      this.#orders.set(known.id, { ...known, ...changed });
      this.#stale.add(known.id);
      isChanged = true;
    }
    if (isChanged) this.#tell();
  }

  /** Reads what is new, once a second at most: in a rush orders come many at a time. */
  readSoon() {
    this.#reading ??= setTimeout(async () => {
      this.#reading = null;
      try {
        await this.load(UNATTENDED);
      } catch {
        this.readSoon();
      }
    }, READ_MS);
  }

  /** Reads all of them anew, since some may have changed unheard. */
  async loadAgain(headers = {}) {
    this.#last = "";
    await this.load(headers);
  }

  /** For who hears no events: looks again by itself, as long as someone looks at the page. */
  watch() {
    setInterval(() => {
      if (!document.hidden) this.loadAgain(UNATTENDED).catch(() => {});
    }, AGAIN_MS);
  }

  /** The order with its history, which events don't tell. */
  async whole(order, isChanged = false) {
    if (isChanged || this.#stale.has(order.id)) {
      await this.#read(
        () => post(`${this.path}/search`, { find: order.number }),
        ({ orders }) => orders.filter(({ id }) => id === order.id),
      );
    }
    return this.#orders.get(order.id);
  }

  #tell() {
    this.#sorted = null;
    this.dispatchEvent(new Event("change"));
  }
}
