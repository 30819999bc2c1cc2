// One order in a sheet: everything that is known of it (order-facts.js), and the buttons for what is done
// with it. order-actions.js does what is seldom done.

import { el, find, findAll, findDialog, icon, say } from "../../lib/ui/dom.js";
import { close, open } from "../../lib/ui/sheet.js";
import { toastProblem } from "../../lib/ui/problem-toast.js";
import { t } from "../../lib/words.js";
import { isDue, isGone, mayPay } from "../../lib/orders/order-states.js";
import { mayCancel, stepOf } from "../../lib/orders/order-row.js";
import { OrderActions } from "./order-actions.js";
import { orderFacts } from "./order-facts.js";
import { wrongs } from "./undo.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */

/**
 * What the sheet works with, and for whom.
 * @typedef {object} Desk
 * @property {import("./order-store.js").OrderStore} book
 * @property {import("../../lib/orders/transitions.js").Transitions} moves
 * @property {(ids: string[], body: import("../../lib/orders/transitions.js").Move) => void} make
 * @property {import("./claims.js").Claims | null} claims
 * @property {import("./order-documents.js").OrderDocuments} papers
 * @property {string} role
 * @property {boolean} isStaff
 */

export class OrderSheet {
  /** @param {Desk} as */
  constructor(as) {
    this._dialog = findDialog(document, "#order-sheet");
    /** @type {string | null} */
    this._order = null;
    /** @type {[Order, boolean] | null} what it was drawn of */
    this._drawn = null;
    this._as = as;
    find(this._dialog, "[data-close]").addEventListener("click", () => close(this._dialog));
    /** For staff alone. */
    this._actions = as.isStaff ? new OrderActions(as.book, as.moves) : null;
  }

  /** @param {Order} order */
  open(order) {
    this._order = order.id;
    this._drawn = null;
    this._draw();
    open(this._dialog, () => {
      this._order = null;
    });
    this._as.book.whole(order).catch(toastProblem);
  }

  /** What it shows keeps up with the order. */
  redraw() {
    if (this._order) this._draw();
  }

  _draw() {
    const order = this._order === null ? undefined : this._as.book.order(this._order);
    if (!order) return;
    const isMoving = this._as.moves.waiting.has(order.id);
    if (this._drawn && this._drawn[0] === order && this._drawn[1] === isMoving) return;
    this._drawn = [order, isMoving];
    say(this._part("order-title"), order.number);
    const active = document.activeElement;
    const isHeld =
      active instanceof HTMLElement && this._dialog.contains(active) ? active.dataset.act : null;
    this._part("order-body").replaceChildren(...orderFacts(order, this._as));
    this._part("order-acts").replaceChildren(...this._acts(order, isMoving));
    const [next] = [
      ...findAll(this._dialog, `[data-act="${isHeld}"]:not(:disabled)`),
      ...findAll(this._dialog, "[data-close]"),
    ];
    if (isHeld) next.focus();
  }

  /**
   * @param {Order} order
   * @param {boolean} isMoving
   */
  _acts(order, isMoving) {
    const { role, moves, papers } = this._as;
    const actions = this._actions;
    if (role === "seller") return [];
    const step = stepOf(order, this._as);
    /**
     * @param {string} act
     * @param {string} words
     * @param {() => void} onclick
     */
    const button = (act, words, onclick, kind = "") =>
      el(
        "button",
        { class: `button ${kind}`, type: "button", "data-act": act, disabled: isMoving, onclick },
        words,
      );
    /** @param {() => void} then */
    const leave = (then) => () => {
      close(this._dialog);
      then();
    };
    /**
     * @param {string} words
     * @param {string} sign
     * @param {string} href
     */
    const link = (words, sign, href) =>
      el("a", { class: "button", href, target: "_blank" }, icon(sign, true), words);
    return [
      step
        ? button(
            "step",
            step[1],
            () => this._as.make([order.id], { state: step[0] }),
            "button--primary",
          )
        : null,
      mayPay(order)
        ? button("pay", t("Paid"), () => moves.make([order.id], { payment: "paid" }))
        : null,
      actions && mayRefund(order)
        ? button(
            "refund",
            refundDeed(order),
            leave(() => actions.refund(order)),
          )
        : null,
      isGone(order.state) ? null : link(t("Slip"), "print", papers.address("slips", [order])),
      isGone(order.state) ? null : link(t("Label"), "print", papers.address("labels", [order])),
      order.url ? link(t("The buyer's page"), "next", order.url) : null,
      mayCancel(order, this._as)
        ? button(
            "cancel",
            t("Cancel…"),
            leave(() => this.cancel([order])),
            "button--danger",
          )
        : null,
      actions && wrongs(order).length
        ? button(
            "right",
            t("Correct…"),
            leave(() => actions.correct(order)),
            "button--quiet",
          )
        : null,
      actions && order.buyer?.name
        ? button(
            "block",
            t("Block this buyer"),
            leave(() => actions.block(order)),
            "button--quiet",
          )
        : null,
    ].filter((each) => each !== null);
  }

  /**
   * Cancels one or many, with a reason that the buyers see.
   * @param {Order[]} orders
   */
  cancel(orders) {
    this._actions?.cancel(orders);
  }

  /** @param {string} name */
  _part(name) {
    return find(this._dialog, `[data-${name}]`);
  }
}

/** @param {Order} order */
const mayRefund = (order) => isDue(order) || ["paid", "part_refunded"].includes(order.payment);

/**
 * What the button says that leads there.
 * @param {Order} order
 */
function refundDeed(order) {
  if (!isDue(order)) return t("Refund…");
  return order.state === "placed" ? t("Fewer boxes, or reduce the total…") : t("Reduce…");
}
