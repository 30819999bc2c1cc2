// The button that orders for what is to pay: what it says, when it can be pressed, and what a press was for.

import { say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";
import { PriceGuard } from "./price-guard.js";

export class OrderButton {
  /**
   * @param {HTMLButtonElement} button
   * @param {import("./order-total.js").OrderTotal} total
   */
  constructor(button, total) {
    this._button = button;
    this._total = total;
    this._guard = new PriceGuard(button);
    /** @type {number | null} how many boxes there were when a thumb came down on the button */
    this._pressed = null;
    this._isVague = false; // it said "from" then
    button.addEventListener("pointerdown", () => {
      this._pressed = total.boxes;
      this._isVague = !total.isExact;
    });
  }

  get isDisabled() {
    return this._button.disabled;
  }

  /** The buyer changed something: what stands there next is meant as soon as it does. */
  clear() {
    this._guard.clear();
    this._pressed = null;
  }

  /** What a press was for: the sum that was `seen`, the boxes, and whether it said "from"; to be asked
      once a press. */
  take() {
    const press = {
      seen: this._guard.take(),
      boxes: this._pressed ?? this._total.boxes,
      isVague: this._isVague || !this._total.isExact,
    };
    this._pressed = null;
    this._isVague = false;
    return press;
  }

  /** @param {{ buyable: boolean, basket: import("./basket/basket.js").Basket, ordering: import("./ordering.js").Ordering, isBusy: boolean }} state */
  render({ buyable, basket, ordering, isBusy }) {
    const button = this._button;
    const total = this._total;
    const takes = (buyable || Boolean(basket.hold)) && basket.state !== "over";
    const waits = isBusy || Boolean(ordering.busy);
    button.disabled =
      !takes || basket.blocked || waits || !total.isKnown || total.parcel.most !== undefined;
    // A sum that could not be pressed for is nobody's meaning.
    if (button.disabled || !total.isExact) this._guard.clear();
    else this._guard.show(total.sum.amount);
    button.setAttribute("aria-busy", String(waits));
    if (ordering.asking) say(button, t("Asking about your order…"));
    else if (ordering.proving) say(button, t("One moment, this keeps robots out…"));
    else if (!buyable && !basket.hold) say(button, t("Orders are closed"));
    else say(button, t("Buy · %(total)s", { total: total.words }));
  }
}
