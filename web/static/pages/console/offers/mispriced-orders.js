// The orders that were taken at an offer's wrong prices, in a sheet: each is kept as it is, cancelled (and
// taken back again), or given the difference, which is taken off what is not paid yet; what is still held
// is told. A flash that is over is said to have been wrong here too, by mispriced-flashes.js.

import { Problem } from "../../../lib/channel/api.js";
import { detailOf, el, find, findDialog } from "../../../lib/ui/dom.js";
import { clock, count, duration, listed, money } from "../../../lib/format/format.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { now } from "../../../lib/channel/server-clock.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t, text } from "../../../lib/words.js";
import { get } from "../../../lib/channel/staff-api.js";
import { Transitions } from "../../../lib/orders/transitions.js";
import { foreignTitle, foreignWords, keptBefore } from "../../../lib/orders/move-toasts.js";
import { errorWords } from "../../../lib/orders/errors.js";
import { PastFlashes } from "./mispriced-flashes.js";
import { spoken } from "../../../lib/format/staff-sentences.js";
import { mispricedRow } from "./mispriced-row.js";

/** @typedef {import("./mispriced-row.js").Mispriced} Mispriced */
/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../../../lib/state/scene").LiveOrder} LiveOrder */
/** @typedef {import("../../../lib/orders/transitions.js").Moved} Moved */
/**
 * An offer at a price, minor units, or of that flash batch; `known` are orders at it that are known.
 * @typedef {{ offer: string, price: number, flash?: string, from?: number, known?: string[] }} Priced
 */
/** @typedef {{ undo: () => void }} Deed how orders that one tap cancelled are taken back */

/**
 * The line of an order as its event tells it, for an offer at a price, or of that flash batch.
 * @param {Pick<LiveOrder, "lines">} order
 * @param {Priced} priced
 */
export const lineAt = (order, { offer, price, flash }) =>
  order.lines?.find(
    (line) =>
      line.offer === offer && (flash ? line.flash === flash : line.price === price && !line.flash),
  );

/**
 * Orders and holds at an offer's price since it began, or of its flash: `{orders, held}`.
 * @param {Iterable<LiveOrder>} orders
 * @param {Priced} priced
 */
export function takenAt(orders, { offer, price, flash, from = 0, known = [] }) {
  const found = new Set(known);
  /** @type {LiveOrder[]} */
  const held = [];
  for (const order of orders) {
    if (!lineAt(order, { offer, price, flash })) continue;
    if (order.state === "held") held.push(order);
    else if (order.number && order.at >= from) found.add(order.id);
  }
  return { orders: found, held };
}

export class MispricedOrders {
  /**
   * @param {string} broadcast
   * @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene
   */
  constructor(broadcast, scene) {
    this._dialog = findDialog(document, "#mispriced-sheet");
    this._rows = find(this._dialog, "[data-rows]");
    this._all = find(this._dialog, "[data-sheet-all]", HTMLButtonElement);
    this._field = find(this._dialog, "[name=reason]", HTMLTextAreaElement);
    /** @type {Offer | null} */
    this._card = null;
    /** @type {import("../../../lib/state/api").WrongPrice[] | null} the last one first, once the list is read */
    this._prices = null;
    /** @type {Map<string, Mispriced>} their orders by id */
    this._orders = new Map();
    /** @type {Map<string, Deed>} by order: one tap's orders share it */
    this._undos = new Map();
    this._isOffline = false;
    this._memory = `kept.${broadcast}`;
    /** @type {Set<string>} the orders that stay as they are */
    this._kept = new Set(recall(this._memory) ?? []);
    this._path = `/api/v1/broadcasts/${broadcast}`;
    this._scene = scene;
    this._moves = new Transitions(`${this._path}/orders`, (id) => this._orders.get(id)?.number);
    const { foreign } = this._moves;
    if (foreign.length)
      toast([foreignTitle(), ...foreignWords(foreign)].join(" "), { danger: true, seconds: 60 });
    this._flashes = new PastFlashes(this._part("flashes"), this._path, {
      right: () => this._load(),
      fail: (/** @type {string} */ words) => this._say(words),
    });
    this._moves.addEventListener("moved", (event) => this._moved(detailOf(event)));
    this._moves.addEventListener("undone", (event) => this._undone(detailOf(event)));
    this._moves.addEventListener("failed", (event) => this._failed(detailOf(event)));
    this._moves.addEventListener("queue", () => this._queued());
    find(this._dialog, "[data-close]").addEventListener("click", () => close(this._dialog));
    this._all.addEventListener("click", () =>
      this._cancel([...this._orders.values()].filter((order) => this._isOpen(order))),
    );
    setInterval(() => this._dialog.open && this._drawHolds(), 1_000);
  }

