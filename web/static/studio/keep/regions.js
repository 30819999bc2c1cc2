// China's divisions by their codes (GB/T 2260): what one is called, and which fit what was typed.

import { page } from "../../common/words.js";

/** What stands in the place of a prefecture or a county where there is none. */
const NO_NAMES = ["省直辖县", "自治区直辖县级行政区划", "县", "市辖区"];
const FOUND = 8;

/** The provinces as English writes them, by their first two digits. */
const IN_ENGLISH = {
  11: "Beijing", 12: "Tianjin", 13: "Hebei", 14: "Shanxi", 15: "Inner Mongolia", 21: "Liaoning", 22: "Jilin", 23: "Heilongjiang",
  31: "Shanghai", 32: "Jiangsu", 33: "Zhejiang", 34: "Anhui", 35: "Fujian", 36: "Jiangxi", 37: "Shandong", 41: "Henan",
  42: "Hubei", 43: "Hunan", 44: "Guangdong", 45: "Guangxi", 46: "Hainan", 50: "Chongqing", 51: "Sichuan", 52: "Guizhou",
  53: "Yunnan", 54: "Tibet", 61: "Shaanxi", 62: "Gansu", 63: "Qinghai", 64: "Ningxia", 65: "Xinjiang", 71: "Taiwan",
  81: "Hong Kong", 82: "Macao",
};

/** What the codes of all that lies in one begin with: 35 of a province, 3504 of a prefecture. */
export const prefixOf = (code) => code.replace(/(00)+$/, "");

export class Regions {
  #names;

  /** `names` by code of six digits. */
  constructor(names) {
    this.#names = names;
  }

  static async load() {
    const answer = await fetch(page.data.regions);
    return new Regions(answer.ok ? await answer.json() : {});
  }

  /** The names of what begins with these digits, the province first; a municipality once. */
  #path(prefix) {
    const codes = [2, 4, 6].filter((digits) => digits <= prefix.length).map((digits) => prefix.slice(0, digits).padEnd(6, "0"));
    const found = codes.map((code) => this.#names[code]).filter((name) => name && !NO_NAMES.includes(name));
    return [...new Set(found)];
  }

  /** What it is called; the digits where it is none any more. In English the province alone has an
      English name. */
  said(prefix) {
    const path = this.#path(prefix);
    if (page.language === "en" && path.length) path[0] = IN_ENGLISH[prefix.slice(0, 2)] ?? path[0];
    return path.join(" ") || prefix;
  }

  /** The prefixes that fit what was typed, the greater regions first. */
  find(typed) {
    const words = typed.trim().toLowerCase();
    if (!words) return [];
    const fits = (code) => {
      const prefix = prefixOf(code);
      const name = this.#names[code];
      const above = this.#names[`${code.slice(0, 2)}0000`];
      if (NO_NAMES.includes(name) || (code.slice(2) !== "0000" && name === above)) return false;
      if (/^\d+$/.test(words)) return prefix.startsWith(words);
      const english = prefix.length === 2 && (IN_ENGLISH[prefix] ?? "").toLowerCase().startsWith(words);
      return english || name.includes(words) || (prefix.length > 2 && this.#path(prefix).join("").includes(words.replace(/\s/g, "")));
    };
    const found = Object.keys(this.#names).filter(fits).map(prefixOf);
    // Whose own name fits goes before what only lies in such a one.
    const isOwn = (prefix) => (this.#names[prefix.padEnd(6, "0")].includes(words) ? 0 : 1);
    found.sort((one, other) => one.length - other.length || isOwn(one) - isOwn(other) || (one < other ? -1 : 1));
    return found.slice(0, FOUND);
  }
}
