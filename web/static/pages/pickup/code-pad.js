// The pad on which the digits that a buyer says are typed, by a thumb or a keyboard.

import { find, findAll, say } from "../../lib/ui/dom.js";

export class CodePad extends EventTarget {
  /** Event `whole` with the digits as soon as there are as many as are asked for. */
  constructor() {
    super();
    this._field = find(document, "[data-code]", HTMLInputElement);
    this._pad = find(document, "[data-pad]");
    this._said = find(document, "[data-said]");
    this._isWrong = false;
    this._isResting = false;
    for (const key of findAll(this._pad, "[data-digit]"))
      key.addEventListener("click", () => this._type(key.dataset.digit ?? ""));
    find(this._pad, "[data-back]").addEventListener("click", () =>
      this._set(this._field.value.slice(0, -1)),
    );
    find(this._pad, "[data-empty-code]").addEventListener("click", () => this.clear());
    this._field.addEventListener("beforeinput", (event) => {
      if (this._isResting) event.preventDefault();
      else if (event.data && /\D/.test(event.data.normalize("NFKC"))) event.preventDefault();
      else if (this._isWrong && event.data) this.clear();
    });
    this._field.addEventListener("input", () =>
      this._set(this._field.value.normalize("NFKC").replace(/\D/g, "")),
    );
    // A keyboard's digits go to the pad wherever the focus is, but in a field or a sheet.
    addEventListener("keydown", (event) => {
      const isTyping =
        event.target instanceof Element && event.target.matches("input, select, textarea");
      const isElsewhere = isTyping || document.querySelector("dialog[open]");
      const digit = event.key?.normalize("NFKC") ?? "";
      if (isElsewhere || event.ctrlKey || event.metaKey || event.altKey || !/^\d$/.test(digit))
        return;
      event.preventDefault();
      this._type(digit);
    });
  }

  /** @param {string} digit */
  _type(digit) {
    if (this._isResting) return;
    if (this._isWrong) this.clear();
    this._set(`${this._field.value}${digit}`);
  }

  /** @param {string} digits */
  _set(digits) {
    if (this._isResting) return;
    const many = this._field.maxLength;
    this._field.value = digits.slice(0, many);
    if (this._isWrong) this._unsay();
    if (digits.length >= many)
      this.dispatchEvent(new CustomEvent("whole", { detail: this._field.value }));
  }

  /**
   * Asks for so many digits, from the first one on.
   * @param {number} many
   * @param {string} title
   */
  ask(many, title) {
    this._field.maxLength = many;
    say(find(document, "[data-code-title]"), title);
    this.clear();
  }

  clear() {
    this._field.value = "";
    this._unsay();
  }

  /**
   * Says what was wrong; the digits stay to be compared, until the next one is typed.
   * @param {string} words
   */
  wrong(words) {
    this._isWrong = true;
    this._field.setAttribute("aria-invalid", "true");
    say(this._said, words);
  }

  _unsay() {
    this._isWrong = false;
    this._field.removeAttribute("aria-invalid");
    say(this._said, "");
  }

  /**
   * Nothing can be typed while it is looked up, or after too many wrong ones.
   * @param {boolean} isResting
   */
  rest(isResting) {
    this._isResting = isResting;
    this._field.readOnly = isResting;
    this._field.toggleAttribute("aria-busy", isResting);
    for (const key of findAll(this._pad, "button", HTMLButtonElement)) key.disabled = isResting;
  }

  focus() {
    // A phone's pad stands on the page; its thumb needs no field.
    if (matchMedia("(pointer: fine)").matches) this._field.focus();
  }
}
