// A short form in a sheet: opened empty or with what is there, sent once, closed when it is kept. An answer
// that comes after it was closed, and perhaps opened for something else, leaves it as it is.

import { close, open, opening } from "../ui/sheet.js";
import { field, find, findDialog } from "../ui/dom.js";
import { fieldsOf, fill, onSubmit } from "./forms.js";

/**
 * Keeps what the form says. What it answers is called once the sheet is closed; false leaves it open.
 * @typedef {(body: any) => Promise<void | false | (() => void)>} Job
 */

export class FormSheet {
  /** @param {string} id of its dialog */
  constructor(id) {
    /** @type {Job} */
    this._job = async () => false;
    this._dialog = findDialog(document, `#${id}`);
    this._form = find(this._dialog, "form", HTMLFormElement);
    find(this._dialog, "[data-close]").addEventListener("click", () => close(this._dialog));
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

  /**
   * A part of the sheet, which must be there.
   * @template {Element} [T=HTMLElement]
   * @param {string} name
   * @param {new () => T} [type]
   * @returns {T}
   */
  part(name, type) {
    return find(this._dialog, `[data-${name}]`, type);
  }

  /**
   * @template {Element} [T=HTMLInputElement]
   * @param {string} name
   * @param {new () => T} [type]
   * @returns {T}
   */
  field(name, type) {
    return field(this._form, name, type);
  }

  /**
   * Opens with `values`; `job(body)` keeps it, and what it rejects with is said in the form, which
   * stays open where it answers false. A function that it answers is called once it is closed.
   * @param {{ title?: string, values?: object, job: Job, does?: string }} what
   */
  open({ title, values = {}, job, does }) {
    this._job = job;
    const button = find(this._form, "[type=submit]");
    button.removeAttribute("aria-busy");
    fill(this._form, /** @type {Record<string, any>} */ (values));
    if (title) this.part("sheet-title").textContent = title;
    if (does) button.textContent = does;
    open(this._dialog);
    const first = fieldsOf(this._form).find(
      (each) => each.type !== "hidden" && each.offsetParent !== null && !each.disabled,
    );
    // A phone's keyboard would cover what is there to be read first.
    if (matchMedia("(pointer: fine)").matches) first?.focus();
  }

  close() {
    close(this._dialog);
  }
}

/**
 * Fills a choice of one with options `[value, words]`; the first, empty one stays.
 * @param {HTMLSelectElement} select
 * @param {[string, string][]} options
 */
export function offer(select, options) {
  const kept = [...select.options].filter((option) => option.value === "");
  select.replaceChildren(...kept, ...options.map(([value, words]) => new Option(words, value)));
}
