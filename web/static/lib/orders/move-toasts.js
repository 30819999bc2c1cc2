// What is said of moves: what was done, with the way back; what was refused, one by one; what waits
// for the connection.

import { detailOf, el, find, say } from "../ui/dom.js";
import { count, listed, money } from "../format/format.js";
import { toastProblem } from "../ui/problem-toast.js";
import { toast } from "../ui/toast.js";
import { n, t } from "../words.js";
import { amountPayable, remainingTotal, stateWords, toGiveBack } from "./order-states.js";
import { errorWords } from "./errors.js";

/** As long as shop/core/state_machine.py lets a move be undone. */
const UNDO_MS = 10 * 60_000;

/**
 * What was done with the one of this number, or with so many.
 * @param {import("./transitions.js").Move} move
 * @param {Order[]} moved
 */
function done({ state, payment, refund }, moved) {
  if (refund) return refunded(moved[0], refund.amount);
  const values = { n: count(moved.length), number: moved[0].number };
  const isOne = moved.length === 1;
  if (payment)
    return isOne ? t("%(number)s is paid.", values) : t("%(n)s orders are paid.", values);
  switch (state) {
    case "packed":
      return isOne ? t("%(number)s is packed.", values) : t("%(n)s orders are packed.", values);
    case "shipped":
      return isOne ? t("%(number)s is shipped.", values) : t("%(n)s orders are shipped.", values);
    case "at_centre":
      return isOne
        ? t("%(number)s is at the pick-up point.", values)
        : t("%(n)s orders are at the pick-up point.", values);
    case "received":
      return isOne
        ? t("%(number)s has been received.", values)
        : t("%(n)s orders have been received.", values);
    default:
      return cancelled(moved, values);
  }
}

/**
 * What was paid for them is to be given back.
 * @param {Order[]} moved
 * @param {import("../words.js").Values} values
 */
function cancelled(moved, values) {
  const amount = moved.reduce((sum, order) => sum + toGiveBack(order), 0);
  const isOne = moved.length === 1;
  if (!amount)
    return isOne ? t("%(number)s is cancelled.", values) : t("%(n)s orders are cancelled.", values);
  const owed = { ...values, sum: money({ ...moved[0].total, amount }) };
  return isOne
    ? t("%(number)s is cancelled. Refund %(sum)s.", owed)
    : t("%(n)s orders are cancelled. Refund %(sum)s.", owed);
}

/**
 * What is said of those that were taken back.
 * @param {Order[]} moved
 */
function undone(moved) {
  const values = { n: count(moved.length), number: moved[0].number };
  return moved.length === 1
    ? t("%(number)s is back to how it was.", values)
    : t("%(n)s orders are back to how they were.", values);
}

/**
 * What is said where a refund came with the key of another one: what was kept, as the order is now.
 * @param {Pick<Order, "number" | "refunded">} order
 */
export function keptBefore(order) {
  return t("%(number)s has a refund already: %(sum)s in all. Check it before you refund more.", {
    number: order.number,
    sum: money(order.refunded),
  });
}

/**
 * What became of an order of which so much was given back, or taken off.
 * @param {Order} order
 * @param {import("../state/api").Money} amount
 */
function refunded(order, amount) {
  const values = { sum: money(amount), number: order.number, left: money(amountPayable(order)) };
  if (order.payment !== "due") return t("%(sum)s of %(number)s was refunded.", values);
  return remainingTotal(order)
    ? t("%(sum)s was deducted from %(number)s: %(left)s is due.", values)
    : t("%(sum)s was deducted from %(number)s: nothing is due.", values);
}

export const foreignTitle = () =>
  t("Someone else did this here, and no answer came. It was not sent again:");

/**
 * What someone else pressed here that has no answer, and is not sent under another name: each with its orders.
 * @param {import("./transitions.js").Part[]} parts
 */
export const foreignWords = (parts) =>
  parts.map(({ body, undo, orders, numbers }) => {
    const many = n("%(n)s order", "%(n)s orders", orders.length, { n: count(orders.length) });
    return `${foreignAct(body, undo)}: ${numbers?.length ? listed(numbers) : many}`;
  });

/**
 * @param {import("./transitions.js").Move | undefined} body
 * @param {string | undefined} undo
 */
function foreignAct(body, undo) {
  if (undo || !body) return t("Undo");
  if (body.refund) return t("Refund %(sum)s", { sum: money(body.refund.amount) });
  return body.payment ? t("Paid") : stateWords(body.state ?? "");
}

/** @typedef {import("./order-states.js").Order} Order */
/** @typedef {import("./transitions.js").Moved} Moved */

