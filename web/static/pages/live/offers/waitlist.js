// For what this device waits: offers that were sold out, of which it gets the next boxes that come
// back. They are held for it then, and the basket takes the hold up.

import { api } from "../../../lib/channel/api.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { request } from "../../../lib/channel/request.js";
import { newKey } from "../../../lib/channel/pending-requests.js";
import { proven } from "../../../lib/channel/proof-of-work.js";

// So that not all who wait ask for their place at once: longer where many do.
const SPREAD = 2_000;
const SPREAD_EACH = 10;

/** Events: "change"; "served" with the order's event as detail, in its `waited` the
    lines that came back. */
export class Waitlist extends EventTarget {
  constructor(broadcast, channel) {
    super();
    this.path = `/api/v1/broadcasts/${broadcast}/waits`;
    this.broadcast = broadcast;
    this.channel = channel;
    this.own = new Map(); // by offer: {offer, quantity, place, waiting}
  }

  of(offer) {
    return this.own.get(offer) ?? null;
  }

  /** Wait for so many of an offer. Throws Problem. */
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

  /** Wait no more. Throws Problem. */
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
    clearTimeout(this.timer);
    this.timer = null;
    try {
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
    } else if (kind === "wait.changed" && this.own.has(data.offer)) {
      const wait = this.own.get(data.offer);
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
