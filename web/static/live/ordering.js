// Ordering: what is in the basket becomes an order, once. Keeps what was sent until it is known what
// became of it, and does the sum that a server may want before.

import { api } from "../common/api.js";
import { recall, remember } from "../common/memory.js";
import { ask } from "./ask.js";
import { keepPending, newKey, recallPending } from "./pending.js";
import { prove, proven } from "./proof.js";

const OVER = ["held", "expired", "cancelled"];
const UNKNOWN = ["offline", "unavailable"]; // it is not known whether the order was taken

const quantities = (lines) =>
  lines?.map(({ offer, quantity }) => `${offer} ${quantity}`).sort().join();

/** Events: "recovered" with the answer to an order whose own answer was lost; "proving" while the
    sum is done. */
export class Ordering extends EventTarget {
  constructor(broadcast, channel, scene, basket) {
    super();
    this.broadcast = broadcast;
    this.channel = channel;
    this.scene = scene;
    this.basket = basket;
    this.busy = false;
    this.proving = false;
    this.pending = recallPending(broadcast); // {body, key, proof}
    basket.till = this;
  }

  /** Order what is in the basket. Throws Problem, after keeping what it says. */
  async order(details) {
    const { basket } = this;
    this.busy = true;
    await basket.settled();
    if (basket.blocked) {
      this.busy = false;
      throw basket.problem;
    }
    const body = { lines: basket.wanted(), ...details };
    if (basket.hold) body.order = basket.hold.order;
    const text = JSON.stringify(body);
    if (this.pending?.body !== text) this.keep({ body: text, key: newKey() });
    try {
      return this.placed(await this.send(body));
    } catch (problem) {
      // Where no answer came, the same key is used again, so that nothing is ordered twice.
      if (!UNKNOWN.includes(problem.slug)) this.keep(null);
      basket.refused(problem);
      throw problem;
    } finally {
      this.busy = false;
    }
  }

  /** The log changed: an order whose answer was lost and that the log has is taken up. */
  async sync() {
    if (!this.pending || this.busy || this.channel.state !== "open") return;
    const order = JSON.parse(this.pending.body);
    if (!this.known(order)) return;
    this.busy = true;
    try {
      const placed = this.placed(await this.send(order));
      this.dispatchEvent(new CustomEvent("recovered", { detail: placed }));
    } catch (problem) {
      if (!UNKNOWN.includes(problem.slug)) this.keep(null);
    } finally {
      this.busy = false;
    }
  }

  /** Whether the log has this order: by its hold, or by its lines where it had none. */
  known({ order, lines }) {
    if (order) {
      const found = this.scene.orders.get(order);
      return Boolean(found) && !OVER.includes(found.state);
    }
    const links = recall("orders") ?? {};
    const wanted = quantities(lines);
    return [...this.scene.orders.values()].some(
      (found) =>
        !links[found.order] && !OVER.includes(found.state) && wanted === quantities(found.lines),
    );
  }

  placed(placed) {
    const links = recall("orders") ?? {};
    links[placed.order] = placed.url;
    remember("orders", links);
    this.keep(null);
    this.basket.ordered(placed.order);
    return placed;
  }

  /** Send the pending order; where the server wants a sum done first, with its result. */
  send(order) {
    const { key, proof: before } = this.pending;
    const place = (proof) => {
      if (proof !== before) this.keep({ ...this.pending, proof });
      return this.place({ ...order, ...(proof && { proof }) }, key);
    };
    return proven(this.broadcast, key, place, {
      proof: before,
      search: (prefix, bits) => this.prove(prefix, bits),
    });
  }

  async prove(prefix, bits) {
    this.proving = true;
    this.dispatchEvent(new CustomEvent("proving"));
    try {
      return await prove(prefix, bits);
    } finally {
      this.proving = false;
      this.dispatchEvent(new CustomEvent("proving"));
    }
  }

  place(order, key) {
    return ask(this.channel, { type: "order.place", key, ...order }, () =>
      api("POST", `/api/v1/broadcasts/${this.broadcast}/orders`, order, {
        headers: { "idempotency-key": key },
      }),
    );
  }

  keep(pending) {
    this.pending = pending;
    keepPending(this.broadcast, pending);
  }
}
