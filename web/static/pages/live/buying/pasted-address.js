// An address that was pasted whole: the server takes it apart, its parts go into the fields, and chips
// below say what was found where; each leads to its field. What was there before comes back by Undo.

import { api, Problem } from "../../../lib/channel/api.js";
import { inWords } from "../../../lib/format/divisions.js";
import { el, field, icon } from "../../../lib/ui/dom.js";
import { page, t } from "../../../lib/words.js";

const LONGEST = 500; // characters that the server reads
const WITHIN = 8_000;
const FIELDS = /** @type {const} */ (["name", "phone", "address"]);
// So much at once is pasted, or comes from a keyboard's clipboard.
const AT_ONCE = 12;

/** @typedef {import("../../../lib/state/api").ParsedAddress} Parsed what the server found */
/** @typedef {ReturnType<PastedAddress["values"]>} Values */

/**
 * Ask the server for the parts of a text. Throws Problem.
 * @param {string} text
 * @returns {Promise<Parsed>}
 */
const parse = (text) =>
  api("POST", "/api/v1/parsed-addresses", { text: text.slice(0, LONGEST) }, { within: WITHIN });

/** @param {Parsed} found */
const namesOf = (found) => inWords(found.region_names[page.language] ?? []);

/**
 * Whether a text has more than one part: lines, or a phone number among words.
 * @param {string} text
 */
const isWhole = (text) =>
  text.trim().includes("\n") || (/[0-9０-９]{7}/.test(text) && /\p{L}{2}/u.test(text));

export class PastedAddress {
  /**
   * `place` shows the chips. Event of the form: "change", when the fields have their parts.
   * @param {HTMLFormElement} form
   * @param {HTMLElement} place
   * @param {import("./region-field.js").Region} region
   */
  constructor(form, place, region) {
    this.form = form;
    this.place = place;
    this.region = region;
    this._turn = 0; // the last question
    /** @type {string | null} the address whose region was asked for last */
    this._located = "";
    /** @type {Promise<void> | null} its answer */
    this._locating = null;
    this._before = "";
    this.fields = {
      name: field(form, "name"),
      phone: field(form, "phone"),
      address: field(form, "address", HTMLTextAreaElement),
    };
    for (const name of FIELDS)
      this.fields[name].addEventListener("paste", (/** @type {Event} */ event) =>
        this.pasted(/** @type {ClipboardEvent} */ (event)),
      );
    const { address } = this.fields;
    address.addEventListener("beforeinput", () => {
      this._before = address.value;
    });
    address.addEventListener("input", () => this.typed());
  }

  /**
   * A text comes from the clipboard: whole into the address, and its parts from there.
   * @param {ClipboardEvent} event
   */
  pasted(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const { address } = this.fields;
    const isElsewhere = event.target !== address;
    if (!isWhole(text) || (!isElsewhere && address.value.trim())) return;
    event.preventDefault();
    this.split(text);
  }

  /** Some keyboards paste without saying so. */
  typed() {
    const { address } = this.fields;
    const before = this._before;
    this._before = address.value;
    const grown = address.value.length - before.length;
    if (grown >= AT_ONCE && isWhole(address.value)) this.split(address.value);
  }

  /**
   * Put the parts of a text into their fields.
   * @param {string} text
   */
  async split(text) {
    const { fields } = this;
    const kept = this.values();
    const turn = ++this._turn;
    fields.address.value = text.slice(0, fields.address.maxLength).replace(/\s*\n\s*/g, " ");
    const whole = fields.address.value;
    this._before = whole;
    this.show(el("span", { class: "pasted__words" }, t("Reading the address…")));
    this.form.dispatchEvent(new Event("change"));
    /** @type {Parsed | null} */
    let found = null;
    try {
      found = await parse(text);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
    if (turn !== this._turn) return;
    if (!found) {
      this.show(
        el(
          "span",
          { class: "pasted__words" },
          t("We couldn't read that: enter name and phone below."),
        ),
      );
      return;
    }
    // What was typed on meanwhile stays.
    if (fields.address.value === whole) fields.address.value = this._before = found.street;
    if (found.name) fields.name.value = found.name.slice(0, fields.name.maxLength);
    if (found.phone) fields.phone.value = found.phone;
    if (found.region) this.region.set(found.region, namesOf(found));
    this.chips(found, kept);
    for (const name of FIELDS) {
      fields[name].dispatchEvent(new Event("input", { bubbles: true }));
    }
    this.form.dispatchEvent(new Event("change"));
  }

  /** Read the region out of an address that has none, once a text. */
  locate() {
    const text = this.fields.address.value.trim();
    if (text !== this._located) {
      this._located = text;
      this._locating = text ? this.readRegion(text) : null;
    }
    return this._locating;
  }

  /** @param {string} text */
  async readRegion(text) {
    try {
      const found = await parse(text);
      if (!found.region || this.region.code || text !== this._located) return;
      this.region.set(found.region, namesOf(found));
      this.form.dispatchEvent(new Event("change"));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (text === this._located) this._located = null; // it may be asked again
    }
  }

  values() {
    const { code, words } = this.region;
    const { name, phone, address } = this.fields;
    return {
      name: name.value,
      phone: phone.value,
      address: address.value,
      region: { code, words },
    };
  }

  /** @param {Values} values */
  undo({ region, ...values }) {
    this._turn += 1;
    for (const name of FIELDS) this.fields[name].value = values[name];
    this._before = values.address;
    this.region.set(region.code, region.words);
    this.clear();
    this.form.dispatchEvent(new Event("change"));
    this.fields.address.focus();
  }

  clear() {
    this.place.hidden = true;
    this.place.replaceChildren();
  }

  /** @param {...Node} children */
  show(...children) {
    this.place.hidden = false;
    this.place.replaceChildren(...children);
  }

  /**
   * What was found, and what is to be looked at.
   * @param {Parsed} found
   * @param {Values} kept
   */
  chips(found, kept) {
    const { fields } = this;
    /** @type {[Parsed["unsure"][number], string, string | null, () => void][]} */
    const parts = [
      ["name", t("Name"), found.name, () => fields.name.focus()],
      ["phone", t("Phone"), found.phone, () => fields.phone.focus()],
      ["region", t("Region"), namesOf(found), () => this.openRegion()],
    ];
    const chips = parts.map(([part, title, value, onclick]) => {
      const isSure = !found.unsure.includes(part);
      const words = !value
        ? t("%(part)s is missing", { part: title })
        : isSure
          ? `${title} ${value}`
          : t("Check: %(part)s %(value)s", { part: title, value });
      return el(
        "button",
        { class: isSure ? "chip" : "chip chip--unsure", type: "button", onclick },
        icon(isSure ? "check" : "warning", true),
        words,
      );
    });
    const undo = el(
      "button",
      { class: "chip chip--quiet", type: "button", onclick: () => this.undo(kept) },
      t("Undo"),
    );
    this.show(...chips, undo);
  }

  openRegion() {
    this.region.open();
    this.region.lists[0].focus();
  }
}
