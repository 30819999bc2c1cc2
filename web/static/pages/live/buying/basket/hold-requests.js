// Asking the server for the basket's hold: one request at a time, and once more where other
// quantities are wanted when its answer is there. What an answer means is the basket's.

import { api, Problem } from "../../../../lib/channel/api.js";
import { request } from "../../../../lib/channel/request.js";
import { newKey } from "../../../../lib/channel/pending-requests.js";
import { proven } from "../../../../lib/channel/proof-of-work.js";

const ANSWER_WITHIN = 15_000; // an order waits for it

/**
 * The hold that an answer, or the log, tells of.
 * @param {import("../../types").HeldOrder} held
 * @returns {import("../../types").Hold}
 */
export const holdOf = ({ id, until = 0, final, lines = [] }) => ({
  id,
  until,
  final,
  lines: new Map(
    lines.map(({ offer, quantity, price, flash }) => [
      offer,
      { quantity, price, flash: flash ?? undefined },
    ]),
  ),
});

export class HoldRequests {
  /**
   * @param {string} broadcast
   * @param {import("../../../../lib/channel/channel.js").Channel} channel
   * @param {import("./basket.js").Basket} basket
   */
  constructor(broadcast, channel, basket) {
    this.broadcast = broadcast;
    this.channel = channel;
    this.basket = basket;
    this.busy = false;
    /** @type {number | undefined} what the log had told when it was asked */
    this.asked = undefined;
    this.late = false; // once more, when the answer is there
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {Promise<void> | undefined} the request that is on its way */
    this.flight = undefined;
  }

  /**
   * Ask in `wait` milliseconds for what is wanted by then.
   * @param {number} wait
   */
  soon(wait) {
    this.cancel();
    this.timer = setTimeout(() => this.place(), wait);
  }

  /** Ask no more; an answer that is on its way still comes. */
  cancel() {
    clearTimeout(this.timer);
  }

  /** Ask for nothing more; resolves when no answer is on its way. */
  async settled() {
    this.cancel();
    await this.flight;
  }

  /** Ask for the hold; while an answer is on its way, once more when it is there. */
  place() {
    if (this.busy) this.late = true;
    else this.flight = this.placing();
  }

  async placing() {
    const { basket } = this;
    this.busy = true;
    const key = newKey();
    try {
      /** @type {import("../../../../lib/state/api").Held} */
      const held = await proven(this.broadcast, key, (proof) => this.send(key, proof));
      this.busy = false;
      if (basket.empty) {
        // Given back while the answer was on its way.
        basket.hold = { ...held, lines: new Map() };
        basket.drop();
        return;
      }
      basket.take(held);
      if (this.late) await this.placing();
      else basket.become("held");
    } catch (problem) {
      this.busy = false;
      if (basket.empty) return;
      if (this.late) await this.placing();
      else basket.refused(problem instanceof Problem ? problem : new Problem({}), this.asked);
    }
  }

  /**
   * Ask for what is wanted by now: other quantities than when a proof of the key was begun.
   * @param {string} key
   * @param {string} [proof]
   */
  send(key, proof) {
    this.late = false;
    this.asked = this.basket.log.now;
    const body = { lines: this.basket.wanted(), ...(proof && { proof }) };
    return request(this.channel, { type: "hold.place", key, ...body }, () =>
      api("POST", `/api/v1/broadcasts/${this.broadcast}/holds`, body, {
        headers: { "idempotency-key": key },
        within: ANSWER_WITHIN,
      }),
    );
  }

  /**
   * Give a hold back; resolves when the server knows, or can't be told.
   * @param {string} order
   */
  async drop(order) {
    const lost = () => api("DELETE", `/api/v1/broadcasts/${this.broadcast}/holds/${order}`);
    await request(this.channel, { type: "hold.drop", order }, lost).catch(() => {
      // It runs out by itself.
    });
  }
}
