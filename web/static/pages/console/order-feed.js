// The order feed of the console: the latest first, each with its lines, sum and state, held ones with
// the time until they go back; a filter by state. A new one flashes once.

import { say } from "../../lib/ui/dom.js";
import { clock, count, duration, listed, money } from "../../lib/format/format.js";
import { now } from "../../lib/channel/server-clock.js";
import { t, text } from "../../lib/words.js";
import { amountPayable, isGone, stateKind, stateWords } from "../../lib/orders/order-states.js";

const KEPT = 200;
/** So many orders a page is told at its beginning, the latest ones (broadcast/snapshot.py): where there are
    so many, there may be more, and how many stand in a state is not known here. */
const TOLD = 50;

/** Which orders a choice of the filter shows; a hold that came to nothing is among the gone alone. */
const FILTERS = {
  all: ({ state, number }) => !isGone(state) || number,
  held: ({ state }) => state === "held",
  placed: ({ state }) => state === "placed",
  on: ({ state }) => ["packed", "shipped", "at_centre", "received"].includes(state),
  gone: ({ state }) => isGone(state),
};

export class OrderFeed extends EventTarget {
  #root;
  #list;
  #items = new Map();
  #orders = new Map();
  #offers = new Map();
  #filter = "all";
  #isFirst = true;
  #isWhole = true;
  #isCut = false;
  #isChanged = true;

  /** Event `new` for each order that comes in while one looks. */
  constructor(root) {
    super();
    this.#root = root;
    this.#list = root.querySelector("[data-orders-list]");
    for (const choice of root.querySelectorAll("[name=order-filter]")) {
      choice.addEventListener("change", () => {
        this.#filter = choice.value;
        for (const [id, item] of this.#items) this.#show(item, this.#orders.get(id));
        this.#drawEmpty();
      });
    }
    setInterval(() => this.#tick(), 1_000);
  }

  /** Told with what the page begins, also after a gap: of what it was not told, it can count nothing. */
  begin({ orders = [] }) {
    this.#isWhole = orders.length < TOLD;
    this.#isChanged = true;
  }

  draw(scene) {
    this.#offers = scene.offers;
    for (const orders of [scene.orders, scene.over]) {
      for (const order of orders.values()) if (order.lines) this.#put(order);
    }
    this.#isFirst = false;
    while (this.#items.size > KEPT) {
      const [id, item] = this.#items.entries().next().value;
      item.remove();
      this.#items.delete(id);
      this.#isCut = true;
    }
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.#drawCounts();
    this.#drawPart();
    this.#drawEmpty();
  }

  #put(order) {
    const before = this.#orders.get(order.id);
    if (before === order) return;
    this.#orders.set(order.id, order);
    this.#isChanged = true;
    let item = this.#items.get(order.id);
    // A hold that becomes an order is new to the host: it comes up and flashes.
    const isPlaced = order.state === "placed" && before?.state !== "placed";
    if (!item) {
      // What has gone out of the feed at its end stays out, unless it is an order only now.
      if (before && !isPlaced) return;
      item = document.getElementById("feed-order").content.firstElementChild.cloneNode(true);
      this.#items.set(order.id, item);
      this.#list.prepend(item);
    } else if (isPlaced) {
      // Both forget from their oldest end.
      this.#items.delete(order.id);
      this.#items.set(order.id, item);
      this.#list.prepend(item);
    }
    if (isPlaced && !this.#isFirst) {
      item.classList.remove("is-new");
      void item.offsetWidth;
      item.classList.add("is-new");
      this.dispatchEvent(new Event("new"));
    }
    this.#fill(item, order);
    this.#show(item, order);
  }

  #fill(item, order) {
    const set = (key, words) => say(item.querySelector(`[data-${key}]`), words);
    set("number", order.number ?? t("Held"));
    set("total", money(amountPayable(order)));
    set(
      "lines",
      listed(
        order.lines.map((line) =>
          // The number keeps to its sign at the end of a line.
          t("%(n)s × %(name)s", { n: count(line.quantity), name: text(this.#offers.get(line.offer)?.name) }).replace(" ×", "\u00a0×"),
        ),
      ),
    );
    set("way", order.way ? (order.way === "pickup" ? t("picks up") : t("parcel")) : "");
    set("at", clock(order.at));
    item.querySelector("[data-simulated]").hidden = !order.simulated;
    item.classList.toggle("is-gone", isGone(order.state));
    this.#fillState(item, order);
  }

  #fillState(item, order) {
    const badge = item.querySelector("[data-state]");
    const isStopped = order.stopped && !isGone(order.state);
    const kind = isStopped ? "red" : stateKind(order.state);
    badge.className = kind ? `badge badge--${kind}` : "badge";
    const words = isStopped ? t("Stopped lot") : stateWords(order.state);
    const isHeld = order.state === "held" && order.until;
    say(badge, isHeld ? t("held, %(time)s left", { time: duration(order.until - now()) }) : words);
    const number = item.querySelector("[data-number]");
    number.hidden = !order.number;
  }

  #show(item, order) {
    item.hidden = !FILTERS[this.#filter](order);
  }

  #tick() {
    for (const [id, item] of this.#items) {
      const order = this.#orders.get(id);
      if (order.state === "held") this.#fillState(item, order);
    }
  }

  #drawCounts() {
    const orders = [...this.#orders.values()];
    for (const place of this.#root.querySelectorAll("[data-count]")) {
      const filter = place.dataset.count;
      const found = filter === "all" || !this.#isWhole ? 0 : orders.filter(FILTERS[filter]).length;
      say(place, found ? count(found) : "");
    }
  }

  /** That these are not all is said, with where all are. */
  #drawPart() {
    const part = this.#root.querySelector("[data-orders-part]");
    part.hidden = this.#isWhole && !this.#isCut;
    if (part.hidden) return;
    const shown = [...this.#items.keys()].filter((id) => FILTERS.all(this.#orders.get(id))).length;
    say(part.firstElementChild, t("The latest %(n)s are here, not all.", { n: count(shown) }));
  }

  #drawEmpty() {
    const isEmpty = ![...this.#items.values()].some((item) => !item.hidden);
    const empty = this.#root.querySelector("[data-orders-empty]");
    empty.hidden = !isEmpty;
    this.#list.hidden = isEmpty;
    const isPart = !this.#isWhole || this.#isCut;
    empty.textContent = isPart
      ? t("None of these among the latest.")
      : this.#items.size
        ? t("None of these at the moment.")
        : t("No orders yet. They appear here as they come.");
  }
}
