// What is so in the broadcast: the same fold as the server's (broadcast/broadcast_state.py).
// Pure; renders nothing.

const CHAT_KEPT = 50;

/** @typedef {import("./events").LiveEvent} LiveEvent */

// Kinds that change nothing in a scene, and fields of the others that are no part of it.
export const PASSED_OVER = ["flash.corrected", "source.joined"];
const OF_A_STEP = ["passed", "undone"];
export const UNUSED = {
  "broadcast.paused": ["reason"],
  "card.unpinned": ["offer"],
  "flash.ended": ["sold", "why"],
  "lot.stopped": ["again"],
  "offer.changed": ["corrected"],
  "offer.released": ["quantity"],
  "order.at_centre": OF_A_STEP,
  "order.cancelled": OF_A_STEP,
  "order.erased": ["number"],
  "order.expired": ["state"],
  "order.packed": OF_A_STEP,
  "order.paid": OF_A_STEP,
  "order.placed": OF_A_STEP,
  "order.received": OF_A_STEP,
  "order.refunded": OF_A_STEP,
  "order.shipped": OF_A_STEP,
  "source.left": ["guest"],
};
const OF_A_HOLD = ["until", "waited", "corrected"];

/** What of an event's data is part of the scene. */
function used({ kind, data }, ...but) {
  const leftOut = [...(UNUSED[kind] ?? []), ...but];
  return Object.fromEntries(Object.entries(data).filter(([name]) => !leftOut.includes(name)));
}

export class BroadcastState {
  constructor() {
    this.broadcast = null; // {id, title, state, starts_at, started_at, ended_at}
    this.paused = false;
    this.source = null;
    this.pinned = null;
    this.offers = new Map(); // by id, in the order of the bag
    this.chat = []; // {seq, at, nickname, text, role?, simulated?}, oldest first
    this.audience = { viewers: 0, reactions: 0 };
    this.orders = new Map(); // this device's, by id, oldest first
    this.rushes = new Map(); // for staff, by offer: {offer, boxes, since, bits}
    this.over = new Map(); // holds that came to nothing since the page was opened, by id
  }

  /** Begin from a welcome's snapshot. */
  load(snapshot) {
    this.broadcast = { ...snapshot.broadcast };
    this.paused = snapshot.paused;
    this.source = snapshot.source;
    this.pinned = snapshot.pinned;
    this.offers = new Map(snapshot.offers.map((card) => [card.id, { ...card }]));
    for (const card of this.offers.values()) count(card);
    this.chat = [...snapshot.chat];
    this.audience = { ...snapshot.audience };
    this.orders = new Map((snapshot.orders ?? []).map((order) => [order.id, order]));
    this.rushes = new Map((snapshot.rushes ?? []).map((rush) => [rush.offer, rush]));
  }

  /** Change by one event; events of other audiences never come, so a gap in seq is no loss.
      @param {LiveEvent} event */
  apply(event) {
    const { seq, at, kind, data } = event;
    switch (kind) {
      case "broadcast.started":
        Object.assign(this.broadcast, { state: "live", started_at: new Date(at).toISOString() });
        break;
      case "broadcast.ended":
        Object.assign(this.broadcast, { state: "ended", ended_at: new Date(at).toISOString() });
        this.pinned = null;
        this.paused = false;
        break;
      case "broadcast.paused":
        this.paused = true;
        break;
      case "broadcast.resumed":
        this.paused = false;
        break;
      case "source.switched":
        // It is shown, so a pause is over: a server that was restarted knows of none to end.
        this.source = { id: data.source, ...used(event, "source") };
        this.paused = false;
        break;
      case "source.left":
        if (this.source?.id === data.source) this.source = null;
        break;
      case "offer.added": {
        const card = { id: data.offer, ...used(event, "offer") };
        this.offers.set(card.id, card);
        count(card);
        this.sort();
        break;
      }
      case "offer.changed":
      case "offer.released": {
        const card = this.offers.get(data.offer);
        if (!card) break;
        Object.assign(card, used(event, "offer"));
        count(card, at);
        this.sort();
        break;
      }
      case "stock.changed": {
        const card = this.offers.get(data.offer);
        if (card) Object.assign(card, used(event, "offer", "lot", "lot_sold_g", "lot_left_g"));
        if (data.lot && data.lot_sold_g !== undefined) this.updateLotWeights(data, at);
        if (card) count(card, at);
        break;
      }
      case "lot.changed":
        this.updateLot(data.lot, used(event, "lot"));
        break;
      case "lot.stopped":
        this.updateLot(data.lot, { stopped: data.reasons, lifted: null, tested: false });
        break;
      case "lot.resumed": {
        const lifted = data.sentence ? { sentence: data.sentence, at: data.lifted_at ?? at } : null;
        this.updateLot(data.lot, { stopped: [], lifted, tested: data.tested });
        break;
      }
      case "flash.planned":
      case "flash.started": {
        const card = this.offers.get(data.offer);
        const state = kind === "flash.planned" ? "planned" : "running";
        if (card) card.flash = { id: data.flash, ...used(event, "flash", "offer"), state };
        break;
      }
      case "flash.ended": {
        const card = this.offers.get(data.offer);
        if (card?.flash?.id === data.flash) card.flash = null;
        break;
      }
      case "rush.began":
        this.rushes.set(data.offer, used(event));
        break;
      case "rush.over":
        this.rushes.delete(data.offer);
        break;
      case "wait.changed": {
        const card = this.offers.get(data.offer);
        if (card) Object.assign(card, used(event, "offer"));
        break;
      }
      case "clock.moved":
        this.moveTimes(data.by);
        break;
      case "card.pinned":
        this.pinned = data.offer;
        break;
      case "card.unpinned":
        this.pinned = null;
        break;
      case "chat.said":
        if (data.text === undefined) break; // hidden
        this.chat.push({ seq, at, ...used(event) });
        if (this.chat.length > CHAT_KEPT) this.chat.shift();
        break;
      case "chat.hidden":
        this.chat = this.chat.filter((said) => said.seq !== data.message);
        break;
      case "audience.counted":
        this.audience = used(event);
        break;
      case "order.erased":
        if (this.orders.has(data.order))
          this.orders.set(data.order, { ...this.orders.get(data.order), buyer: data.buyer });
        break;
      default:
        if (kind.startsWith("order.") && data.order) this.applyOrderStep(event);
    }
  }

