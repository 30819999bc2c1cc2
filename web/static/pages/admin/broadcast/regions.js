// China's divisions by their codes (GB/T 2260): what one is called, and which fit what was typed.

import { inWords, isNoName, load, pathOf } from "../../../lib/format/divisions.js";
import { page } from "../../../lib/words.js";

const FOUND = 8;

/**
 * As it is compared: Urumqi is Ürümqi, and Xian is Xi'an.
 * @param {string} words
 */
const plain = (words) =>
  words
    .toLowerCase()
    .normalize("NFD")
    .replace(/[\u0300-\u036f'’,\s]/g, "");

/**
 * What the codes of all that lies in one begin with: 35 of a province, 3504 of a prefecture.
 * @param {string} code
 */
export const prefixOf = (code) => code.replace(/(00)+$/, "");

export class Regions {
  /**
   * `names` in Chinese and `own` as the page calls them, by code of six digits.
   * @param {Record<string, string>} names
   * @param {Record<string, string>} own
   */
  constructor(names, own) {
    this._names = names;
    this._own = own;
  }

  static async load() {
    const { regions, regions_shown: shown } = page.data;
    const [names, own] = await Promise.all([load(regions), shown && load(shown)]);
    return new Regions(names, own ?? names);
  }

  /**
   * What it is called; the digits where it is none any more.
   * @param {string} prefix
   */
  said(prefix) {
    return inWords(pathOf(this._own, prefix)) || prefix;
  }

  /**
   * The prefixes that fit what was typed, in Chinese or as the page calls them, the greater regions
   * first.
   * @param {string} typed
   */
  find(typed) {
    const words = plain(typed);
    if (!words) return [];
    /** @param {string} prefix */
    const own = (prefix) => {
      const code = prefix.padEnd(6, "0");
      return [this._names[code], plain(this._own[code] ?? "")];
    };
    /** @param {string} prefix */
    const paths = (prefix) => [pathOf(this._names, prefix).join(""), plain(this.said(prefix))];
    /** @param {string} code */
    const fits = (code) => {
      const prefix = prefixOf(code);
      const name = this._names[code];
      const above = this._names[`${code.slice(0, 2)}0000`];
      if (isNoName(name) || (code.slice(2) !== "0000" && name === above)) return false;
      if (/^\d+$/.test(words)) return prefix.startsWith(words);
      return [...own(prefix), ...paths(prefix)].some((each) => each.includes(words));
    };
    const found = Object.keys(this._names).filter(fits).map(prefixOf);
    // What begins so goes first, then whose own name has it, then what only lies in such a one.
    /** @param {string} prefix */
    const rank = (prefix) => {
      if (own(prefix).some((each) => each.startsWith(words))) return 0;
      return own(prefix).some((each) => each.includes(words)) ? 1 : 2;
    };
    const ranks = new Map(found.map((prefix) => [prefix, rank(prefix)]));
    const rankOf = (/** @type {string} */ prefix) => ranks.get(prefix) ?? 2;
    found.sort(
      (one, other) =>
        one.length - other.length || rankOf(one) - rankOf(other) || (one < other ? -1 : 1),
    );
    return found.slice(0, FOUND);
  }
}
