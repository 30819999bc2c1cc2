// Why someone should look at an order before it is packed, in words.

import { t } from "../words.js";

/** @param {string} flag */
export function flagWords(flag) {
  switch (flag) {
    case "many-orders":
      return t("This phone number has ordered more often here than is usual.");
    case "many-phones":
      return t("The same device has ordered for several phone numbers.");
    case "doubtful-phone":
      return t("There may be no such phone number: ask the buyer for it once more.");
    case "big":
      return t("It comes to more than is usual.");
    case "called-off":
      return t("An earlier order for this phone number was called off after it was packed.");
    default:
      return t("Look at this order before it is packed.");
  }
}
