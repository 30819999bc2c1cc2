// What a thumb meant: the amount that stood there when it came down, or a lower one that stood there
// until a moment before; never a higher one that came under it meanwhile.

const A_MOMENT = 600;

export class PriceGuard {
  #amount = null;
  #before = null;
  #since = 0;
  #pressed = null;

  /** `button` is what is pressed for the amount. */
  constructor(button) {
    button.addEventListener("pointerdown", () => {
      this.#pressed = this.#meant();
    });
    button.addEventListener("pointercancel", () => {
      this.#pressed = null;
    });
  }

  /** The amount stands there now. */
  show(amount) {
    if (amount === this.#amount) return;
    this.#before = this.#amount;
    this.#amount = amount;
    this.#since = performance.now();
  }

  /** Begin anew: what comes now replaces nothing. */
  clear() {
    this.#amount = this.#before = this.#pressed = null;
  }

  /** The amount that this press was for; to be asked once a press. */
  take() {
    const amount = this.#pressed ?? this.#meant();
    this.#pressed = null;
    return amount;
  }

  #meant() {
    const changed = this.#before !== null && performance.now() - this.#since < A_MOMENT;
    return changed ? Math.min(this.#before, this.#amount) : this.#amount;
  }
}
