// The bar of the buying sheet: that its boxes are held, for how long still, and the way to have them
// held again.

import { say } from "../../../lib/ui/dom.js";
import { duration } from "../../../lib/format/format.js";
import { t } from "../../../lib/words.js";

const SOON = 60_000; // when the time that is left is told

export class HoldTimer {
  /**
   * `part` gives an element of the sheet by its name.
   * @param {import("../types").Part} part
   * @param {import("./basket/basket.js").Basket} basket
   */
  constructor(part, basket) {
    this.part = part;
    this.bar = part("held-bar", HTMLProgressElement);
    this.length = 0; // of the hold, milliseconds
    this.basket = basket;
    part("held-again").addEventListener("click", () => basket.again());
  }

  /**
   * Show the hold and its time; nothing while the sheet is at something else.
   * @param {boolean} isShown
   */
  render(isShown) {
    const { basket } = this;
    // While another quantity is asked for, what is held stays held.
    const state = basket.state === "asking" && basket.hold ? "held" : basket.state;
    const held = this.part("held");
    held.hidden = !isShown || basket.empty || state === "loose" || basket.isBeyond;
    if (held.hidden) {
      say(this.part("held-told"), "");
      return;
    }
    const { remains } = basket;
    held.dataset.state = state === "held" && remains < SOON ? "soon" : state;
    /** @type {Record<string, string>} */
    const words = {
      asking: t("Holding it for you…"),
      held: basket.hold?.final ? t("Held for you for the last time") : t("Held for you"),
      over: t("Time is up; the hold was released."),
    };
    say(this.part("held-text"), words[state] ?? "");
    say(this.part("held-time"), state === "held" ? duration(remains) : "");
    this.part("held-again").hidden = state !== "over";
    if (basket.hold) {
      this.length = Math.max(this.length, remains);
      this.bar.value = this.length ? remains / this.length : 0;
    } else {
      this.length = 0;
      this.bar.value = 0;
    }
    if (state === "over") say(this.part("held-told"), words.over);
    else if (state === "held" && remains < SOON) {
      say(this.part("held-told"), t("Held for less than a minute more."));
    } else say(this.part("held-told"), state === "held" ? words.held : "");
  }
}
