// What a thumb meant: the amount that stood there when it came down, or a lower one that stood there
// until a moment before; never a higher one that came under it meanwhile.

const A_MOMENT = 600;

export class PriceGuard {
  /**
   * `button` is what is pressed for the amount.
   * @param {HTMLButtonElement} button
   */
  constructor(button) {
    /** @type {number | null} */
    this._amount = null;
    /** @type {number | null} */
    this._before = null;
    this._since = 0;
    /** @type {number | null} */
    this._pressed = null;
    button.addEventListener("pointerdown", () => {
      this._pressed = this._meant();
    });
    button.addEventListener("pointercancel", () => {
      this._pressed = null;
    });
  }

  /**
   * The amount stands there now.
   * @param {number} amount
   */
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
    if (this._before === null || this._amount === null) return this._amount;
    const changed = performance.now() - this._since < A_MOMENT;
    return changed ? Math.min(this._before, this._amount) : this._amount;
  }
}
