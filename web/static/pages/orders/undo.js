// What may be wrong with an order: a sum that is asked about before it is given, and what was done last
// with it, which is put right also long after.

import { money } from "../../lib/format/format.js";
import { t } from "../../lib/words.js";
import { askToConfirm } from "../../lib/ui/confirm.js";
import { together } from "../../lib/format/staff-sentences.js";
import { isDue, isGone, remainingTotal, stateWords } from "../../lib/orders/order-states.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {Order["history"][number]} Step */
/** @typedef {{ body: object, words: string, outcome: string }} Wrong */

/**
 * Ask before more than half of an order's remaining total is taken off or given back; return whether to go on.
 * @param {Order} order
 * @param {number} amount
 */
export async function confirmLargeRefund(order, amount) {
  const whole = remainingTotal(order);
  if (amount * 2 <= whole || amount > whole) return true;
  const isOff = isDue(order);
  /** @param {number} minor */
  const sum = (minor) => money({ ...order.total, amount: minor });
  const values = { sum: sum(amount), whole: sum(whole), left: sum(whole - amount) };
  const rest = amount < whole ? t("%(left)s will be due.", values) : t("Nothing will be due.");
  return askToConfirm({
    title: isOff
      ? t("Reduce %(whole)s by %(sum)s?", values)
      : t("Refund %(sum)s of %(whole)s?", values),
    words: isOff ? rest : t("We keep %(left)s of it.", values),
    yes: isOff ? t("Reduce by %(sum)s", values) : t("Refund %(sum)s", values),
  });
}

/**
 * What was done last with an order's state, and with its money, as {body, words, outcome} each: how the API
 * is told of it, what was wrong, and how it stands then.
 * @param {Order} order
 * @returns {Wrong[]}
 */
export function wrongs(order) {
  const { history = [] } = order;
  /** @type {{ state?: Wrong | null, money?: Wrong | null }} */
  const found = {};
  for (let index = history.length - 1; index > 0; index -= 1) {
    const change = history[index];
    const before = history[index - 1];
    if (change.undone || change.undoes) continue;
    // The last one of each kind alone: of what can't be put right that is null.
    if (change.state !== before.state) {
      if (found.state === undefined) found.state = stateWrong(change, before);
    } else if (found.money === undefined) found.money = moneyWrong(order, change, before);
  }
  return [found.state, found.money].filter((wrong) => wrong !== undefined && wrong !== null);
}

/**
 * @param {Step} change
 * @param {Step} before
 * @returns {Wrong | null}
 */
function stateWrong({ state }, { state: before }) {
  const body = { state: before };
  switch (state) {
    case "received":
      return before === "at_centre"
        ? {
            body,
            words: t("It was not handed over"),
            outcome: t("It is waiting at the pick-up point again."),
          }
        : { body, words: t("It has not arrived"), outcome: t("It is on its way again.") };
    case "shipped":
      return { body, words: t("It was not shipped"), outcome: t("It is packed and still here.") };
    case "at_centre":
      return {
        body,
        words: t("It has not arrived at the pick-up point"),
        outcome: t("It is packed and still here."),
      };
    case "packed":
      return { body, words: t("It is not packed"), outcome: t("It is still to be packed.") };
    case "cancelled":
      return {
        body,
        words: t("It is wanted after all"),
        outcome:
          before === "placed"
            ? t("Its boxes are taken again, if they are still available.")
            : t("It is “%(state)s” again.", { state: stateWords(before) }),
      };
    default:
      return null;
  }
}

/**
 * Of a refund that was kept before it could be undone nothing is known.
 * @param {Order} order
 * @param {Step} change
 * @param {Step} before
 * @returns {Wrong | null}
 */
function moneyWrong(order, { payment, amount, refund }, before) {
  /** @param {number} minor */
  const sum = (minor) => money({ ...order.total, amount: minor });
  if (payment === "paid" && before.payment === "due") {
    return {
      body: { payment: "due" },
      words: t("It was not paid"),
      outcome: t("%(sum)s is due again.", { sum: sum(remainingTotal(order)) }),
    };
  }
  if (!refund || !amount || (before.payment === "due" && isGone(order.state))) return null;
  const then = { sum: sum(remainingTotal(order) + amount.amount) };
  const boxes = order.lines.some(({ returned }) => returned) ? [boxesThen(order)] : [];
  return before.payment === "due"
    ? {
        body: { refund },
        words: t("%(sum)s should not be deducted", { sum: money(amount) }),
        outcome: together([t("%(sum)s will be due.", then), ...boxes]),
      }
    : {
        body: { refund },
        words: t("%(sum)s was not refunded", { sum: money(amount) }),
        outcome: together([t("We keep %(sum)s of it.", then), ...boxes]),
      };
}

/**
 * What becomes of boxes that came off with a refund, once it is put right.
 * @param {Order} order
 */
const boxesThen = ({ state }) =>
  state === "placed"
    ? t(
        "Boxes removed with it are taken again; if they have been sold, only the money is corrected.",
      )
    : t("Boxes removed with it stay removed: only the money is corrected.");
