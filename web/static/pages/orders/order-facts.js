// What an order's sheet shows of it: what was bought, what is paid and to pay, who gets it, and what happened.

import { el, icon } from "../../lib/ui/dom.js";
import { money } from "../../lib/format/format.js";
import { reasonsInWords } from "../../lib/format/lot-stops.js";
import { t, text } from "../../lib/words.js";
import {
  amountPayable,
  isGone,
  isStopped,
  isTakenOff,
  paymentWords,
  refundWords,
  stateWords,
  stoppedLines,
} from "../../lib/orders/order-states.js";
import { flagWords } from "../../lib/orders/fraud-flags.js";
import { badges, line, when } from "../../lib/orders/order-row.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("../../lib/orders/order-states.js").OrderLine} OrderLine */

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
      el("p", {}, t("It won't be packed, sent or handed over: cancel it, or refund it.")),
      isStaff
        ? el(
            "p",
            {},
            el("a", { class: "link", href: `/studio/lots/${lot}` }, t("Who bought this lot")),
          )
        : null,
    ),
  );

/**
 * @param {Order} order
 * @param {{ claims: import("./claims.js").Claims | null, isStaff: boolean }} as
 */
export function orderFacts(order, { claims, isStaff }) {
  const { buyer, delivery } = order;
  /**
   * @param {string} name
   * @param {import("../../lib/ui/dom.js").Child[]} value
   */
  const fact = (name, ...value) => [el("dt", {}, name), el("dd", {}, ...value)];
  return [
    el("p", { class: "order-sheet__badges" }, badges(order)),
    ...(isStopped(order) ? stoppedLines(order) : []).map((each) => stopNotice(each, isStaff)),
    ...(order.flags ?? []).map((flag) =>
      el(
        "p",
        { class: "notice notice--red" },
        icon("warning", true),
        el("span", { class: "notice__text" }, flagWords(flag)),
      ),
    ),
    ...(claims?.cards(order) ?? []),
    el(
      "ul",
      { class: "order-sheet__lines" },
      order.lines.map((each) => lineWithTotal(each)),
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
function lineWithTotal(each) {
  const item = line(each);
  item.append(el("span", { class: "number" }, money(each.total)));
  return item;
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
    const back = undoes ? [t("undone"), alone && t("money only")].filter(Boolean).join(" · ") : "";
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
    before?.payment === "due" && payment === "due" ? t("reduced") : paymentWords(payment);
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
      return t("automatic");
  }
}
