// Ordering: what is in the basket becomes an order, once. Where it is not known whether the server
// took it, the same is sent again with the same key until that is known, over a reload too. Does the
// sum that a server may want before.

import { Backoff } from "../../../lib/channel/retry.js";
import { api, Problem } from "../../../lib/channel/api.js";
import { isUnknown } from "../../../lib/format/problems.js";
import { request } from "../../../lib/channel/request.js";
import { keepLink, linksOfOrders } from "../../../lib/state/order-links.js";
import { keepPending, newKey, recallPending } from "../../../lib/channel/pending-requests.js";
import { prove, proven } from "../../../lib/channel/proof-of-work.js";

/** @typedef {import("../types").NewOrder} NewOrder */
/** @typedef {import("../types").PendingOrder} PendingOrder */
/** @typedef {import("../../../lib/state/api").PlacedOrder} PlacedOrder */

const OVER = ["held", "expired", "cancelled"];
// So long after the tap it is sent again by itself; nobody expects an order hours later.
const LONGEST = 10 * 60_000;
const ANSWER_WITHIN = 15_000;

/** @param {{ offer: string, quantity: number }[] | undefined} lines */
const quantities = (lines) =>
  lines
    ?.map(({ offer, quantity }) => `${offer} ${quantity}`)
    .sort()
    .join();

/** Events: "placed" when the way to an order is kept; "asking" when it becomes unknown whether an order
    was taken, and when that is over; "recovered" and "refused" with the answer to an order that this page did not send first; "proving"
    while the sum is done. */
export class Ordering extends EventTarget {
  /**
   * @param {string} broadcast
   * @param {import("../../../lib/channel/channel.js").Channel} channel
   * @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene
   * @param {import("./basket/basket.js").Basket} basket
   */
  constructor(broadcast, channel, scene, basket) {
    super();
    this.broadcast = broadcast;
    this.channel = channel;
    this.scene = scene;
    this.basket = basket;
    this.busy = false;
    this.asking = false; // it is not known whether the order was taken
    this.proving = false;
    this.pauses = new Backoff();
    /** @type {PendingOrder | null} */
    this.pending = recallPending(broadcast);
    /** @type {number | undefined} what the log had told when it was asked */
    this.asked = undefined;
    /** @type {string | undefined} the key of the order that the log was seen to have */
    this.told = undefined;
    basket.till = this;
  }

  /**
   * Order what is in the basket now; where an answer that was on its way changes it, nothing is
   * ordered. `remembered` is whether this device may keep the way to the order, null
   * where it is for someone else and this tab may not either. Throws Problem, after
   * keeping what it says.
   * @param {import("../types").OrderDetails} details
   * @param {{ remembered: boolean | null }} choice
   * @returns {Promise<PlacedOrder>}
   */
  async order(details, { remembered }) {
    const { basket } = this;
    this.busy = true;
    const isAsMeant = await basket.settled();
    if (!isAsMeant || basket.blocked) {
      this.busy = false;
      throw basket.problem ?? new Problem({ type: "/problems/price-changed" });
    }
    /** @type {NewOrder} */
    const body = { lines: basket.wanted(), ...details };
    if (basket.hold) body.order = basket.hold.id;
    const text = JSON.stringify(body);
    const same = this.pending?.body === text ? this.pending : { body: text, key: newKey() };
    this.keep({ ...same, at: Date.now(), remembered });
    return this.settle(body);
  }

  /** The page was loaded anew while it was not known: that is asked at once. */
  resume() {
    if (!this.pending || !this.isRecent) return;
    const order = JSON.parse(this.pending.body);
    this.basket.resume(order.lines);
    this.become(true);
    this.recover(order);
  }

  /** The log changed: where it has an order whose answer was lost, that answer is asked for. */
  sync() {
    if (!this.pending || this.channel.state !== "open" || (this.busy && !this.asking)) return;
    const order = JSON.parse(this.pending.body);
    if (this.told === this.pending.key) return;
    if (!this.known(order)) {
      // It was not taken and is not sent any more: name, phone and address need not stay in this tab.
      if (!this.busy && !this.isRecent) this.keep(null);
      return;
    }
    this.told = this.pending.key;
    if (this.asking) this.pauses.hurry();
    else {
      this.keep({ ...this.pending, at: Date.now() });
      this.recover(order);
    }
  }

