// For what this device waits: offers that were sold out, of which it gets the next boxes that come
// back. They are held for it then, and the basket takes the hold up.

import { api } from "../../../lib/channel/api.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { request } from "../../../lib/channel/request.js";
import { newKey } from "../../../lib/channel/pending-requests.js";
import { proven } from "../../../lib/channel/proof-of-work.js";

/** @typedef {import("../../../lib/state/api").Waiting} Waiting */

// So that not all who wait ask for their place at once: longer where many do.
const SPREAD = 2_000;
const SPREAD_EACH = 10;

/** Events: "change"; "served" with the order's event as detail, in its `waited` the
    lines that came back. */
export class Waitlist extends EventTarget {
  /**
   * @param {string} broadcast
   * @param {import("../../../lib/channel/channel.js").Channel} channel
   */
  constructor(broadcast, channel) {
    super();
    this.path = `/api/v1/broadcasts/${broadcast}/waits`;
    this.broadcast = broadcast;
    this.channel = channel;
    /** @type {Map<string, Waiting>} by offer */
    this.own = new Map();
    /** @type {number | null} */
    this.timer = null;
  }

  /** @param {string} offer */
  of(offer) {
    return this.own.get(offer) ?? null;
  }

  /**
   * Wait for so many of an offer. Throws Problem.
   * @param {string} offer
   */
  async join(offer, quantity = 1) {
    const key = newKey();
    const wait = await proven(this.broadcast, key, (proof) => {
      const body = { quantity, ...(proof && { proof }) };
      return request(this.channel, { type: "wait.join", key, offer, ...body }, () =>
        api("PUT", `${this.path}/${offer}`, body, { headers: { "idempotency-key": key } }),
      );
    });
    // What came back in the same moment may be held already.
    if (wait.place) this.own.set(offer, wait);
    this.changed();
  }

  /**
   * Wait no more. Throws Problem.
   * @param {string} offer
   */
  async leave(offer) {
    await request(this.channel, { type: "wait.leave", offer }, () =>
      api("DELETE", `${this.path}/${offer}`),
    );
    this.own.delete(offer);
    this.changed();
  }

  /** A snapshot came: ask for the places, where this device may have some. */
  welcome() {
    if (recall("waits") === this.broadcast) this.load();
  }

  async load() {
    clearTimeout(this.timer ?? undefined);
    this.timer = null;
    try {
      /** @type {{ waits: Waiting[] }} */
      const { waits } = await api("GET", this.path);
      this.own = new Map(waits.map((wait) => [wait.offer, wait]));
    } catch {
      return; // The places that are known stay until it can be asked again.
    }
    this.changed();
  }

  /** One event of the broadcast.
      @param {import("../../../lib/state/events").LiveEvent} event */
  apply({ kind, data }) {
    if (kind === "order.held" && data.waited) {
      const waited = data.lines.filter(({ offer }) => this.own.delete(offer));
      this.changed();
      this.dispatchEvent(new CustomEvent("served", { detail: { ...data, waited } }));
    } else if (kind === "wait.changed") {
      const wait = this.own.get(data.offer);
      if (!wait) return;
      const fewer = data.waiting < wait.waiting;
      wait.waiting = data.waiting;
      // Who comes later stands behind.
      const within = SPREAD + SPREAD_EACH * data.waiting;
      if (fewer) this.timer = this.timer ?? setTimeout(() => this.load(), Math.random() * within);
    } else if (kind === "broadcast.ended" && this.own.size > 0) {
      this.own.clear();
      this.changed();
    }
  }

  changed() {
    if (this.own.size > 0) remember("waits", this.broadcast);
    else if (recall("waits") === this.broadcast) remember("waits", null);
    this.dispatchEvent(new CustomEvent("change"));
  }
}
