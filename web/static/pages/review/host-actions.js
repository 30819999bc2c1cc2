// What the host did, in a few words: the scripts' twin of `told` in templates/review/parts.html.

import { count, money } from "../../lib/format/format.js";
import { n, page, t } from "../../lib/words.js";

/**
 * What the host did, at a time in milliseconds, and what followed.
 * @typedef {object} Deed
 * @property {string} kind pin, price, release, flash or flash_end
 * @property {number} at
 * @property {number | null} [until]
 * @property {string} offer the key of its product in the axis
 * @property {number} [was]
 * @property {number} [price]
 * @property {number} [quantity]
 * @property {number} [gross]
 * @property {number} [orders]
 */

/**
 * A broadcast step by step: who watched, what was ordered, and the deeds of the host.
 * @typedef {object} Axis
 * @property {number} start
 * @property {number} step milliseconds
 * @property {number} until
 * @property {number[]} viewers
 * @property {number[]} gross
 * @property {number[]} orders
 * @property {Deed[]} moments
 * @property {{ at: number, label: string }[]} cuts from camera to camera
 * @property {Record<string, string>} offers the names of the products
 * @property {string | null} [money] the currency
 */

/**
 * @param {number} amount
 * @param {Axis} axis
 */
const sum = (amount, axis) => money({ amount, currency: axis.money ?? page.currency ?? "CNY" });

/**
 * A deed of the axis in words, without what followed.
 * @param {Deed} deed
 * @param {Axis} axis
 */
export function actionWords(deed, axis) {
  const product = axis.offers[deed.offer];
  const price = (amount = 0) => sum(amount, axis);
  const quantity = deed.quantity ?? 0;
  if (deed.kind === "pin") return t("Pinned: %(product)s", { product });
  if (deed.kind === "price") {
    return t("Price of %(product)s: %(was)s → %(now)s", {
      product,
      was: price(deed.was),
      now: price(deed.price),
    });
  }
  if (deed.kind === "flash") {
    return t("Flash batch: %(count)s of %(product)s at %(price)s", {
      product,
      count: count(quantity),
      price: price(deed.price),
    });
  }
  if (deed.kind === "flash_end") {
    return t("Flash batch over: %(count)s of %(product)s sold", {
      product,
      count: count(quantity),
    });
  }
  if (quantity < 0) {
    return t("Withdrew %(count)s of %(product)s", { product, count: count(-quantity) });
  }
  return t("Released %(count)s of %(product)s", { product, count: count(quantity) });
}

/**
 * What its product sold in the five minutes after it; of a flash batch, what was ordered of it.
 * @param {Deed} deed
 * @param {Axis} axis
 */
export function followed(deed, axis) {
  const { orders = 0, gross = 0 } = deed;
  const values = { orders: count(orders), gross: sum(gross, axis) };
  if (deed.kind === "flash") {
    return n(
      "%(orders)s order of it, %(gross)s",
      "%(orders)s orders of it, %(gross)s",
      orders,
      values,
    );
  }
  if (!orders) return t("nothing ordered in the 5 minutes after");
  return n(
    "%(orders)s order, %(gross)s in the 5 minutes after",
    "%(orders)s orders, %(gross)s in the 5 minutes after",
    orders,
    values,
  );
}
