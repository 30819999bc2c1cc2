// What is so in the broadcast: the same fold as the server's snapshot (broadcast/snapshot.py).
// Pure; renders nothing.

const CHAT_KEPT = 50;
const CHANGES = ["price", "list_price", "released", "left", "sold", "held", "kept", "position"];

export class Scene {
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
  }

  /** Begin from a welcome's snapshot. */
  load(snapshot) {
    this.broadcast = { ...snapshot.broadcast };
    this.paused = snapshot.paused;
    this.source = snapshot.source;
    this.pinned = snapshot.pinned;
    this.offers = new Map(snapshot.offers.map((card) => [card.offer, { ...card }]));
    for (const card of this.offers.values()) count(card);
    this.chat = [...snapshot.chat];
    this.audience = { ...snapshot.audience };
    this.orders = new Map((snapshot.orders ?? []).map((order) => [order.order, order]));
    this.rushes = new Map((snapshot.rushes ?? []).map((rush) => [rush.offer, rush]));
  }

  /** Change by one event; events of other audiences never come, so a gap in seq is no loss. */
  apply({ seq, at, kind, data }) {
    switch (kind) {
      case "broadcast.started":
        Object.assign(this.broadcast, { state: "live", started_at: at });
        break;
      case "broadcast.ended":
        Object.assign(this.broadcast, { state: "ended", ended_at: at });
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
        this.source = { source: data.source, label: data.label, codec: data.codec };
        this.paused = false;
        break;
      case "source.left":
        if (this.source?.source === data.source) this.source = null;
        break;
      case "offer.added":
        this.offers.set(data.offer, { ...data });
        count(this.offers.get(data.offer));
        break;
      case "offer.changed":
      case "offer.released":
      case "stock.changed": {
        const card = this.offers.get(data.offer);
        if (!card) break;
        for (const name of CHANGES) if (name in data) card[name] = data[name];
        if (data.lot && data.lot_sold_g !== undefined) this.takenOf(data, at);
        count(card, at);
        break;
      }
      case "lot.changed":
        for (const card of this.offers.values()) {
          if (card.lot?.id !== data.lot) continue;
          card.lot = { ...card.lot, harvested_g: data.harvested_g, wasted_g: data.wasted_g };
        }
        break;
      case "lot.stopped":
        this.stopOf(data.lot, { stopped: data.reasons, lifted: null, tested: false });
        break;
      case "lot.resumed":
        this.stopOf(data.lot, { stopped: [], lifted: data.sentence ? { sentence: data.sentence, at: data.lifted_at ?? at } : null, tested: data.tested });
        break;
      case "flash.planned":
      case "flash.started": {
        const card = this.offers.get(data.offer);
        const { offer, ...flash } = data;
        if (card) card.flash = { ...flash, state: kind === "flash.planned" ? "planned" : "running" };
        break;
      }
      case "flash.ended": {
        const card = this.offers.get(data.offer);
        if (card?.flash?.flash === data.flash) card.flash = null;
        break;
      }
      case "rush.began":
        this.rushes.set(data.offer, data);
        break;
      case "rush.over":
        this.rushes.delete(data.offer);
        break;
      case "wait.changed": {
        const card = this.offers.get(data.offer);
        if (card) card.waiting = data.waiting;
        break;
      }
      case "clock.moved":
        this.move(data.by);
        break;
      case "card.pinned":
        this.pinned = data.offer;
        break;
      case "card.unpinned":
        this.pinned = null;
        break;
      case "chat.said":
        if (data.text === undefined) break;
        this.chat.push({ seq, at, ...data });
        if (this.chat.length > CHAT_KEPT) this.chat.shift();
        break;
      case "chat.hidden":
        this.chat = this.chat.filter((said) => said.seq !== data.message);
        break;
      case "audience.counted":
        this.audience = { viewers: data.viewers, reactions: data.reactions };
        break;
      case "order.erased":
        if (this.orders.has(data.order)) this.orders.set(data.order, { ...this.orders.get(data.order), buyer: data.buyer });
        break;
      default:
        if (kind.startsWith("order.") && data.order) {
          const known = this.orders.get(data.order);
          // A step of an order that is older than those of the snapshot: of it nothing else is known.
          if (!known && !data.lines) break;
          const refunded = kind === "order.refunded" ? { refunded: data.amount } : {};
          this.orders.set(data.order, { ...known, ...data, ...refunded, at });
        }
    }
  }

  /** The server's clock was set: what runs keeps its remaining time. */
  move(by) {
    for (const [id, order] of this.orders) {
      if (order.state === "held") this.orders.set(id, { ...order, until: order.until + by });
    }
    for (const card of this.offers.values()) {
      const { flash } = card;
      if (flash?.state !== "running") continue;
      card.flash = { ...flash, starts_at: flash.starts_at + by, ends_at: flash.ends_at + by };
    }
  }

  /** What is sold and left of a lot stands on each of its cards: they share its kilograms. `at` is
      when that was, where it is known. */
  takenOf({ lot, lot_sold_g, lot_left_g }, at) {
    for (const card of this.offers.values()) {
      if (card.lot?.id !== lot) continue;
      card.lot = { ...card.lot };
      if (lot_sold_g !== undefined) card.lot.sold_g = lot_sold_g;
      if (lot_left_g !== undefined) card.lot.left_g = lot_left_g;
      count(card, at);
    }
  }

  /** Why a lot is stopped, or that it was lifted, stands on each of its cards. */
  stopOf(lot, stop) {
    for (const card of this.offers.values()) {
      if (card.lot?.id === lot) card.lot = { ...card.lot, ...stop };
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
