// An order in the list: who gets what, how far it is, and what one tap does with it. What a role may
// not see or do is not in the answers, and has no button here.

import { el, icon } from "../ui/dom.js";
import { clock, count, dayShort, day, money } from "../format/format.js";
import { now } from "../channel/server-clock.js";
import { t, text } from "../words.js";
import { badge } from "../ui/remote-list.js";
import { together } from "../format/staff-sentences.js";
import {
  amountPayable,
  isDue,
  isGone,
  isStopped,
  mayPay,
  nextStep,
  payment,
  stateKind,
  stateWords,
  toGiveBack,
} from "./order-states.js";
import { isToLookAt, openClaim } from "./match.js";
import { flagWords } from "./fraud-flags.js";

/** @typedef {import("./order-states.js").Order} Order */
/** @typedef {import("./order-states.js").OrderLine} OrderLine */
/** @typedef {{ role: string, isStaff: boolean }} Viewer */
/** @typedef {Viewer & { isChosen: boolean, isMoving: boolean }} RowState */

/**
 * What the parts of a row do.
 * @typedef {object} RowActs
 * @property {(order: Order, isChosen: boolean, isRange: boolean) => void} choose
 * @property {(order: Order) => void} open
 * @property {(order: Order, state: string) => void} step
 * @property {(order: Order) => void} pay
 * @property {(order: Order) => void} claim
 */

const LINES = 3;

/**
 * What one's role may do next with an order, as `[state, words]`; a clerk hands over what has come.
 * @param {Order} order
 * @param {Viewer} as
 */
export function stepOf(order, { isStaff, role }) {
  if (role === "seller") return null;
  const step = nextStep(order);
  return step && (isStaff || ["packed", "at_centre"].includes(order.state)) ? step : null;
}

/**
 * Whether it can still be called off: until it is with the buyer.
 * @param {Pick<Order, "state">} order
 * @param {Pick<Viewer, "isStaff">} as
 */
export const mayCancel = ({ state }, { isStaff }) =>
  isStaff && ["placed", "packed", "shipped", "at_centre"].includes(state);

/**
 * Today by the time alone, else with the day.
 * @param {string} moment
 */
export function when(moment) {
  const ms = Date.parse(moment);
  return day(ms) === day(now()) ? clock(ms) : `${dayShort(ms)} ${clock(ms)}`;
}

/**
 * State and payment as badges; what must be looked at stands first.
 * @param {Order} order
 */
export function badges(order) {
  return [
    isStopped(order) ? badge(t("Stopped lot"), "red") : null,
    isToLookAt(order) ? badge(t("Check this"), "red") : null,
    openClaim(order) ? badge(t("Claim"), "red") : null,
    badge(stateWords(order.state), stateKind(order.state)),
    isGone(order.state) && order.payment === "due"
      ? null
      : badge(payment(order), isDue(order) || toGiveBack(order) ? "kumquat" : "leaf"),
    order.simulated ? badge(t("Simulated")) : null,
  ].filter((each) => each !== null);
}

/**
 * What is still the buyer's of a line, and how many were ordered where that is fewer.
 * @param {OrderLine} line
 */
export function line({ quantity, returned, name, lot_code: lot }) {
  const ordered = returned ? t("instead of %(n)s", { n: count(quantity) }) : "";
  return el(
    "li",
    {},
    el("b", { class: "number" }, `${count(quantity - (returned ?? 0))} ×`),
    el(
      "span",
      {},
      text(name),
      " ",
      el(
        "span",
        { class: "soft small" },
        t("lot %(code)s", { code: lot }),
        ordered && ` · ${ordered}`,
      ),
    ),
  );
}

/** @param {Order} order */
function lines(order) {
  const shown = order.lines.length > LINES + 1 ? order.lines.slice(0, LINES) : order.lines;
  const more = order.lines.length - shown.length;
  return el(
    "ul",
    { class: "order__lines" },
    shown.map(line),
    more
      ? el("li", { class: "soft small order__rest" }, t("and %(n)s more", { n: count(more) }))
      : null,
  );
}

/** @param {Order} order */
function who({ buyer, delivery, person_gone_at: removed }) {
  const isPickup = delivery.way === "pickup";
  const to = isPickup ? text(delivery.centre?.name) : (delivery.address ?? t("parcel"));
  return el(
    "div",
    { class: "order__who" },
    buyer?.name
      ? el(
          "p",
          { class: "order__buyer" },
          el("strong", {}, buyer.name),
          " ",
          el("a", { class: "order__phone number", href: `tel:${buyer.phone}` }, buyer.phone),
        )
      : removed
        ? el("p", { class: "order__buyer soft" }, t("Buyer's details removed"))
        : null,
    el(
      "p",
      { class: "order__to soft" },
      icon(isPickup ? "pin" : "parcel", true),
      el("span", { title: to }, to),
    ),
  );
}

/**
 * The row. `as` says for whom it is and how it stands.
 * @param {Order} order
 * @param {RowState} as
 * @param {RowActs} does
 */
export function row(order, as, does) {
  const step = stepOf(order, as);
  const name = order.number;
  const claim = openClaim(order);
  const isMarked = isToLookAt(order);
  const kind = [
    isGone(order.state) && "is-gone",
    as.isMoving && "is-moving",
    as.isChosen && "is-chosen",
    (isMarked || claim) && "is-marked",
  ];
  /**
   * @param {string} act
   * @param {string} words
   * @param {() => void} onclick
   * @param {string} [more] classes
   */
  const button = (act, words, onclick, more = "") =>
    el(
      "button",
      {
        class: `button button--small ${more}`,
        type: "button",
        "data-act": act,
        disabled: as.isMoving,
        onclick,
        "aria-label": `${words}: ${name}`,
      },
      words,
    );
  const mayChoose = as.role !== "seller";
  if (!mayChoose) kind.push("order--unchosen");
  if (!isMarked) kind.push("order--unflagged");
  return el(
    "li",
    {
      class: `order ${kind.filter(Boolean).join(" ")}`,
      "data-order": order.id,
      "aria-busy": as.isMoving ? "true" : null,
    },
    mayChoose
      ? el(
          "label",
          { class: "order__choose no-print" },
          el("input", {
            type: "checkbox",
            "data-act": "choose",
            checked: as.isChosen,
            "aria-label": t("Choose %(number)s", { number: name }),
            onclick: (event) => does.choose(order, event.target.checked, event.shiftKey),
          }),
        )
      : null,
    el(
      "div",
      { class: "order__head" },
      el(
        "button",
        {
          class: "order__number number",
          type: "button",
          "data-act": "open",
          onclick: () => does.open(order),
          "aria-haspopup": "dialog",
        },
        name,
      ),
      el(
        "time",
        { class: "soft small order__at", datetime: order.placed_at },
        when(order.placed_at),
      ),
    ),
    el("p", { class: "order__badges" }, badges(order)),
    lines(order),
    who(order),
    el("p", { class: "order__total number" }, money(amountPayable(order))),
    el(
      "div",
      { class: "order__acts no-print" },
      claim && as.isStaff
        ? button("claim", t("Answer the claim"), () => does.claim(order), "order__step")
        : null,
      step
        ? button("step", step[1], () => does.step(order, step[0]), claim ? "" : "order__step")
        : null,
      mayPay(order) && as.role !== "seller"
        ? button("pay", t("Paid"), () => does.pay(order))
        : null,
    ),
    el("span", { class: "order__tick", "aria-hidden": "true" }),
    isMarked
      ? el(
          "p",
          { class: "order__flags small" },
          icon("warning", true),
          together(order.flags.map(flagWords)),
        )
      : null,
  );
}
