// What is so in the broadcast: the same fold as the server's (broadcast/broadcast_state.py).
// Pure; renders nothing.

const CHAT_KEPT = 50;
const QUESTIONS_KEPT = 50;

/** @typedef {import("./events").LiveEvent} LiveEvent */
/** @typedef {import("./events").CardLot} CardLot */
/** @typedef {import("./scene").Offer} Offer */
/** @typedef {import("./scene").LiveOrder} LiveOrder */
/** @typedef {import("./scene").OrderEvent} OrderEvent */

// Kinds that change nothing in a scene, and fields of the others that are no part of it.
export const PASSED_OVER = ["flash.corrected", "source.joined"];
const OF_A_STEP = ["passed", "undone"];
/** @type {Record<string, string[]>} */
export const UNUSED = {
  "broadcast.paused": ["reason"],
  "card.unpinned": ["offer"],
  "chat.cleared": ["message"],
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
const OF_A_HOLD = /** @type {const} */ (["until", "waited", "corrected"]);

/**
 * What of an event's data is part of the scene.
 * @template {object} D
 * @param {string} kind
 * @param {D} data
 * @param {string[]} but fields that are left out, too
 * @returns {D}
 */
function used(kind, data, ...but) {
  const leftOut = [...(UNUSED[kind] ?? []), ...but];
  return /** @type {D} */ (
    Object.fromEntries(Object.entries(data).filter(([name]) => !leftOut.includes(name)))
  );
}

export class BroadcastState {
  constructor() {
    /** @type {import("./api").Broadcast | null} null before the snapshot */
    this.broadcast = null;
    this.paused = false;
    /** @type {import("./scene").Source | null} */
    this.source = null;
    /** @type {string | null} */
    this.pinned = null;
    /** @type {Map<string, Offer>} by id, in the order of the bag */
    this.offers = new Map();
    /** @type {import("./scene").ChatLine[]} oldest first */
    this.chat = [];
    /** @type {import("./scene").Question[]} for staff: the questions to answer, oldest first */
    this.questions = [];
    /** @type {import("./scene").Answer | null} what viewers read over their chat */
    this.answer = null;
    /** @type {import("./events").AudienceCounted} */
    this.audience = { viewers: 0, reactions: 0 };
    /** @type {Map<string, LiveOrder>} this device's, by id, oldest first */
    this.orders = new Map();
    /** @type {Map<string, import("./scene").Rush>} for staff, by offer */
    this.rushes = new Map();
    /** @type {Map<string, LiveOrder>} holds that came to nothing since the page was opened, by id */
    this.over = new Map();
  }

  /**
   * Begin from a welcome's snapshot.
   * @param {import("./scene").Snapshot} snapshot
   */
  load(snapshot) {
    this.broadcast = { ...snapshot.broadcast };
    this.paused = snapshot.paused;
    this.source = snapshot.source;
    this.pinned = snapshot.pinned;
    this.offers = new Map(snapshot.offers.map((card) => [card.id, { ...card }]));
    for (const card of this.offers.values()) count(card);
    this.chat = [...snapshot.chat];
    this.questions = [...(snapshot.questions ?? [])];
    this.answer = snapshot.answer ?? null;
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
        this.becomeState("live", { started_at: new Date(at).toISOString() });
        break;
      case "broadcast.ended":
        this.becomeState("ended", { ended_at: new Date(at).toISOString() });
        this.pinned = null;
        this.answer = null;
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
        this.source = { id: data.source, ...used(kind, data, "source") };
        this.paused = false;
        break;
      case "source.left":
        if (this.source?.id === data.source) this.source = null;
        break;
      case "offer.added": {
        const card = { id: data.offer, ...used(kind, data, "offer") };
        this.offers.set(card.id, card);
        count(card);
        this.sort();
        break;
      }
      case "offer.changed":
      case "offer.released": {
        const card = this.offers.get(data.offer);
        if (!card) break;
        Object.assign(card, used(kind, data, "offer"));
        count(card, at);
        this.sort();
        break;
      }
      case "stock.changed": {
        const card = this.offers.get(data.offer);
        if (card) Object.assign(card, used(kind, data, "offer", "lot", "lot_sold_g", "lot_left_g"));
        if (data.lot && data.lot_sold_g !== undefined) this.updateLotWeights(data, at);
        if (card) count(card, at);
        break;
      }
      case "lot.changed":
        this.updateLot(data.lot, used(kind, data, "lot"));
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
        if (card) card.flash = { id: data.flash, ...used(kind, data, "flash", "offer"), state };
        break;
      }
      case "flash.ended": {
        const card = this.offers.get(data.offer);
        if (card?.flash?.id === data.flash) card.flash = null;
        break;
      }
      case "rush.began":
        this.rushes.set(data.offer, used(kind, data));
        break;
      case "rush.over":
        this.rushes.delete(data.offer);
        break;
      case "wait.changed": {
        const card = this.offers.get(data.offer);
        if (card) Object.assign(card, used(kind, data, "offer"));
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
        this.chat.push({ ...used(kind, data), seq, at, text: data.text });
        if (this.chat.length > CHAT_KEPT) this.chat.shift();
        break;
      case "chat.hidden":
        this.chat = this.chat.filter((said) => said.seq !== data.message);
        this.dropQuestion(data.message);
        if (this.answer?.message === data.message) this.answer = null;
        break;
      case "chat.queued":
        if (data.message === undefined || data.text === undefined) break; // hidden
        this.dropQuestion(data.message);
        this.questions = [
          ...this.questions,
          { at, ...used(kind, data), message: data.message, text: data.text },
        ].slice(-QUESTIONS_KEPT);
        break;
      case "chat.dropped":
        this.dropQuestion(data.message);
        break;
      case "chat.answered":
        if (data.message === undefined || data.text === undefined) break; // hidden
        this.dropQuestion(data.message);
        this.answer = { at, ...used(kind, data), message: data.message, text: data.text };
        break;
      case "chat.cleared":
        this.answer = null;
        break;
      case "audience.counted":
        this.audience = used(kind, data);
        break;
      case "order.erased":
        if (this.orders.has(data.order))
          this.orders.set(
            data.order,
            /** @type {LiveOrder} */ ({ ...this.orders.get(data.order), buyer: data.buyer }),
          );
        break;
      default:
        if (kind.startsWith("order.") && "order" in data && data.order)
          this.applyOrderStep(/** @type {OrderEvent} */ (event));
    }
  }

  /**
   * @param {"live" | "ended"} state
   * @param {{ started_at: string } | { ended_at: string }} since
   */
  becomeState(state, since) {
    if (this.broadcast) Object.assign(this.broadcast, { state, ...since });
  }

  /**
   * An order as its events so far tell it; `at` is when it was held or placed. A hold that came to
   * nothing is no order any more.
   * @param {OrderEvent} event
   */
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
      this.over.set(id, /** @type {LiveOrder} */ ({ id, ...known, ...told }));
      return;
    }
    const order = /** @type {LiveOrder} */ ({
      id: data.order,
      ...known,
      ...used(kind, data, "order"),
      at: begins ? at : known?.at,
    });
    if (kind === "order.refunded") order.refunded = data.amount;
    if (order.state !== "held") for (const name of OF_A_HOLD) delete order[name];
    this.orders.set(data.order, order);
  }

  /**
   * Take out a question that is answered, or is none.
   * @param {number} message
   */
  dropQuestion(message) {
    this.questions = this.questions.filter((each) => each.message !== message);
  }

  /** The bag in its order; where none was told, in that of adding. */
  sort() {
    const places = [...this.offers.values()].map((card, index) => ({
      card,
      place: card.position ?? index + 1,
    }));
    places.sort((one, other) => one.place - other.place);
    this.offers = new Map(places.map(({ card }) => [card.id, card]));
  }

  /**
   * The server's clock was set: what runs keeps its remaining time.
   * @param {number} by milliseconds
   */
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

  /**
   * What is sold and left of a lot stands on each of its cards: they share its kilograms. `at` is
   * when that was, where it is known.
   * @param {{ lot?: string, lot_sold_g?: number, lot_left_g?: number }} weights
   * @param {number} [at]
   */
  updateLotWeights({ lot, lot_sold_g, lot_left_g }, at) {
    for (const card of this.offers.values()) {
      if (card.lot?.id !== lot) continue;
      card.lot = { ...card.lot };
      if (lot_sold_g !== undefined) card.lot.sold_g = lot_sold_g;
      if (lot_left_g !== undefined) card.lot.left_g = lot_left_g;
      count(card, at);
    }
  }

  /**
   * What is so of a lot stands on each of its cards.
   * @param {string} lot
   * @param {Partial<CardLot>} facts
   */
  updateLot(lot, facts) {
    for (const card of this.offers.values()) {
      if (card.lot?.id === lot) card.lot = { ...card.lot, ...facts };
    }
  }

  /** The card that lies over the video, or null. */
  get card() {
    return (this.pinned !== null && this.offers.get(this.pinned)) || null;
  }
}

