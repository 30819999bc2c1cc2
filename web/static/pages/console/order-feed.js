// The order feed of the console: the latest first, each with its lines, sum and state, held ones with
// the time until they go back; a filter by state. A new one flashes once.

import { cloned, find, findAll, say } from "../../lib/ui/dom.js";
import { clock, count, duration, listed, money } from "../../lib/format/format.js";
import { now } from "../../lib/channel/server-clock.js";
import { t, text } from "../../lib/words.js";
import { livePayable } from "../../lib/orders/order-sums.js";
import { isGone, stateKind, stateWords } from "../../lib/orders/order-states.js";

/** @typedef {import("../../lib/state/scene").LiveOrder} LiveOrder */

const KEPT = 200;
/** So many orders a page is told at its beginning, the latest ones (broadcast/snapshot.py): where there are
    so many, there may be more, and how many stand in a state is not known here. */
const TOLD = 50;

/**
 * Which orders a choice of the filter shows; a hold that came to nothing is among the gone alone.
 * @type {Record<string, (order: LiveOrder) => unknown>}
 */
const FILTERS = {
  all: ({ state, number }) => !isGone(state) || number,
  held: ({ state }) => state === "held",
  placed: ({ state }) => state === "placed",
  on: ({ state }) => ["packed", "shipped", "at_centre", "received"].includes(state),
  gone: ({ state }) => isGone(state),
};

export class OrderFeed extends EventTarget {
  /**
   * Event `new` for each order that comes in while one looks.
   * @param {HTMLElement} root
   */
  constructor(root) {
    super();
    /** @type {Map<string, HTMLElement>} by order, oldest first */
    this._items = new Map();
    /** @type {Map<string, LiveOrder>} */
    this._orders = new Map();
    /** @type {Map<string, import("../../lib/state/scene").Offer>} */
    this._offers = new Map();
    this._filter = "all";
    this._isFirst = true;
    this._isWhole = true;
    this._isCut = false;
    this._isChanged = true;
    this._root = root;
    this._list = find(root, "[data-orders-list]");
    for (const choice of findAll(root, "[name=order-filter]", HTMLInputElement)) {
      choice.addEventListener("change", () => {
        this._filter = choice.value;
        for (const [id, item] of this._items) {
          const order = this._orders.get(id);
          if (order) this._show(item, order);
        }
        this._drawEmpty();
      });
    }
    setInterval(() => this._tick(), 1_000);
  }

  /**
   * Told with what the page begins, also after a gap: of what it was not told, it can count nothing.
   * @param {import("../../lib/state/scene").Snapshot} snapshot
   */
  begin({ orders = [] }) {
    this._isWhole = orders.length < TOLD;
    this._isChanged = true;
  }

  /** @param {import("../../lib/state/broadcast-state.js").BroadcastState} scene */
  draw(scene) {
    this._offers = scene.offers;
    for (const orders of [scene.orders, scene.over]) {
      for (const order of orders.values()) if (order.lines) this._put(order);
    }
    this._isFirst = false;
    while (this._items.size > KEPT) {
      const [[id, item]] = this._items;
      item.remove();
      this._items.delete(id);
      this._isCut = true;
    }
    if (!this._isChanged) return;
    this._isChanged = false;
    this._drawCounts();
    this._drawPart();
    this._drawEmpty();
  }

  /** @param {LiveOrder} order */
  _put(order) {
    const before = this._orders.get(order.id);
    if (before === order) return;
    this._orders.set(order.id, order);
    this._isChanged = true;
    let item = this._items.get(order.id);
    // A hold that becomes an order is new to the host: it comes up and flashes.
    const isPlaced = order.state === "placed" && before?.state !== "placed";
    if (!item) {
      // What has gone out of the feed at its end stays out, unless it is an order only now.
      if (before && !isPlaced) return;
      item = cloned("feed-order");
      this._items.set(order.id, item);
      this._list.prepend(item);
    } else if (isPlaced) {
      // Both forget from their oldest end.
      this._items.delete(order.id);
      this._items.set(order.id, item);
      this._list.prepend(item);
    }
    if (isPlaced && !this._isFirst) {
      item.classList.remove("is-new");
      void item.offsetWidth;
      item.classList.add("is-new");
      this.dispatchEvent(new Event("new"));
    }
    this._fill(item, order);
    this._show(item, order);
  }

  /**
   * @param {HTMLElement} item
   * @param {LiveOrder} order
   */
  _fill(item, order) {
    /**
     * @param {string} key
     * @param {string} words
     */
    const set = (key, words) => say(find(item, `[data-${key}]`), words);
    set("number", order.number ?? t("Held"));
    const sum = livePayable(order);
    set("total", sum ? money(sum) : "");
    set(
      "lines",
      listed(
        (order.lines ?? []).map((line) =>
          // The number keeps to its sign at the end of a line.
          t("%(n)s × %(name)s", {
            n: count(line.quantity),
            name: text(this._offers.get(line.offer)?.name),
          }).replace(" ×", "\u00a0×"),
        ),
      ),
    );
    set("way", order.way ? (order.way === "pickup" ? t("picks up") : t("parcel")) : "");
    set("at", clock(order.at));
    find(item, "[data-simulated]").hidden = !order.simulated;
    item.classList.toggle("is-gone", isGone(order.state));
    this._fillState(item, order);
  }

  /**
   * @param {HTMLElement} item
   * @param {LiveOrder} order
   */
  _fillState(item, order) {
    const badge = find(item, "[data-state]");
    const isStopped = order.stopped && !isGone(order.state);
    const kind = isStopped ? "red" : stateKind(order.state);
    badge.className = kind ? `badge badge--${kind}` : "badge";
    const words = isStopped ? t("Stopped lot") : stateWords(order.state);
    const until = order.state === "held" ? order.until : undefined;
    say(badge, until ? t("held, %(time)s left", { time: duration(until - now()) }) : words);
    const number = find(item, "[data-number]");
    number.hidden = !order.number;
  }

  /**
   * @param {HTMLElement} item
   * @param {LiveOrder} order
   */
  _show(item, order) {
    item.hidden = !FILTERS[this._filter](order);
  }

  _tick() {
    for (const [id, item] of this._items) {
      const order = this._orders.get(id);
      if (order?.state === "held") this._fillState(item, order);
    }
  }

  _drawCounts() {
    const orders = [...this._orders.values()];
    for (const place of findAll(this._root, "[data-count]")) {
      const filter = place.dataset.count ?? "all";
      const found = filter === "all" || !this._isWhole ? 0 : orders.filter(FILTERS[filter]).length;
      say(place, found ? count(found) : "");
    }
  }

  /** That these are not all is said, with where all are. */
  _drawPart() {
    const part = find(this._root, "[data-orders-part]");
    part.hidden = this._isWhole && !this._isCut;
    if (part.hidden) return;
    const shown = [...this._items.keys()].filter((id) => {
      const order = this._orders.get(id);
      return order && FILTERS.all(order);
    }).length;
    say(part.firstElementChild, t("The latest %(n)s are here, not all.", { n: count(shown) }));
  }

  _drawEmpty() {
    const isEmpty = ![...this._items.values()].some((item) => !item.hidden);
    const empty = find(this._root, "[data-orders-empty]");
    empty.hidden = !isEmpty;
    this._list.hidden = isEmpty;
    const isPart = !this._isWhole || this._isCut;
    empty.textContent = isPart
      ? t("None of these among the latest orders.")
      : this._items.size
        ? t("None of these at the moment.")
        : t("No orders yet. They appear here as they come.");
  }
}