  /** @param {string} name */
  _part(name) {
    return find(this._dialog, `[data-sheet-${name}]`);
  }

  /**
   * The orders at the prices of this offer that were put right.
   * @param {Offer} card
   */
  async open(card) {
    this._card = card;
    this._prices = null;
    this._orders = new Map();
    this._part("name").textContent = t("Orders at a wrong price");
    this._part("what").textContent = text(card.name);
    this._part("why").hidden = true;
    this._say("");
    this._rows.setAttribute("aria-busy", "true");
    this._draw();
    open(this._dialog);
    await Promise.all([this._load(), this._flashes.load(card)]);
  }

  async _load() {
    try {
      /** @type {import("../../../lib/state/api").Mispriced} */
      const { prices } = await get(`${this._path}/offers/${this._card?.id}/mispriced`);
      const isNew = prices.length !== this._prices?.length;
      this._prices = prices;
      this._orders = new Map(
        prices.flatMap(({ was, price, orders }) =>
          orders.map((order) => [order.id, { ...order, was, right: price }]),
        ),
      );
      if (isNew) this._introduce();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this._say(spoken(problem));
    }
    this._rows.removeAttribute("aria-busy");
    this._draw();
  }

  /** The wrong prices that something was ordered at; where nothing was, the last one. */
  get _told() {
    const prices = this._prices ?? [];
    const told = prices.filter(({ orders }) => orders.length > 0);
    return told.length ? told : prices.slice(0, 1);
  }

  _introduce() {
    const told = this._told;
    const was = listed(new Set(told.map((wrong) => money(wrong.was))));
    const rights = new Set(told.map(({ price }) => money(price)));
    const span = {
      from: Math.min(...told.map(({ from }) => Date.parse(from))),
      until: Math.max(...told.map(({ until }) => Date.parse(until))),
    };
    const times = {
      name: text(this._card?.name),
      from: clock(span.from),
      until: clock(span.until),
    };
    this._part("name").textContent = t("Orders at %(price)s", { price: was });
    this._part("what").textContent = t("%(name)s, between %(from)s and %(until)s", times);
    const right = listed(rights);
    this._field.value =
      told.length === 1
        ? t("The price %(price)s was a mistake; it is %(right)s.", { price: was, right })
        : rights.size === 1
          ? t("The price was a mistake; it is %(right)s.", { right })
          : t("The price was a mistake.");
  }

  /** @param {string} words */
  _say(words) {
    const place = this._part("problem");
    place.textContent = words;
    place.hidden = !words;
  }

  _draw() {
    if (!this._card) return;
    const waiting = this._moves.waiting;
    this._rows.replaceChildren(
      ...[...this._orders.values()].map((order) => this._row(order, waiting.has(order.id))),
    );
    const left = [...this._orders.values()].filter((order) => this._isOpen(order));
    const all = this._all;
    all.hidden = left.length < 2;
    all.disabled = left.some(({ id }) => waiting.has(id));
    all.textContent = t("Cancel all %(n)s", { n: count(left.length) });
    this._part("none").hidden = this._orders.size > 0 || this._prices === null;
    this._part("why").hidden = this._orders.size === 0;
    this._drawHolds();
  }

  /** What was held at the wrong price keeps its boxes, at the right one: its buyers are asked. */
  _drawHolds() {
    const price = this._prices?.[0]?.price;
    const offer = this._card?.id;
    const held = [...this._scene.orders.values()].filter(
      (order) =>
        price &&
        offer &&
        order.state === "held" &&
        order.corrected &&
        lineAt(order, { offer, price: price.amount }),
    );
    const last = Math.max(...held.map(({ until = 0 }) => until));
    this._part("holds").textContent =
      price && held.length
        ? n(
            "%(n)s hold keeps its boxes for %(time)s more at %(price)s: its buyer is asked.",
            "%(n)s holds keep their boxes for up to %(time)s more at %(price)s: their buyers are asked.",
            held.length,
            { n: count(held.length), time: duration(last - now()), price: money(price) },
          )
        : "";
  }

  /**
   * Whether something is still to be decided of it.
   * @param {Mispriced} order
   */
  _isOpen({ id, deeds, refunded }) {
    return !this._kept.has(id) && deeds.includes("cancel") && refunded.amount === 0;
  }

