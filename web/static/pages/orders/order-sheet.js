// One order in a sheet: everything that is known of it, what happened and by whom, and what is done
// seldom: cancelling, giving money back, blocking who ordered.

import { Problem } from "../../lib/channel/api.js";
import { el, find, findAll, findDialog, icon, say } from "../../lib/ui/dom.js";
import { count, listed, money } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { reasonsInWords } from "../../lib/format/lot-stops.js";
import { toast } from "../../lib/ui/toast.js";
import { n, t, text } from "../../lib/words.js";
import { post, remove } from "../../lib/channel/staff-api.js";
import { FormSheet } from "../../lib/forms/form-sheet.js";
import { spoken } from "../../lib/format/staff-sentences.js";
import {
  amountPayable,
  isDue,
  isGone,
  isTakenOff,
  isStopped,
  remainingTotal,
  mayPay,
  paymentWords,
  refundWords,
  stateWords,
  stoppedLines,
} from "../../lib/orders/order-states.js";
import { LineReducer } from "./reduce-lines.js";
import { flagWords } from "../../lib/orders/fraud-flags.js";
import { badges, line, mayCancel, stepOf, when } from "../../lib/orders/order-row.js";
import { keptBefore } from "../../lib/orders/move-toasts.js";
import { errorWords } from "../../lib/orders/errors.js";
import { confirmLargeRefund, wrongs } from "./undo.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("../../lib/orders/order-states.js").OrderLine} OrderLine */
/** @typedef {import("../../lib/orders/transitions.js").RefundAsked} RefundAsked */

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

/**
 * That a line's lot is stopped, why, and for staff the way to all who have it.
 * @param {OrderLine} line
 * @param {boolean} isStaff
 */