  /** @param {NewOrder} order */
  async recover(order) {
    this.busy = true;
    try {
      const placed = await this.settle(order);
      this.dispatchEvent(new CustomEvent("recovered", { detail: placed }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.dispatchEvent(new CustomEvent("refused", { detail: problem }));
    }
  }

  /**
   * Send the pending order until it is known what became of it. Throws Problem.
   * @param {NewOrder} order
   */
  async settle(order) {
    try {
      return this.placed(await this.surely(order));
    } catch (problem) {
      if (problem instanceof Problem) this.basket.refused(problem, this.asked);
      throw problem;
    } finally {
      this.busy = false;
      this.become(false);
    }
  }

  /**
   * @param {NewOrder} order
   * @returns {Promise<PlacedOrder>}
   */
  async surely(order) {
    this.pauses.reset();
    for (;;) {
      try {
        return await this.send(order);
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        if (!this.leavesOpen(problem)) {
          this.keep(null);
          throw problem;
        }
        if (!this.isRecent) throw new Problem({ type: "/problems/save-unknown", status: 503 });
        this.become(true);
        await this.pauses.pause(problem.retryAfter * 1000);
      }
    }
  }

  /**
   * Whether the order may have been taken all the same. Once that is asked, what is not the till's
   * own word answers nothing: too many requests, or a proxy's refusal.
   * @param {Problem} problem
   */
  leavesOpen(problem) {
    return isUnknown(problem) || (this.asking && (problem.status === 429 || !problem.slug));
  }

  /** Whether the tap is so lately that the order is still meant. */
  get isRecent() {
    return this.pending !== null && Date.now() - this.pending.at < LONGEST;
  }

  /** @param {boolean} asking */
  become(asking) {
    if (this.asking === asking) return;
    this.asking = asking;
    this.dispatchEvent(new CustomEvent("asking"));
  }

  /**
   * Whether the log has this order: by its hold, or by its lines where it had none.
   * @param {NewOrder} order
   */
  known({ order, lines }) {
    if (order) {
      const found = this.scene.orders.get(order);
      return found !== undefined && !OVER.includes(found.state);
    }
    const links = linksOfOrders();
    const wanted = quantities(lines);
    return [...this.scene.orders.values()].some(
      (found) =>
        !(found.id in links) && !OVER.includes(found.state) && wanted === quantities(found.lines),
    );
  }

  /** @param {PlacedOrder} placed */
  placed(placed) {
    keepLink(placed, { remembered: this.pending?.remembered });
    this.keep(null);
    this.basket.ordered(placed.id);
    this.dispatchEvent(new CustomEvent("placed"));
    return placed;
  }

  /**
   * Send the pending order; where the server wants a sum done first, with its result.
   * @param {NewOrder} order
   */
  send(order) {
    const { pending } = this;
    if (!pending) throw new Error("No order is to be sent");
    const { key, proof: before } = pending;
    /** @param {string} [proof] */
    const place = (proof) => {
      if (proof !== before) this.keep({ ...pending, proof });
      return this.place({ ...order, ...(proof && { proof }) }, key);
    };
    return proven(this.broadcast, key, place, {
      proof: before,
      search: (prefix, bits) => this.prove(prefix, bits),
    });
  }

  /**
   * @param {string} prefix
   * @param {number} bits
   */
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

  /**
   * @param {NewOrder & { proof?: string }} order
   * @param {string} key
   * @returns {Promise<PlacedOrder>}
   */
  async place(order, key) {
    this.asked = this.basket.log.now;
    const placed = await request(this.channel, { type: "order.place", key, ...order }, () =>
      api("POST", `/api/v1/broadcasts/${this.broadcast}/orders`, order, {
        headers: { "idempotency-key": key },
        within: ANSWER_WITHIN,
      }),
    );
    // What stands between may answer with a page of its own.
    if (!placed?.id) throw new Problem({ status: 502 });
    return placed;
  }

  /** @param {PendingOrder | null} pending */
  keep(pending) {
    this.pending = pending;
    keepPending(this.broadcast, pending);
  }
}
