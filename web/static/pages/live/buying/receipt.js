// The answer to an order, in the sheet: its number, its code, and what happens next.

import { el, icon, say } from "../../../lib/ui/dom.js";
import { money } from "../../../lib/format/format.js";
import { t } from "../../../lib/words.js";

export class Receipt {
  /**
   * @param {import("../types").Part} part
   * @param {import("./buyer-form.js").BuyerForm} buyer
   */
  constructor(part, buyer) {
    this._part = part;
    this._buyer = buyer;
  }

  /** @param {import("../../../lib/state/api").PlacedOrder} placed */
  show(placed) {
    const buyer = this._buyer;
    say(this._part("order-number"), placed.number);
    say(this._part("order-total"), money(placed.total));
    this._part("code").hidden = !placed.code;
    say(this._part("code-number"), placed.code ?? "");
    this._part("order-link", HTMLAnchorElement).href = placed.url;
    this._part("forgotten").hidden = buyer.isRemembered;
    /**
     * @param {string} words
     * @param {string} sign
     */
    const line = (words, sign) =>
      el("li", { class: "done__next" }, icon(sign, true), el("span", {}, words));
    const next = this._part("next");
    next.replaceChildren(...buyer.summary().next.map((words) => line(words, "check")));
    if (buyer.isUntold)
      next.append(
        line(t("We don't send messages to your number: keep the order's page."), "warning"),
      );
  }
}