/**
 * Whether nothing of the card's lot is sold: a test failed, or it was picked too soon.
 * @param {{ lot?: { stopped?: unknown[] } }} card
 */
export const isStopped = ({ lot }) => (lot?.stopped?.length ?? 0) > 0;

/**
 * What the lot still gives of an offer's boxes; without end where it is not known.
 * @param {{ lot?: { left_g?: number }, net_weight_g: number }} card
 */
export const boxesOfLot = ({ lot, net_weight_g }) =>
  lot?.left_g === undefined || !net_weight_g
    ? Infinity
    : Math.max(0, Math.floor(lot.left_g / net_weight_g));

/**
 * What is left of an offer's own boxes, whatever its lot gives.
 * @param {{ released?: number, sold?: number, held?: number, kept?: number }} offer
 */
export const ownLeft = ({ released = 0, sold = 0, held = 0, kept = 0 }) =>
  Math.max(0, released - sold - held - kept);

/**
 * What is left on a card: of its own boxes, and no more than its lot gives. A log may be older
 * than what it tells of lots. `gone_at` is when the last one went, or null where that is not
 * known.
 * @param {Offer} card
 * @param {number | null} [at]
 */
function count(card, at = null) {
  if (card.lot?.left_g !== undefined) card.left = Math.min(ownLeft(card), boxesOfLot(card));
  if (card.left > 0) card.gone_at = undefined;
  else if (card.gone_at === undefined) card.gone_at = at;
}