  /** An order as its events so far tell it; `at` is when it was held or placed. A hold that came to
      nothing is no order any more. */
  applyOrderStep(event) {
    const { at, kind, data } = event;
    const known = this.orders.get(data.order);
    const isOver =
      kind === "order.expired" || (kind === "order.cancelled" && known?.state === "held");
    // One that is placed again, since a step was taken back, keeps its place and its time.
    const begins = kind === "order.held" || (kind === "order.placed" && !data.undone);
    // A step of an order that is older than those of the snapshot: of it nothing else is known.
    if (!known && !begins) return;
    if (isOver || begins) this.orders.delete(data.order); // a placed one stands among the latest
    if (isOver) {
      const { order: id, ...told } = data;
      this.over.set(id, { ...known, ...told });
      return;
    }
    const order = { id: data.order, ...known, ...used(event, "order"), at: begins ? at : known.at };
    if (kind === "order.refunded") order.refunded = data.amount;
    if (order.state !== "held") for (const name of OF_A_HOLD) delete order[name];
    this.orders.set(data.order, order);
  }

  /** The bag in its order; where none was told, in that of adding. */
  sort() {
    const places = [...this.offers.values()].map((card, index) => [
      card.position ?? index + 1,
      card,
    ]);
    places.sort(([one], [other]) => one - other);
    this.offers = new Map(places.map(([, card]) => [card.id, card]));
  }

  /** The server's clock was set: what runs keeps its remaining time. */
  moveTimes(by) {
    for (const [id, order] of this.orders) {
      if (order.state === "held" && order.until)
        this.orders.set(id, { ...order, until: order.until + by });
    }
    for (const card of this.offers.values()) {
      const { flash } = card;
      if (flash?.state !== "running") continue;
      card.flash = { ...flash, starts_at: flash.starts_at + by, ends_at: flash.ends_at + by };
    }
  }

  /** What is sold and left of a lot stands on each of its cards: they share its kilograms. `at` is
      when that was, where it is known. */
  updateLotWeights({ lot, lot_sold_g, lot_left_g }, at) {
    for (const card of this.offers.values()) {
      if (card.lot?.id !== lot) continue;
      card.lot = { ...card.lot };
      if (lot_sold_g !== undefined) card.lot.sold_g = lot_sold_g;
      if (lot_left_g !== undefined) card.lot.left_g = lot_left_g;
      count(card, at);
    }
  }

  /** What is so of a lot stands on each of its cards. */
  updateLot(lot, facts) {
    for (const card of this.offers.values()) {
      if (card.lot?.id === lot) card.lot = { ...card.lot, ...facts };
    }
  }

  /** The card that lies over the video, or null. */
  get card() {
    return this.offers.get(this.pinned) ?? null;
  }
}

/** Whether nothing of the card's lot is sold: a test failed, or it was picked too soon. */
export const isStopped = ({ lot }) => (lot?.stopped?.length ?? 0) > 0;

/** What the lot still gives of an offer's boxes; without end where it is not known. */
export const boxesOfLot = ({ lot, net_weight_g }) =>
  lot?.left_g === undefined || !net_weight_g
    ? Infinity
    : Math.max(0, Math.floor(lot.left_g / net_weight_g));

/** What is left of an offer's own boxes, whatever its lot gives. */
export const ownLeft = ({ released = 0, sold = 0, held = 0, kept = 0 }) =>
  Math.max(0, released - sold - held - kept);

/** What is left on a card: of its own boxes, and no more than its lot gives. A log may be older
    than what it tells of lots. `gone_at` is when the last one went, or null where that is not
    known. */
function count(card, at = null) {
  if (card.lot?.left_g !== undefined) card.left = Math.min(ownLeft(card), boxesOfLot(card));
  if (card.left > 0) card.gone_at = undefined;
  else if (card.gone_at === undefined) card.gone_at = at;
}