  /**
   * @param {Mispriced} order
   * @param {boolean} isMoving
   */
  _row(order, isMoving) {
    const deed = this._undos.get(order.id);
    return mispricedRow(
      order,
      {
        isMoving,
        isKept: this._kept.has(order.id),
        isOneOfSeveral: this._told.length > 1,
        together: deed ? [...this._undos.values()].filter((each) => each === deed).length : 0,
      },
      {
        undo: () => deed && this._undo(deed),
        keep: () => this._toggleKept(order),
        cancel: () => this._cancel([order]),
        refund: () => this._refund(order),
      },
    );
  }

  /** @param {Mispriced} order */
  _toggleKept({ id }) {
    if (!this._kept.delete(id)) this._kept.add(id);
    remember(this._memory, [...this._kept]);
    this._draw();
  }

  /** The reason stands with the order, where its buyer reads it. */
  get _reason() {
    return this._field.value.trim();
  }

  /** @param {Mispriced[]} orders */
  _cancel(orders) {
    if (!this._reason) return this._say(t("Say why: the buyers can read it."));
    this._say("");
    return this._moves.make(
      orders.map(({ id }) => id),
      { state: "cancelled", reason: this._reason },
    );
  }

  /**
   * Takes back what one tap cancelled, all of it.
   * @param {Deed} deed
   */
  _undo({ undo }) {
    this._say("");
    undo();
  }

  /** @param {Moved} done */
  _moved({ body, moved, refused, undo }) {
    const deed = undo && { undo };
    for (const { id, state, payment, refunded } of moved) {
      const known = this._orders.get(id);
      if (!known) continue;
      this._orders.set(id, {
        ...known,
        state,
        payment,
        refunded: refunded ?? known.refunded,
        deeds: body.refund ? known.deeds : [],
      });
      if (deed) this._undos.set(id, deed);
    }
    this._refuse(refused);
    this._draw();
  }

  /** @param {Moved} done */
  _undone({ moved, refused }) {
    for (const id of [...moved.map((order) => order.id), ...refused.map(({ order }) => order)])
      this._undos.delete(id);
    this._refuse(refused);
    if (this._card) this._load();
  }

  /** @param {import("../../../lib/orders/transitions.js").Failed} failed */
  _failed({ problem, orders, body }) {
    if (body && "refund" in body && problem.slug === "key-reused")
      return this._keptBefore(orders[0]);
    if (problem.slug === "undo-over") for (const id of orders) this._undos.delete(id);
    this._say(spoken(problem));
    return this._draw();
  }

  /**
   * Each that stayed as it was, and why.
   * @param {Moved["refused"]} refused
   */
  _refuse(refused) {
    if (!refused.length) return;
    const place = this._part("problem");
    /** @param {string} id */
    const number = (id) => el("b", { class: "number" }, this._orders.get(id)?.number ?? "");
    place.replaceChildren(
      el(
        "div",
        { class: "notice__text" },
        el(
          "p",
          {},
          n("%(n)s order stayed as it was", "%(n)s orders stayed as they were", refused.length, {
            n: count(refused.length),
          }),
        ),
        el(
          "ul",
          {},
          refused.map(({ order, problem }) =>
            el("li", {}, number(order), " ", errorWords(problem)),
          ),
        ),
      ),
    );
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
  }

  _queued() {
    const { size } = this._moves.waiting;
    const isOffline = size > 0 && this._moves.isOffline;
    if (isOffline) {
      this._say(
        n(
          "The server can't be reached. What you did with %(n)s order is kept here and sent automatically as soon as there is a connection.",
          "The server can't be reached. What you did with %(n)s orders is kept here and sent automatically as soon as there is a connection.",
          size,
          { n: count(size) },
        ),
      );
    } else if (this._isOffline) this._say("");
    this._isOffline = isOffline;
    this._draw();
  }

  /**
   * Where its answer is lost, it is asked for again by itself, and never given anew.
   * @param {Mispriced} order
   */
  async _refund({ id, difference }) {
    if (!this._reason) return this._say(t("Say why: the buyers can read it."));
    this._say("");
    try {
      return await this._moves.refund(id, {
        amount: difference,
        reason: this._reason,
        offer: this._card?.id,
      });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      return this._failed({ problem, orders: [id], body: { refund: { amount: difference } } });
    }
  }

  /**
   * A refund came with the key of another one, which was kept: the list says what there is now.
   * @param {string} id
   */
  async _keptBefore(id) {
    await this._load();
    const order = this._orders.get(id);
    this._say(
      order
        ? keptBefore(order)
        : t("Something else was saved in the meantime. Check the order before you continue."),
    );
  }
}
