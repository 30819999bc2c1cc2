// The pad on which the digits that a buyer says are typed, by a thumb or a keyboard.

import { say } from "../../lib/ui/dom.js";

export class CodePad extends EventTarget {
  #field = document.querySelector("[data-code]");
  #pad = document.querySelector("[data-pad]");
  #said = document.querySelector("[data-said]");
  #isWrong = false;

  /** Event `whole` with the digits as soon as there are as many as are asked for. */
  constructor() {
    super();
    for (const key of this.#pad.querySelectorAll("[data-digit]")) key.addEventListener("click", () => this.#type(key.dataset.digit));
    this.#pad.querySelector("[data-back]").addEventListener("click", () => this.#set(this.#field.value.slice(0, -1)));
    this.#pad.querySelector("[data-empty-code]").addEventListener("click", () => this.clear());
    this.#field.addEventListener("beforeinput", (event) => {
      if (event.data && /\D/.test(event.data.normalize("NFKC"))) event.preventDefault();
      else if (this.#isWrong && event.data) this.clear();
    });
    this.#field.addEventListener("input", () => this.#set(this.#field.value.normalize("NFKC").replace(/\D/g, "")));
    // A keyboard's digits go to the pad wherever the focus is, but in a field or a sheet.
    addEventListener("keydown", (event) => {
      const isElsewhere = event.target.matches?.("input, select, textarea") || document.querySelector("dialog[open]");
      const digit = event.key?.normalize("NFKC") ?? "";
      if (isElsewhere || event.ctrlKey || event.metaKey || event.altKey || !/^\d$/.test(digit)) return;
      event.preventDefault();
      this.#type(digit);
    });
  }

  #type(digit) {
    if (this.#isWrong) this.clear();
    this.#set(`${this.#field.value}${digit}`);
  }

  #set(digits) {
    const many = this.#field.maxLength;
    this.#field.value = digits.slice(0, many);
    if (this.#isWrong) this.#unsay();
    if (digits.length >= many) this.dispatchEvent(new CustomEvent("whole", { detail: this.#field.value }));
  }

  /** Asks for so many digits, from the first one on. */
  ask(many, title) {
    this.#field.maxLength = many;
    say(document.querySelector("[data-code-title]"), title);
    this.clear();
  }

  clear() {
    this.#field.value = "";
    this.#unsay();
  }

  /** Says what was wrong; the digits stay to be compared, until the next one is typed. */
  wrong(words) {
    this.#isWrong = true;
    this.#field.setAttribute("aria-invalid", "true");
    say(this.#said, words);
  }

  #unsay() {
    this.#isWrong = false;
    this.#field.removeAttribute("aria-invalid");
    say(this.#said, "");
  }

  /** Nothing can be typed while it is looked up, or after too many wrong ones. */
  rest(isResting) {
    this.#field.readOnly = isResting;
    this.#field.toggleAttribute("aria-busy", isResting);
    for (const key of this.#pad.querySelectorAll("button")) key.disabled = isResting;
  }

  focus() {
    // A phone's pad stands on the page; its thumb needs no field.
    if (matchMedia("(pointer: fine)").matches) this.#field.focus();
  }
}