const stopNotice = ({ lot, lot_code: code, lot_stopped: reasons }, isStaff) =>
  el(
    "div",
    { class: "notice notice--red" },
    icon("warning", true),
    el(
      "div",
      { class: "notice__text" },
      el(
        "p",
        {},
        el("strong", {}, t("Lot %(code)s is stopped.", { code })),
        " ",
        reasonsInWords(reasons),
      ),
      el("p", {}, t("It is not packed, sent or handed over: call it off, or give money back.")),
      isStaff
        ? el(
            "p",
            {},
            el("a", { class: "link", href: `/studio/lots/${lot}` }, t("Who has this lot")),
          )
        : null,
    ),
  );

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
    /** @type {Record<string, FormSheet>} for staff alone */
    this._forms = as.isStaff
      ? Object.fromEntries(
          ["cancel", "refund", "right", "block"].map((name) => [
            name,
            new FormSheet(`${name}-sheet`),
          ]),
        )
      : {};
    /** @type {LineReducer | null} */
    this._fewer = null;
    if (!as.isStaff) return;
    this._fewer = new LineReducer(this._forms.refund.part("fewer"), (amount) => {
      const field = this._forms.refund.field("amount");
      const places = Number(field.dataset.decimals ?? 2);
      field.value = amount ? (amount / 10 ** places).toFixed(places) : "";
    });
  }

  /** @param {Order} order */
  open(order) {
    this._order = order.id;
    this._drawn = null;
    this._draw();
    open(this._dialog, () => {
      this._order = null;
    });
    this._as.book.whole(order).catch((problem) => toast(spoken(problem), { danger: true }));
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
    this._part("order-body").replaceChildren(...this._facts(order));
    this._part("order-acts").replaceChildren(...this._acts(order, isMoving));
    const [next] = [
      ...findAll(this._dialog, `[data-act="${isHeld}"]:not(:disabled)`),
      ...findAll(this._dialog, "[data-close]"),
    ];
    if (isHeld) next.focus();
  }

  /** @param {Order} order */
  _facts(order) {
    const { buyer, delivery } = order;
    /**
     * @param {string} name
     * @param {import("../../lib/ui/dom.js").Child[]} value
     */
    const fact = (name, ...value) => [el("dt", {}, name), el("dd", {}, ...value)];
    return [
      el("p", { class: "order-sheet__badges" }, badges(order)),
      ...(isStopped(order) ? stoppedLines(order) : []).map((each) =>
        stopNotice(each, this._as.isStaff),
      ),
      ...(order.flags ?? []).map((flag) =>
        el(
          "p",
          { class: "notice notice--red" },
          icon("warning", true),
          el("span", { class: "notice__text" }, flagWords(flag)),
        ),
      ),
      ...(this._as.claims?.cards(order) ?? []),
      el(
        "ul",
        { class: "order-sheet__lines" },
        order.lines.map((each) => this._line(each)),
      ),
      el("dl", { class: "order-sheet__sums" }, [
        ...(order.fee?.amount
          ? [el("dt", {}, t("Parcel")), el("dd", { class: "number" }, money(order.fee))]
          : []),
        el("dt", {}, t("Total")),
        el("dd", { class: "number" }, el("b", {}, money(order.total))),
        ...(order.refunded?.amount
          ? [
              el("dt", {}, refundWords(order)),
              el("dd", { class: "number" }, `−${money(order.refunded)}`),
            ]
          : []),
        ...(order.refunded?.amount && isTakenOff(order) && !isGone(order.state)
          ? [
              el("dt", {}, order.payment === "due" ? t("To pay") : t("Paid")),
              el(
                "dd",
                { class: "number", "data-to-pay": "" },
                el("b", {}, money(amountPayable(order))),
              ),
            ]
          : []),
      ]),
      el("dl", { class: "facts" }, [
        ...(buyer?.name
          ? fact(
              t("Buyer"),
              el("strong", {}, buyer.name),
              " ",
              el("a", { class: "order__phone number", href: `tel:${buyer.phone}` }, buyer.phone),
            )
          : order.person_gone_at
            ? fact(
                t("Buyer"),
                el(
                  "span",
                  { class: "soft" },
                  t("Details removed on %(day)s", { day: when(order.person_gone_at) }),
                ),
              )
            : []),
        ...(buyer?.email ? fact(t("E-mail"), buyer.email) : []),
        ...(delivery.way === "pickup"
          ? fact(
              t("Picks up at"),
              text(delivery.centre?.name),
              el("br"),
              el("span", { class: "soft" }, text(delivery.centre?.address)),
            )
          : fact(t("Parcel to"), delivery.address ?? t("parcel"))),
        ...(order.code ? fact(t("Code"), el("b", { class: "number" }, order.code)) : []),
        ...fact(t("Ordered"), when(order.placed_at)),
      ]),
      history(order),
    ];
  }

  /** @param {OrderLine} each */
  _line(each) {
    const item = line(each);
    item.append(el("span", { class: "number" }, money(each.total)));
    return item;
  }

  /**
   * @param {Order} order
   * @param {boolean} isMoving
   */
  _acts(order, isMoving) {
    const { isStaff, role, moves, papers } = this._as;
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
      isStaff && mayRefund(order)
        ? button(
            "refund",
            refundDeed(order),
            leave(() => this._refund(order)),
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
      isStaff && wrongs(order).length
        ? button(
            "right",
            t("Correct…"),
            leave(async () => this._putRight(await this._whole(order))),
            "button--quiet",
          )
        : null,
      isStaff && order.buyer?.name
        ? button(
            "block",
            t("Block who ordered this"),
            leave(() => this._block(order)),
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
        this._as.moves.make(
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
  _refund(order) {
    const { refund } = this._forms;
    const due = isDue(order);
    say(refund.part("what"), what(order));
    say(
      refund.part("refund-how"),
      due
        ? t("So much less is asked for when it is paid. The buyer is told.")
        : t("Hand the money back yourself; this keeps the books right and tells the buyer."),
    );
    refund.open({
      title: due ? t("Less to pay") : t("Refund"),
      does: due ? t("Take it off") : t("Refund it"),
      values: { amount: { ...order.total, amount: due ? null : remainingTotal(order) } },
      job: async ({ amount, reason }) => {
        const lines = this._fewer?.lines ?? [];
        if (!(await confirmLargeRefund(order, amount.amount))) return false;
        return this._give(order, { amount, reason, ...(lines.length ? { lines } : {}) });
      },
    });
    this._fewer?.open(order);
  }

  /**
   * Where its answer is lost, it is asked for again by itself, and never given anew.
   * @param {Order} order
   * @param {RefundAsked} refund
   */
  async _give(order, refund) {
    try {
      await this._as.moves.refund(order.id, refund);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.slug !== "key-reused") throw problem;
      toast(keptBefore(await this._as.book.whole(order, true)), { danger: true });
    }
  }

  /**
   * The order with what was done a moment ago, by whomever; as it is known here if that can't be read.
   * @param {Order} order
   */
  async _whole(order) {
    try {
      return await this._as.book.whole(order);
    } catch {
      return this._as.book.order(order.id) ?? order;
    }
  }

  /**
   * What was done last and noticed too late to be undone, with a reason.
   * @param {Order} order
   */
  _putRight(order) {
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
          const after = await post(`${this._as.book.path}/${order.id}/reversals`, {
            ...found[Number(wrong)].body,
            reason,
          });
          this._as.book.put([after]);
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
  _block(order) {
    const { block } = this._forms;
    say(block.part("what"), what(order));
    block.open({
      values: { kind: "phone" },
      job: async (body) => {
        const made = await post("/api/v1/blocks", { ...body, order: order.id });
        toast(t("Blocked."), {
          act: t("Undo"),
          onAct: () =>
            remove(`/api/v1/blocks/${made.id}`).catch((problem) =>
              toast(spoken(problem), { danger: true }),
            ),
        });
      },
    });
  }

  /** @param {string} name */
  _part(name) {
    return find(this._dialog, `[data-${name}]`);
  }
}

/** @param {Order} order */
const mayRefund = (order) => isDue(order) || ["paid", "part_refunded"].includes(order.payment);

/**
 * What is said of what was put right; of a refund its money alone may have come back.
 * @param {Order} order
 */
function rightWords({ number, history }) {
  return history[history.length - 1].alone
    ? t(
        "%(number)s is corrected, the money only: its boxes stay removed. Reduce or refund the right amount.",
        { number },
      )
    : t("%(number)s is corrected.", { number });
}

/**
 * What the button says that leads there.
 * @param {Order} order
 */
function refundDeed(order) {
  if (!isDue(order)) return t("Refund…");
  return order.state === "placed" ? t("Fewer boxes or less to pay…") : t("Less to pay…");
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
      "The boxes are packed and don't go back on sale by themselves. Release as many again as are still good.",
    );
  return n(
    "What is not packed goes back on sale. The boxes of %(n)s order are packed and don't: release as many again as are still good.",
    "What is not packed goes back on sale. The boxes of %(n)s orders are packed and don't: release as many again as are still good.",
    packed,
    { n: count(packed) },
  );
}

/**
 * What happened with an order and by whom; what was undone is struck out.
 * @param {Order} order
 */
function history(order) {
  const { history: steps = [], refunded } = order;
  const rows = steps.map((step, index) => {
    const { at, by, reason, undone, undoes, alone } = step;
    const words = changeWords(steps[index - 1], step);
    const back = undoes
      ? [t("undone"), alone && t("the money alone")].filter(Boolean).join(" · ")
      : "";
    const said = undone ? el("s", {}, words) : words;
    return el(
      "li",
      {},
      el("span", { class: "soft number" }, when(at)),
      " ",
      said,
      back && ` · ${back}`,
      by ? ` · ${byWords(by)}` : "",
      reason ? ` · ${reason}` : "",
    );
  });
  if (refunded?.amount) rows.push(el("li", {}, `${refundWords(order)} ${money(refunded)}`));
  return el(
    "section",
    { class: "order-sheet__history" },
    el("h3", {}, t("What happened")),
    el("ol", { class: "small" }, rows),
  );
}

/**
 * What one step was: of the state, or of the payment where the state stayed.
 * @param {Order["history"][number] | undefined} before
 * @param {Order["history"][number]} step
 */
function changeWords(before, { state, payment, amount, undoes }) {
  if (before?.state !== state) return stateWords(state);
  if (undoes) return paymentWords(payment);
  const words =
    before?.payment === "due" && payment === "due" ? t("less to pay") : paymentWords(payment);
  return amount ? `${words} −${money(amount)}` : words;
}

/** @param {string} by */
function byWords(by) {
  switch (by) {
    case "buyer":
      return t("buyer");
    case "staff":
      return t("staff");
    default:
      return t("by itself");
  }
}
