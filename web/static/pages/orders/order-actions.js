// What staff do seldom with an order, each in a sheet of its own: cancelling, giving money back, correcting
// what was done last, blocking who ordered.

import { Problem } from "../../lib/channel/api.js";
import { el, say } from "../../lib/ui/dom.js";
import { count, listed, money } from "../../lib/format/format.js";
import { toastProblem } from "../../lib/ui/problem-toast.js";
import { toast } from "../../lib/ui/toast.js";
import { n, t, text } from "../../lib/words.js";
import { post, remove } from "../../lib/channel/staff-api.js";
import { FormSheet } from "../../lib/forms/form-sheet.js";
import { amountPayable, isDue, remainingTotal } from "../../lib/orders/order-states.js";
import { LineReducer } from "./reduce-lines.js";
import { keptBefore } from "../../lib/orders/move-toasts.js";
import { errorWords } from "../../lib/orders/errors.js";
import { confirmLargeRefund, wrongs } from "./undo.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("../../lib/orders/transitions.js").RefundAsked} RefundAsked */

export class OrderActions {
  /**
   * @param {import("./order-store.js").OrderStore} book
   * @param {import("../../lib/orders/transitions.js").Transitions} moves
   */
  constructor(book, moves) {
    this._book = book;
    this._moves = moves;
    /** @type {Record<string, FormSheet>} */
    this._forms = Object.fromEntries(
      ["cancel", "refund", "right", "block"].map((name) => [name, new FormSheet(`${name}-sheet`)]),
    );
    this._fewer = new LineReducer(this._forms.refund.part("fewer"), (amount) => {
      const field = this._forms.refund.field("amount");
      const places = Number(field.dataset.decimals ?? 2);
      field.value = amount ? (amount / 10 ** places).toFixed(places) : "";
    });
  }

  /**
   * Cancels one or many, with a reason that the buyers see.
   * @param {Order[]} orders
   */
  cancel(orders) {
    const { cancel } = this._forms;
    say(cancel.part("boxes"), boxesWords(orders));
    say(
      cancel.part("what"),
      orders.length === 1
        ? what(orders[0])
        : n("%(n)s order", "%(n)s orders", orders.length, { n: count(orders.length) }),
    );
    cancel.open({
      job: async ({ reason }) => {
        this._moves.make(
          orders.map(({ id }) => id),
          { state: "cancelled", reason },
        );
      },
    });
  }

  /**
   * Gives money back, or takes off what is due; of an order that is not packed boxes go back on sale.
   * @param {Order} order
   */
  refund(order) {
    const { refund } = this._forms;
    const due = isDue(order);
    say(refund.part("what"), what(order));
    say(
      refund.part("refund-how"),
      due
        ? t("The buyer pays this much less, and gets a message.")
        : t("Give the money back yourself; this keeps the books right and tells the buyer."),
    );
    refund.open({
      title: due ? t("Reduction") : t("Refund"),
      does: due ? t("Confirm the reduction") : t("Confirm the refund"),
      values: { amount: { ...order.total, amount: due ? null : remainingTotal(order) } },
      job: async ({ amount, reason }) => {
        const lines = this._fewer.lines;
        if (!(await confirmLargeRefund(order, amount.amount))) return false;
        return this._give(order, { amount, reason, ...(lines.length ? { lines } : {}) });
      },
    });
    this._fewer.open(order);
  }

  /**
   * Where its answer is lost, it is asked for again by itself, and never given anew.
   * @param {Order} order
   * @param {RefundAsked} refund
   */
  async _give(order, refund) {
    try {
      await this._moves.refund(order.id, refund);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.slug !== "key-reused") throw problem;
      toast(keptBefore(await this._book.whole(order, true)), { danger: true });
    }
  }

  /**
   * The order with what was done a moment ago, by whomever; as it is known here if that can't be read.
   * @param {Order} order
   */
  async _whole(order) {
    try {
      return await this._book.whole(order);
    } catch {
      return this._book.order(order.id) ?? order;
    }
  }

  /**
   * What was done last and noticed too late to be undone, with a reason.
   * @param {Order} known
   */
  async correct(known) {
    const order = await this._whole(known);
    const { right } = this._forms;
    const found = wrongs(order);
    say(right.part("what"), what(order));
    right
      .part("wrongs")
      .replaceChildren(
        el("legend", { class: "for-readers" }, t("What was wrong")),
        ...found.map(({ words, outcome }, index) =>
          el(
            "label",
            { class: "choice" },
            el("input", { type: "radio", name: "wrong", value: String(index) }),
            el(
              "span",
              { class: "choice__text" },
              el("strong", {}, words),
              el("span", { class: "soft small" }, outcome),
            ),
          ),
        ),
      );
    right.open({
      values: { wrong: "0" },
      job: async ({ wrong, reason }) => {
        try {
          const after = await post(`${this._book.path}/${order.id}/reversals`, {
            ...found[Number(wrong)].body,
            reason,
          });
          this._book.put([after]);
          toast(rightWords(after));
        } catch (problem) {
          throw problem instanceof Problem && ["sold-out", "lot-spent"].includes(problem.slug)
            ? new Problem({ detail: errorWords(problem.body) })
            : problem;
        }
      },
    });
  }

  /** @param {Order} order */
  block(order) {
    const { block } = this._forms;
    say(block.part("what"), what(order));
    block.open({
      values: { kind: "phone" },
      job: async (body) => {
        const made = await post("/api/v1/blocks", { ...body, order: order.id });
        toast(t("Blocked."), {
          act: t("Undo"),
          onAct: () => remove(`/api/v1/blocks/${made.id}`).catch(toastProblem),
        });
      },
    });
  }
}

/**
 * What is said of what was put right; of a refund its money alone may have come back.
 * @param {Order} order
 */
function rightWords({ number, history }) {
  return history[history.length - 1].alone
    ? t(
        "%(number)s is corrected, the money only: its boxes stay removed. Now deduct or refund the right amount.",
        { number },
      )
    : t("%(number)s is corrected.", { number });
}
/** @param {Order} order */
function what(order) {
  const boxes = order.lines
    .map(({ quantity, returned, name }) => ({ name, quantity: quantity - (returned ?? 0) }))
    .filter(({ quantity }) => quantity);
  const items = listed(boxes.map(({ quantity, name }) => `${count(quantity)} × ${text(name)}`));
  return `${order.number} · ${items} · ${money(amountPayable(order))}`;
}

/**
 * What becomes of the boxes of orders that are cancelled: those that are packed are not put back.
 * @param {Order[]} orders
 */
function boxesWords(orders) {
  const back = orders.filter(({ state }) => state === "placed").length;
  const packed = orders.length - back;
  if (!packed) return t("The boxes go back on sale.");
  if (!back)
    return t(
      "The boxes are packed and don't go back on sale automatically. Release as many as are still good.",
    );
  return n(
    "What is not packed goes back on sale. The boxes of %(n)s order are packed and don't: release as many as are still good.",
    "What is not packed goes back on sale. The boxes of %(n)s orders are packed and don't: release as many as are still good.",
    packed,
    { n: count(packed) },
  );
}
