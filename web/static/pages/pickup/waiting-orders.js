// What waits at a pick-up point, the oldest first, of all broadcasts: all of it, or what fits what is
// typed, which the server looks for. What is not shown is said, and comes by one press.

import { UNATTENDED } from "../../lib/channel/api.js";
import { el, say } from "../../lib/ui/dom.js";
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

const part = (name) => document.querySelector(`[data-${name}]`);

export class WaitingOrders {
  #where;
  #onGive;
  #find = part("find");
  /** What waits, and what was found, with what was typed for it and whether there is more of it. */
  #all = { orders: [], more: false };
  #found = { find: "", orders: [], more: false };
  #shown = SHOWN;
  #turn = 0;
  #typing = null;
  #drawn = "";

  /** `where()` says of which pick-up point, as {centre?}; `onGive(order)` hands one over. */
  constructor(where, onGive) {
    this.#where = where;
    this.#onGive = onGive;
    this.#find.addEventListener("input", () => this.#type());
    part("again").addEventListener("click", () => this.load());
    part("more").addEventListener("click", () => {
      this.#shown += SHOWN;
      this.load();
    });
    setInterval(() => {
      if (!document.hidden && !document.querySelector("dialog[open]")) this.load(UNATTENDED);
    }, AGAIN_MS);
  }

  /** Whatever is known to wait, for whom it may be. */
  get known() {
    return [...new Map([...this.#all.orders, ...this.#found.orders].map((order) => [order.id, order])).values()];
  }

  get #typed() {
    return this.#find.value.trim();
  }

  /** Reads anew what is looked at; an answer to what was looked at before is left. */
  async load(headers = {}) {
    clearTimeout(this.#typing);
    const turn = ++this.#turn;
    const find = this.#typed;
    try {
      const read = await this.#read(find, headers);
      if (turn !== this.#turn) return;
      if (find) this.#found = { find, ...read };
      else this.#all = read;
      part("failed").hidden = true;
    } catch (problem) {
      if (turn !== this.#turn) return;
      say(part("failed-words"), spoken(problem));
      part("failed").hidden = false;
    }
    part("loading").hidden = true;
    part("list").removeAttribute("aria-busy");
    this.#draw();
  }

  /** Page after page, until there is no more or as much as is shown. */
  async #read(find, headers) {
    const orders = [];
    let cursor = null;
    do {
      const page = await post("/api/v1/handovers/search", { ...(find ? { find } : {}), ...this.#where(), cursor, limit: PAGE }, headers);
      orders.push(...page.orders);
      cursor = page.next;
    } while (cursor && orders.length < this.#shown);
    orders.sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
    return { orders, more: Boolean(cursor) };
  }

  /** What is known and fits stands there at once; what the server finds comes after it. */
  #type() {
    clearTimeout(this.#typing);
    this.#turn += 1;
    this.#shown = SHOWN;
    if (this.#typed) part("list").setAttribute("aria-busy", "true");
    this.#typing = setTimeout(() => this.load(), this.#typed ? TYPING_MS : 0);
    this.#draw();
  }

  #draw() {
    const find = this.#typed;
    const isFound = find === this.#found.find;
    const isBusy = part("list").hasAttribute("aria-busy");
    const shown = find && isFound ? this.#found.orders : this.#all.orders.filter((order) => matches(order, { find }));
    const items = part("items");
    // Where nothing has changed the button that one is about to press stays.
    const now = JSON.stringify(shown.map(({ id, state, payment, refunded }) => [id, state, payment, refunded?.amount]));
    if (now !== this.#drawn) items.replaceChildren(...shown.map((order) => this.#row(order)));
    this.#drawn = now;
    items.hidden = shown.length === 0;
    part("empty").hidden = Boolean(find) || shown.length > 0 || isBusy || !part("failed").hidden;
    part("none").hidden = !find || shown.length > 0 || isBusy || !part("failed").hidden;
    const { more } = find && isFound ? this.#found : this.#all;
    say(part("waiting-count"), this.#all.orders.length ? `${count(this.#all.orders.length)}${this.#all.more ? "+" : ""}` : "");
    part("rest").hidden = !more || isBusy;
    say(
      part("rest-words"),
      find
        ? t("The first %(n)s that fit are shown. Type more to find the others.", { n: count(shown.length) })
        : t("The %(n)s that wait longest are shown. Type a name, a number or the end of a phone number to find the others.", { n: count(shown.length) }),
    );
  }

  #row(order) {
    return el(
      "li",
      { class: "waiting" },
      el(
        "div",
        {},
        el("p", { class: "waiting__head" }, el("b", { class: "waiting__number number" }, order.number), ...badges(order)),
        el("p", { class: "order__buyer" }, el("strong", {}, order.buyer.name), el("a", { class: "order__phone number", href: `tel:${order.buyer.phone}` }, order.buyer.phone)),
      ),
      act(t("Hand over"), () => this.#onGive(order), { name: order.number }),
      el("p", { class: "waiting__lines small" }, order.lines.map((line) => `${count(line.quantity - (line.returned ?? 0))} × ${text(line.name)}`).join(" · "), " · ", el("b", { class: "number" }, money(amountPayable(order)))),
    );
  }
}
