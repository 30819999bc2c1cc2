// What the host did, in a few words: the scripts' twin of `told` in templates/review/parts.html.

import { count, money } from "../../lib/format/format.js";
import { n, t } from "../../lib/words.js";

/** A deed of the axis in words, without what followed. */
export function actionWords(deed, axis) {
  const product = axis.offers[deed.offer];
  const price = (amount) => money({ amount, currency: axis.money });
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
      count: count(deed.quantity),
      price: price(deed.price),
    });
  }
  if (deed.kind === "flash_end") {
    return t("Flash batch over: %(count)s of %(product)s sold", {
      product,
      count: count(deed.quantity),
    });
  }
  if (deed.quantity < 0) {
    return t("Took back %(count)s of %(product)s", { product, count: count(-deed.quantity) });
  }
  return t("Released %(count)s of %(product)s", { product, count: count(deed.quantity) });
}

/** What its product sold in the five minutes after it; of a flash batch, what was ordered of it. */
export function followed(deed, axis) {
  if (deed.kind === "flash") {
    const gross = money({ amount: deed.gross, currency: axis.money });
    const values = { orders: count(deed.orders), gross };
    return n(
      "%(orders)s order of it, %(gross)s",
      "%(orders)s orders of it, %(gross)s",
      deed.orders,
      values,
    );
  }
  if (!deed.orders) return t("nothing ordered in the 5 minutes after");
  const gross = money({ amount: deed.gross, currency: axis.money });
  const values = { orders: count(deed.orders), gross };
  return n(
    "%(orders)s order, %(gross)s in the 5 minutes after",
    "%(orders)s orders, %(gross)s in the 5 minutes after",
    deed.orders,
    values,
  );
}
