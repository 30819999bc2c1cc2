// What a thumb meant: the amount that stood there when it came down, or a lower one that stood there
// until a moment before; never a higher one that came under it meanwhile.

const A_MOMENT = 600;

export class PriceGuard {
  /** `button` is what is pressed for the amount. */
  constructor(button) {
    this._amount = null;
    this._before = null;
    this._since = 0;
    this._pressed = null;
    button.addEventListener("pointerdown", () => {
      this._pressed = this._meant();
    });
    button.addEventListener("pointercancel", () => {
      this._pressed = null;
    });
  }

  /** The amount stands there now. */
  show(amount) {
    if (amount === this._amount) return;
    this._before = this._amount;
    this._amount = amount;
    this._since = performance.now();
  }

  /** Begin anew: what comes now replaces nothing. */
  clear() {
    this._amount = this._before = this._pressed = null;
  }

  /** The amount that this press was for; to be asked once a press. */
  take() {
    const amount = this._pressed ?? this._meant();
    this._pressed = null;
    return amount;
  }

  _meant() {
    const changed = this._before !== null && performance.now() - this._since < A_MOMENT;
    return changed ? Math.min(this._before, this._amount) : this._amount;
  }
}
