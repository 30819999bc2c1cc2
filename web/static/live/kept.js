// What is held while the sheet is closed: a line over the picture with the time that is left, and
// the way back to it.

import { say } from "../common/dom.js";
import { duration } from "../common/format.js";
import { n } from "../common/words.js";

export class Kept {
  constructor(button, basket, call) {
    this.button = button;
    this.basket = basket;
    button.addEventListener("click", call);
    basket.addEventListener("change", () => this.render());
    setInterval(() => this.render(), 1000);
  }

  render() {
    const { basket } = this;
    this.button.hidden = !basket.hold || basket.empty;
    if (this.button.hidden) return;
    let boxes = 0;
    for (const { quantity } of basket.lines.values()) boxes += quantity;
    const words = n("%(count)s item held for you", "%(count)s items held for you", boxes, { count: boxes });
    say(this.button.querySelector("[data-kept-words]"), words);
    say(this.button.querySelector("[data-kept-time]"), duration(basket.remains));
  }
}
