// What is held while the sheet is closed: a line over the picture with the time that is left, and
// the way back to it; or that it is asked whether it was ordered.

import { say } from "../../../lib/ui/dom.js";
import { duration } from "../../../lib/format/format.js";
import { n, t } from "../../../lib/words.js";

export class HoldBar {
  /**
   * @param {HTMLElement} button
   * @param {import("./basket/basket.js").Basket} basket
   * @param {() => void} call
   */
  constructor(button, basket, call) {
    this.button = button;
    this.basket = basket;
    button.addEventListener("click", call);
    basket.addEventListener("change", () => this.render());
    setInterval(() => this.render(), 1000);
  }

  render() {
    const { basket } = this;
    const { asking } = basket.till;
    this.button.hidden = (!basket.hold || basket.empty) && !asking;
    if (this.button.hidden) return;
    if (asking) {
      say(this.button.querySelector("[data-kept-words]"), t("Asking about your order…"));
      say(this.button.querySelector("[data-kept-time]"), "");
      return;
    }
    let boxes = 0;
    for (const { quantity } of (basket.hold?.lines ?? basket.lines).values()) boxes += quantity;
    const words = n("%(count)s box held for you", "%(count)s boxes held for you", boxes, {
      count: boxes,
    });
    say(this.button.querySelector("[data-kept-words]"), words);
    say(this.button.querySelector("[data-kept-time]"), duration(basket.remains));
  }
}