/**
 * What knows the orders of a page.
 * @typedef {object} Book
 * @property {(id: string) => Order | undefined} order
 * @property {(order: Order, anew?: boolean) => Promise<Order>} whole
 */

export class MoveToasts {
  /**
   * @param {import("./transitions.js").Transitions} moves
   * @param {Book} book
   */
  constructor(moves, book) {
    this._live = "open";
    this._offline = find(document, "[data-offline]");
    /** @type {HTMLElement | null} a seller, who moves nothing, has none */
    this._last = document.querySelector("[data-undo-last]");
    /** @type {number | undefined} */
    this._over = undefined;
    this._refused = find(document, "[data-refused]");
    this._list = find(document, "[data-refused-list]");
    this._moves = moves;
    this._book = book;
    moves.addEventListener("moved", (event) => this._moved(detailOf(event)));
    moves.addEventListener("undone", (event) => this._undone(detailOf(event)));
    moves.addEventListener("failed", (event) => this._failed(detailOf(event)));
    moves.addEventListener("queue", () => this._drawOffline());
    if (moves.foreign.length) this._tellForeign(foreignWords(moves.foreign));
    document.querySelector("[data-refused-close]")?.addEventListener("click", () => {
      this._refused.hidden = true;
      this._list.replaceChildren();
    });
  }

  /**
   * How the channel stands: without it the list still moves on, but tells nothing new.
   * @param {string} state
   */
  live(state) {
    this._live = state;
    this._drawOffline();
  }

  /** @param {Moved} made */
  _moved({ body, moved, refused, undo }) {
    if (moved.length && undo) this._offer(done(body, moved), undo);
    else if (moved.length) toast(done(body, moved));
    this._tell(refused);
  }

  /** @param {import("./transitions.js").Failed} failed */
  async _failed({ problem, orders, body }) {
    if (body?.refund && problem.slug === "key-reused") {
      const known = this._book.order(orders[0]);
      const order = known && (await this._book.whole(known, true).catch(() => null));
      if (order) return toast(keptBefore(order), { danger: true });
    }
    return toastProblem(problem);
  }

  /**
   * The way back: in the toast, and above the list as long as the server lets it be undone.
   * @param {string} words
   * @param {() => void} undo
   */
  _offer(words, undo) {
    const last = this._last;
    const takeBack = () => {
      if (last) last.hidden = true;
      undo();
    };
    const forget = toast(words, { act: t("Undo"), onAct: takeBack });
    if (!last) return;
    say(last, t("Undo: %(what)s", { what: words }));
    last.hidden = false;
    last.onclick = () => {
      forget();
      takeBack();
    };
    clearTimeout(this._over);
    this._over = setTimeout(() => {
      last.hidden = true;
    }, UNDO_MS);
  }

  /** @param {Moved} made */
  _undone({ moved, refused }) {
    if (moved.length) toast(undone(moved));
    this._tell(refused);
  }

  /**
   * Each that stayed as it was, and why.
   * @param {import("./transitions.js").Refused[]} refused
   */
  _tell(refused) {
    if (!refused.length) return;
    this._list.replaceChildren(
      ...refused.map(({ order, problem }) =>
        el(
          "li",
          {},
          el("b", { class: "number" }, this._book.order(order)?.number ?? ""),
          " ",
          errorWords(problem),
        ),
      ),
    );
    say(
      find(this._refused, "[data-refused-title]"),
      n("%(n)s order stayed as it was", "%(n)s orders stayed as they were", refused.length, {
        n: count(refused.length),
      }),
    );
    this._refused.hidden = false;
    this._refused.scrollIntoView({ block: "nearest" });
  }

  /** @param {string[]} acts */
  _tellForeign(acts) {
    this._list.replaceChildren(...acts.map((act) => el("li", {}, act)));
    say(find(this._refused, "[data-refused-title]"), foreignTitle());
    this._refused.hidden = false;
  }

  _drawOffline() {
    const waiting = this._moves.waiting.size;
    const isSending = waiting > 0 && this._moves.isOffline;
    this._offline.hidden = !isSending && this._live !== "waiting";
    if (this._offline.hidden) return;
    say(
      find(this._offline, "[data-offline-words]"),
      isSending
        ? n(
            "The server can't be reached. What you did with %(n)s order is kept here and sent automatically as soon as there is a connection.",
            "The server can't be reached. What you did with %(n)s orders is kept here and sent automatically as soon as there is a connection.",
            waiting,
            { n: count(waiting) },
          )
        : t("The connection is lost; new orders come in as soon as it is back."),
    );
  }
}
