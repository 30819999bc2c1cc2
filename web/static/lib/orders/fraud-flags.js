// Why someone should look at an order before it is packed, in words.

import { t } from "../words.js";

/** @param {string} flag */
export function flagWords(flag) {
  switch (flag) {
    case "many-orders":
      return t("This phone number has ordered here more often than usual.");
    case "many-phones":
      return t("The same device has ordered for several phone numbers.");
    case "doubtful-phone":
      return t("This phone number may not exist: ask the buyer for it once more.");
    case "big":
      return t("The total is higher than usual.");
    case "called-off":
      return t("An earlier order for this phone number was cancelled after it was packed.");
    default:
      return t("Check this order before it is packed.");
  }
}
