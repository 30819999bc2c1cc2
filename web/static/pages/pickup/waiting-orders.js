// What waits at a pick-up point, the oldest first, of all broadcasts: all of it, or what fits what is
// typed, which the server looks for. What is not shown is said, and comes by one press.

import { Problem, UNATTENDED } from "../../lib/channel/api.js";
import { el, find, say } from "../../lib/ui/dom.js";
import { count, money } from "../../lib/format/format.js";
import { t, text } from "../../lib/words.js";
import { post } from "../../lib/channel/staff-api.js";
import { matches } from "../../lib/orders/match.js";
import { badges } from "../../lib/orders/order-row.js";
import { spoken } from "../../lib/format/staff-sentences.js";
import { amountPayable } from "../../lib/orders/order-states.js";
import { act } from "../../lib/ui/remote-list.js";

const PAGE = 200;
const SHOWN = 400;
const AGAIN_MS = 20_000;
/** So long after the last key the server is asked. */
const TYPING_MS = 300;
/** What has arrived stands first, then what is on its way, then what was not ticked as packed. */
const STATES = ["at_centre", "packed", "placed"];

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {{ orders: Order[], more: boolean }} Read */

/** @param {string} name */
const part = (name) => find(document, `[data-${name}]`);

export class WaitingOrders {
  /**
   * `where()` says of which pick-up point; `onGive(order)` hands one over.
   * @param {() => { centre?: string }} where
   * @param {(order: Order) => void} onGive
   */
  constructor(where, onGive) {
    this._find = find(document, "[data-find]", HTMLInputElement);
    /** @type {Read} what waits */
    this._all = { orders: [], more: false };
    /** @type {Read & { find: string }} what was found, with what was typed for it */
    this._found = { find: "", orders: [], more: false };
    this._shown = SHOWN;
    this._turn = 0;
    /** @type {number | undefined} */
    this._typing = undefined;
    this._drawn = "";
    this._where = where;
    this._onGive = onGive;
    this._find.addEventListener("input", () => this._type());
    part("again").addEventListener("click", () => this.load());
    part("more").addEventListener("click", () => {
      this._shown += SHOWN;
      this.load();
    });
    setInterval(() => {
      if (!document.hidden && !document.querySelector("dialog[open]")) this.load(UNATTENDED);
    }, AGAIN_MS);
  }

  /** Whatever is known to wait, for whom it may be. */
  get known() {
    return [
      ...new Map(
        [...this._all.orders, ...this._found.orders].map((order) => [order.id, order]),
      ).values(),
    ];
  }

  get _typed() {
    return this._find.value.trim();
  }

  /**
   * Reads anew what is looked at; an answer to what was looked at before is left.
   * @param {Record<string, string>} [headers]
   */
  async load(headers = {}) {
    clearTimeout(this._typing);
    this._turn += 1;
    const turn = this._turn;
    const typed = this._typed;
    try {
      const read = await this._read(typed, headers);
      if (turn !== this._turn) return;
      if (typed) this._found = { find: typed, ...read };
      else this._all = read;
      part("failed").hidden = true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (turn !== this._turn) return;
      say(part("failed-words"), spoken(problem));
      part("failed").hidden = false;
    }
    part("loading").hidden = true;
    part("list").removeAttribute("aria-busy");
    this._draw();
  }

  /**
   * Page after page, until there is no more or as much as is shown.
   * @param {string} typed
   * @param {Record<string, string>} headers
   * @returns {Promise<Read>}
   */
  async _read(typed, headers) {
    /** @type {Order[]} */
    const orders = [];
    /** @type {string | null} */
    let cursor = null;
    do {
      const page = await post(
        "/api/v1/handovers/search",
        { ...(typed ? { find: typed } : {}), ...this._where(), cursor, limit: PAGE },
        headers,
      );
      orders.push(...page.orders);
      cursor = page.next;
    } while (cursor && orders.length < this._shown);
    orders.sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
    return { orders, more: Boolean(cursor) };
  }

  /** What is known and fits stands there at once; what the server finds comes after it. */
  _type() {
    clearTimeout(this._typing);
    this._turn += 1;
    this._shown = SHOWN;
    if (this._typed) part("list").setAttribute("aria-busy", "true");
    this._typing = setTimeout(() => this.load(), this._typed ? TYPING_MS : 0);
    this._draw();
  }

  _draw() {
    const typed = this._typed;
    const isFound = typed === this._found.find;
    const isBusy = part("list").hasAttribute("aria-busy");
    const shown =
      typed && isFound
        ? this._found.orders
        : this._all.orders.filter((order) => matches(order, { find: typed }));
    const items = part("items");
    // Where nothing has changed the button that one is about to press stays.
    const now = JSON.stringify(
      shown.map(({ id, state, payment, refunded }) => [id, state, payment, refunded?.amount]),
    );
    if (now !== this._drawn) items.replaceChildren(...shown.map((order) => this._row(order)));
    this._drawn = now;
    items.hidden = shown.length === 0;
    part("empty").hidden = Boolean(typed) || shown.length > 0 || isBusy || !part("failed").hidden;
    part("none").hidden = !typed || shown.length > 0 || isBusy || !part("failed").hidden;
    const { more } = typed && isFound ? this._found : this._all;
    say(
      part("waiting-count"),
      this._all.orders.length
        ? `${count(this._all.orders.length)}${this._all.more ? "+" : ""}`
        : "",
    );
    part("rest").hidden = !more || isBusy;
    say(
      part("rest-words"),
      typed
        ? t("The first %(n)s matches are shown. Type more to find the others.", {
            n: count(shown.length),
          })
        : t(
            "The %(n)s waiting longest are shown. Enter a name, a number or the end of a phone number to find the others.",
            { n: count(shown.length) },
          ),
    );
  }

  /** @param {Order} order */
  _row(order) {
    const { name = "", phone = "" } = order.buyer ?? {};
    return el(
      "li",
      { class: "waiting" },
      el(
        "div",
        {},
        el(
          "p",
          { class: "waiting__head" },
          el("b", { class: "waiting__number number" }, order.number),
          ...badges(order),
        ),
        el(
          "p",
          { class: "order__buyer" },
          el("strong", {}, name),
          el("a", { class: "order__phone number", href: `tel:${phone}` }, phone),
        ),
      ),
      act(t("Hand over"), () => this._onGive(order), { name: order.number }),
      el(
        "p",
        { class: "waiting__lines small" },
        order.lines
          .map((line) => `${count(line.quantity - (line.returned ?? 0))} × ${text(line.name)}`)
          .join(" · "),
        " · ",
        el("b", { class: "number" }, money(amountPayable(order))),
      ),
    );
  }
}
