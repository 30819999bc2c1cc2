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

const OVER = ["held", "expired", "cancelled"];
// So long after the tap it is sent again by itself; nobody expects an order hours later.
const LONGEST = 10 * 60_000;
const ANSWER_WITHIN = 15_000;

const quantities = (lines) =>
  lines
    ?.map(({ offer, quantity }) => `${offer} ${quantity}`)
    .sort()
    .join();

/** Events: "placed" when the way to an order is kept; "asking" when it becomes unknown whether an order
    was taken, and when that is over; "recovered" and "refused" with the answer to an order that this page did not send first; "proving"
    while the sum is done. */
export class Ordering extends EventTarget {
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
    this.pending = recallPending(broadcast); // {body, key, at, proof, remembered}
    basket.till = this;
  }

  /** Order what is in the basket now; where an answer that was on its way changes it, nothing is
      ordered. `remembered` is whether this device may keep the way to the order, null
      where it is for someone else and this tab may not either. Throws Problem, after
      keeping what it says. */
  async order(details, { remembered }) {
    const { basket } = this;
    this.busy = true;
    const isAsMeant = await basket.settled();
    if (!isAsMeant || basket.blocked) {
      this.busy = false;
      throw basket.problem ?? new Problem({ type: "/problems/price-changed" });
    }
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
    if (this.told === this.pending.key || !this.known(order)) return;
    this.told = this.pending.key;
    if (this.asking) this.pauses.hurry();
    else {
      this.keep({ ...this.pending, at: Date.now() });
      this.recover(order);
    }
  }

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

  /** Send the pending order until it is known what became of it. Throws Problem. */
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

  /** Whether the order may have been taken all the same. Once that is asked, what is not the till's
      own word answers nothing: too many requests, or a proxy's refusal. */
  leavesOpen(problem) {
    return isUnknown(problem) || (this.asking && (problem.status === 429 || !problem.slug));
  }

  /** Whether the tap is so lately that the order is still meant. */
  get isRecent() {
    return Date.now() - this.pending.at < LONGEST;
  }

  become(asking) {
    if (this.asking === asking) return;
    this.asking = asking;
    this.dispatchEvent(new CustomEvent("asking"));
  }

  /** Whether the log has this order: by its hold, or by its lines where it had none. */
  known({ order, lines }) {
    if (order) {
      const found = this.scene.orders.get(order);
      return Boolean(found) && !OVER.includes(found.state);
    }
    const links = linksOfOrders();
    const wanted = quantities(lines);
    return [...this.scene.orders.values()].some(
      (found) =>
        !(found.id in links) && !OVER.includes(found.state) && wanted === quantities(found.lines),
    );
  }

  placed(placed) {
    keepLink(placed, this.pending);
    this.keep(null);
    this.basket.ordered(placed.id);
    this.dispatchEvent(new CustomEvent("placed"));
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

  keep(pending) {
    this.pending = pending;
    keepPending(this.broadcast, pending);
  }
}
