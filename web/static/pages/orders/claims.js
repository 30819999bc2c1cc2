// Claims of buyers whose boxes came damaged: what was written and photographed, and the answer, money
// back or why not. Staff alone read them.

import { el, findAll, findDialog, say, valueIn } from "../../lib/ui/dom.js";
import { money } from "../../lib/format/format.js";
import { close } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { t } from "../../lib/words.js";
import { post } from "../../lib/channel/staff-api.js";
import { FormSheet } from "../../lib/forms/form-sheet.js";
import { amountPayable, isDue, isTakenOff, remainingTotal } from "../../lib/orders/order-states.js";
import { openClaim } from "../../lib/orders/match.js";
import { when } from "../../lib/orders/order-row.js";
import { confirmLargeRefund } from "./undo.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("../../lib/state/api").Claim} Claim */

/**
 * What the buyer wrote, with the photos, each of which opens whole.
 * @param {Claim} claim
 */
function told({ claimed_at: at, text, photos }) {
  const shown = photos.map(({ url }, index) =>
    el(
      "li",
      {},
      el(
        "a",
        { href: url, target: "_blank" },
        el("img", {
          src: url,
          loading: "lazy",
          alt: t("Photo %(n)s of the claim", { n: index + 1 }),
        }),
      ),
    ),
  );
  return [
    el("p", { class: "soft small" }, when(at)),
    el(
      "p",
      { class: text ? "claim__text" : "soft" },
      text || t("What was written was removed with the buyer's details"),
    ),
    shown.length
      ? el("ul", { class: "claim__photos" }, shown)
      : el("p", { class: "soft" }, t("Without a photo")),
  ];
}

/**
 * @param {Order} order
 * @param {Claim} claim
 */
function answerWords(order, { amount }) {
  if (!amount) return t("Declined");
  return isTakenOff(order)
    ? t("%(sum)s deducted", { sum: money(amount) })
    : t("%(sum)s refunded", { sum: money(amount) });
}

export class Claims {
  /**
   * @param {string} broadcast
   * @param {import("../../lib/orders/transitions.js").Transitions} moves
   * @param {import("./order-store.js").OrderStore} book
   */
  constructor(broadcast, moves, book) {
    this._path = `/api/v1/broadcasts/${broadcast}/claims`;
    this._book = book;
    this._moves = moves;
    this._form = new FormSheet("claim-sheet");
    this._form.form.addEventListener("input", () => this._choose(valueIn(this._form.form, "deed")));
  }

  /**
   * The claims of an order, as its sheet shows them.
   * @param {Order} order
   */
  cards(order) {
    return (order.claims ?? []).map((claim) =>
      el(
        "section",
        { class: "claim card" },
        el("h3", { class: "card__title" }, t("Claim")),
        ...told(claim),
        claim.state === "open"
          ? el(
              "button",
              {
                class: "button button--strong",
                type: "button",
                "data-act": "claim",
                onclick: () => this.open(order),
              },
              t("Answer the claim"),
            )
          : el(
              "p",
              {},
              el("strong", {}, answerWords(order, claim)),
              claim.answer ? ` · ${claim.answer}` : "",
            ),
      ),
    );
  }

  /**
   * Asks for the answer to the order's open claim.
   * @param {Order} order
   */
  open(order) {
    close(findDialog(document, "#order-sheet"));
    const claim = openClaim(order);
    if (!claim) return;
    const form = this._form;
    const currency = order.total.currency;
    const left = remainingTotal(order);
    const mayRefund = left > 0;
    form.part("claim-told").replaceChildren(...told(claim));
    say(
      form.part("what"),
      [order.number, order.buyer?.name, money(amountPayable(order))].filter(Boolean).join(" · "),
    );
    say(form.part("claim-deed"), isDue(order) ? t("Reduction") : t("Refund"));
    say(
      form.part("claim-most"),
      mayRefund
        ? t("%(sum)s at most", { sum: money({ amount: left, currency }) })
        : t("Nothing is left to reduce or refund"),
    );
    form.open({
      values: { deed: mayRefund ? "refund" : "refuse", amount: { amount: null, currency } },
      job: async ({ deed, amount, answer }) => {
        if (deed === "refund" && !(await confirmLargeRefund(order, amount.amount))) return false;
        const body = deed === "refund" ? { amount, answer } : { refuse: true, answer };
        const after = await post(`${this._path}/${claim.id}/answer`, body);
        if (deed === "refund") return this._moves.tell({ refund: { amount } }, after);
        this._book.put([after]);
        toast(
          t("The claim on %(number)s is declined, with your reason.", { number: order.number }),
        );
      },
    });
    findAll(form.form, "[name=deed]", HTMLInputElement)[0].disabled = !mayRefund;
    this._choose(mayRefund ? "refund" : "refuse");
  }

  /**
   * Money back takes an amount; a word for the buyer goes with either.
   * @param {string} deed
   */
  _choose(deed) {
    const amount = this._form.field("amount");
    amount.disabled = deed !== "refund";
    /** @type {HTMLElement | null} */
    const place = amount.closest("[data-field]");
    if (place) place.hidden = deed !== "refund";
  }
}
