// Why someone should look at an order before it is packed, in words.

import { t } from "../../common/words.js";

export function flagWords(flag) {
  switch (flag) {
    case "many":
      return t("Many orders in a short time by the same buyer");
    default:
      return t("Look at this order before it is packed");
  }
}
