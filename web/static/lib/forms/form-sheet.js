// A short form in a sheet: opened empty or with what is there, sent once, closed when it is kept. An answer
// that comes after it was closed, and perhaps opened for something else, leaves it as it is.

import { close, open, opening } from "../ui/sheet.js";
import { fill, onSubmit } from "./forms.js";

export class FormSheet {
  constructor(id) {
    this._dialog = undefined;
    this._form = undefined;
    this._job = null;
    this._dialog = document.getElementById(id);
    this._form = this._dialog.querySelector("form");
    this._dialog.querySelector("[data-close]").addEventListener("click", () => close(this._dialog));
    // What was said while the sheet was open stays to be read.
    this._dialog.addEventListener("close", () => {
      const said = this._dialog.querySelector(":scope > .toasts");
      if (said) document.getElementById("toasts").append(...said.children);
    });
    onSubmit(this._form, async (body) => {
      const opened = opening(this._dialog);
      const then = await this._job(body);
      if (then === false) return;
      if (opening(this._dialog) === opened) close(this._dialog);
      if (typeof then === "function") then();
    });
  }

  get form() {
    return this._form;
  }

  get elements() {
    return this._form.elements;
  }

  part(name) {
    return this._dialog.querySelector(`[data-${name}]`);
  }

  /** Opens with `values`; `job(body)` keeps it, and what it rejects with is said in the form, which
      stays open where it answers false. A function that it answers is called once it is closed. */
  open({ title, values = {}, job, does }) {
    this._job = job;
    this._form.querySelector("[type=submit]").removeAttribute("aria-busy");
    fill(this._form, values);
    if (title) this.part("sheet-title").textContent = title;
    if (does) this._form.querySelector("[type=submit]").textContent = does;
    open(this._dialog);
    const first = [...this._form.elements].find(
      (field) =>
        field.name && field.type !== "hidden" && field.offsetParent !== null && !field.disabled,
    );
    // A phone's keyboard would cover what is there to be read first.
    if (matchMedia("(pointer: fine)").matches) first?.focus();
  }

  close() {
    close(this._dialog);
  }
}

/** Fills a choice of one with options `[value, words]`; the first, empty one stays. */
export function offer(select, options) {
  const kept = [...select.options].filter((option) => option.value === "");
  select.replaceChildren(...kept, ...options.map(([value, words]) => new Option(words, value)));
}
