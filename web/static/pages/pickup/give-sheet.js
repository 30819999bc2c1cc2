// The sheet of an order that is handed over: what it is, what is to be taken for it, and the press that does it.

import { el, find, findDialog, icon, labelOf, say, submitterOf } from "../../lib/ui/dom.js";
import { count, listed, money } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { reasonsInWords } from "../../lib/format/lot-stops.js";
import { t, text } from "../../lib/words.js";
import { flagWords } from "../../lib/orders/fraud-flags.js";
import { together } from "../../lib/format/staff-sentences.js";
import {
  amountPayable,
  isDue,
  isStopped,
  stateWords,
  stoppedLines,
} from "../../lib/orders/order-states.js";

const OPEN = ["placed", "packed", "at_centre"];

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("./pickup-queue.js").Deed} Deed */
/** @typedef {import("./pickup-queue.js").Said} Said */

export const keptWords = () =>
  t(
    "The server can't be reached. It is kept and sent automatically as soon as there is a connection.",
  );

export class GiveSheet {
  /**
   * @param {import("./pickup-queue.js").PickupQueue} handing
   * @param {import("./waiting-orders.js").WaitingOrders} waiting
   * @param {{ onChange: () => void, onClose: () => void }} act `onChange` when it shows another order
   */
  constructor(handing, waiting, { onChange, onClose }) {
    this.dialog = findDialog(document, "#give-sheet");
    this._isHere = find(this.dialog, "[data-is-here]", HTMLInputElement);
    this._gives = find(this.dialog, "[data-do]", HTMLButtonElement);
    this._knownBy = find(this.dialog, "[data-known-by]", HTMLFieldSetElement);
    /** @type {{ order: Order, by: Said | null } | null} what is handed over, and the code by which it was found, if by one */
    this.giving = null;
    this._handing = handing;
    this._waiting = waiting;
    this._onChange = onChange;
    this._onClose = onClose;
    find(this.dialog, "form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const known = submitterOf(event).value;
      if (!this.giving || (!this.giving.by && !known)) return;
      this._handing.give(this.giving.order, this.giving.by ?? { known_by: known });
    });
    this._isHere.addEventListener("change", () => {
      if (this.giving?.by) this._gives.disabled = !this._isHere.checked;
      else this._knownBy.disabled = !this._isHere.checked;
    });
    find(this.dialog, "[data-close]").addEventListener("click", () => close(this.dialog));
  }

  /**
   * Shows what is to be handed over, and what is to be taken for it.
   * @param {Order} order
   * @param {Said | null} [by]
   */
  show(order, by = null) {
    this.giving = { order, by };
    const stopped = isStopped(order) ? stoppedLines(order) : [];
    const mayGive = OPEN.includes(order.state) && stopped.length === 0;
    const isUnpacked = order.state === "placed";
    say(this._part("title"), order.number);
    say(this._part("name"), order.buyer?.name ?? "");
    const phone = find(this.dialog, "[data-phone]", HTMLAnchorElement);
    say(phone, order.buyer?.phone ?? "");
    phone.href = `tel:${order.buyer?.phone ?? ""}`;
    this._part("notes").replaceChildren(
      ...[
        ...stopped.map(({ lot_code: code, lot_stopped: reasons }) =>
          notice(
            "red",
            together([
              t("Lot %(code)s is stopped.", { code }),
              reasonsInWords(reasons),
              t("Don't hand it over. Send the buyer to the coordinator."),
            ]),
          ),
        ),
        mayGive || stopped.length > 0
          ? null
          : notice(
              "red",
              t("The order is now “%(state)s” and can't be handed over.", {
                state: stateWords(order.state),
              }),
            ),
        isUnpacked
          ? notice("kumquat", t("It was not ticked as packed. Is the box in front of you?"))
          : null,
        order.state === "packed"
          ? notice("kumquat", t("It was not ticked off as arrived; this does it too."))
          : null,
        ...(order.flags ?? []).map((flag) => notice("red", flagWords(flag))),
        this._othersNotice(order),
      ].filter((each) => each !== null),
    );
    this._part("lines").replaceChildren(
      ...order.lines
        .map((line) => ({ ...line, boxes: line.quantity - (line.returned ?? 0) }))
        .filter(({ boxes }) => boxes > 0)
        .map(({ boxes, name, unit, lot_code: lot }) =>
          el(
            "li",
            {},
            el("b", { class: "number" }, `${count(boxes)} ×`),
            el(
              "span",
              {},
              text(name),
              " ",
              el(
                "span",
                { class: "soft small" },
                `${text(unit)} · ${t("lot %(code)s", { code: lot })}`,
              ),
            ),
          ),
        ),
    );
    // Nobody takes money for what is not handed over.
    say(this._part("sum-words"), stopped.length > 0 ? "" : takenWords(order));
    say(this._part("sum"), isDue(order) && stopped.length === 0 ? money(amountPayable(order)) : "");
    this._part("problem").hidden = true;
    // Without a code it is said how the buyer is known, by the press that hands it over.
    this._gives.hidden = !mayGive || !by;
    this._knownBy.hidden = !mayGive || Boolean(by);
    this._gives.disabled = isUnpacked || !by;
    this._knownBy.disabled = isUnpacked || Boolean(by);
    this._isHere.checked = false;
    labelOf(this._isHere).hidden = !isUnpacked;
    say(
      this._gives,
      isDue(order)
        ? t("Handed over, %(sum)s collected", { sum: money(amountPayable(order)) })
        : t("Handed over"),
    );
    say(
      this._part("known-by-words"),
      isDue(order)
        ? t(
            "Without the code: how did you identify the buyer? One press hands it over, with %(sum)s collected.",
            {
              sum: money(amountPayable(order)),
            },
          )
        : t("Without the code: how did you identify the buyer? One press hands it over."),
    );
    this.draw();
    this._onChange();
    open(this.dialog, () => {
      this.giving = null;
      this._onClose();
    });
    if (isUnpacked) this._isHere.focus();
    else if (mayGive && by) this._gives.focus();
  }

  /** @param {Deed} deed */
  isShown(deed) {
    return this.giving?.order.id === deed.order;
  }

  /** @param {string} words */
  tell(words) {
    const place = this._part("problem");
    say(place, words);
    place.hidden = false;
  }

  /** How it stands with the order in the sheet; each other one has its own. */
  draw() {
    const deed = this.giving && this._handing.of(this.giving.order.id);
    for (const name of ["do", "known-by"]) {
      if (deed) this._part(name).setAttribute("aria-busy", "true");
      else this._part(name).removeAttribute("aria-busy");
    }
    if (deed?.isLost) this.tell(keptWords());
  }

  /**
   * Who fetches one of several is told of the others.
   * @param {Order} order
   */
  _othersNotice({ id, buyer }) {
    const others = this._waiting.known.filter(
      (other) => other.id !== id && other.buyer?.phone === buyer?.phone,
    );
    return others.length
      ? notice(
          "leaf",
          t("More orders are waiting here for this phone number: %(numbers)s", {
            numbers: listed(others.map(({ number }) => number)),
          }),
        )
      : null;
  }

  /** @param {string} name */
  _part(name) {
    return find(this.dialog, `[data-${name}]`);
  }
}

/** @param {Order} order */
function takenWords(order) {
  if (isDue(order)) return t("To collect");
  return order.payment === "due" ? t("Nothing to collect") : t("Paid already");
}

/**
 * @param {string} kind
 * @param {string} words
 */
const notice = (kind, words) =>
  el(
    "p",
    { class: `notice notice--${kind}` },
    icon(kind === "leaf" ? "bag" : "warning", true),
    el("span", { class: "notice__text" }, words),
  );
