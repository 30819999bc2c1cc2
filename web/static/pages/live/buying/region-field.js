// The region of an address: province, prefecture and county, each chosen from a list. The names are
// loaded when someone opens the lists.

import { inWords, load, pathOf } from "../../../lib/format/divisions.js";
import { el, find, say } from "../../../lib/ui/dom.js";
import { page } from "../../../lib/words.js";

/** @type {Promise<Record<string, string>> | null} by code of six digits */
let names = null;

function loaded() {
  /** @type {import("../types").LiveData} */
  const { regions } = page.data;
  names = names ?? load(regions);
  return names.catch((error) => {
    names = null;
    throw error;
  });
}

/**
 * The codes that lie in one: prefectures of a province, counties of a prefecture.
 * @param {Record<string, string>} all names by code
 * @param {string} code
 * @param {number} digits
 */
function inside(all, code, digits) {
  const begin = code.slice(0, digits - 2);
  const end = "0".repeat(6 - digits);
  return Object.keys(all).filter(
    (other) =>
      other.startsWith(begin) && other.endsWith(end) && other.slice(digits - 2, digits) !== "00",
  );
}

export class Region {
  /**
   * `place` is the <details> with the three lists; Event of the place: "change", as lists have it.
   * @param {HTMLDetailsElement} place
   */
  constructor(place) {
    this.place = place;
    this.lists = [...place.querySelectorAll("select")];
    this.title = find(place, '[data-part="region-words"]');
    /** @type {Record<string, string> | null} names by code, once they are loaded */
    this.all = null;
    this.code = "";
    this.isChosen = false; // by its buyer in the lists, and not read out of an address
    this.isMissing = false; // the names can't be had: the address does without
    this._words = "";
    place.addEventListener("toggle", () => place.open && this.show());
    this.lists.forEach((list, level) => {
      list.addEventListener("change", () => this.chosen(level));
    });
  }

  /** Fill the lists, once they are seen. */
  async show() {
    if (this.all) return;
    try {
      this.all = await loaded();
    } catch {
      this.isMissing = true;
      this.place.dispatchEvent(new Event("change", { bubbles: true }));
      return;
    }
    this.isMissing = false;
    this.fill();
  }

  /** Open the lists. */
  open() {
    this.place.open = true;
    this.show();
  }

  /**
   * The code that is meant: six digits, or empty; `words` are its names where they are known, so that
   * the list of all need not be loaded.
   * @param {string | null | undefined} code
   */
  set(code, words = "") {
    this.code = code ?? "";
    this._words = this.code ? words : "";
    this.isChosen = false;
    if (this.all) this.fill();
    else say(this.title, this.words);
  }

  /** @param {number} level */
  chosen(level) {
    const { value } = this.lists[level];
    const above = level > 0 ? this.lists[level - 1].value : "";
    this.code = value || above;
    this.isChosen = true;
    // A municipality has one prefecture, which nobody chooses.
    if (level === 0 && value && this.all) {
      const [only, ...more] = inside(this.all, value, 4);
      if (only && more.length === 0) this.code = only;
    }
    this.fill();
  }

  fill() {
    const { all } = this;
    if (!all) return;
    if (this.code && !(this.code in all)) this.code = "";
    const { code } = this;
    const chosen = [
      code ? `${code.slice(0, 2)}0000` : "",
      code && code.slice(2, 4) !== "00" ? `${code.slice(0, 4)}00` : "",
      code && code.slice(4) !== "00" ? code : "",
    ];
    this.lists.forEach((list, level) => {
      const from = level === 0 ? "" : chosen[level - 1];
      const codes = level > 0 && !from ? [] : inside(all, from, 2 * level + 2);
      list.replaceChildren(
        el("option", { value: "" }, list.dataset.name),
        ...codes.map((one) => el("option", { value: one }, all[one])),
      );
      list.value = chosen[level];
      // Nobody chooses where there is nothing to choose.
      if (list.parentElement)
        list.parentElement.hidden = codes.length === 0 || (level === 1 && codes.length === 1);
    });
    say(this.title, this.words);
  }

  /** What it is called, the province first; a municipality once. */
  get words() {
    if (!this.code) return "";
    return this.all ? inWords(pathOf(this.all, this.code)) : this._words;
  }
}
