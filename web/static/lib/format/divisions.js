// China's divisions by their codes of six digits (GB/T 2260): where one lies and what it is called.

import { page } from "../words.js";

// What stands in the place of a prefecture or a county where there is none, in both languages.
const NO_NAMES = [
  "省直辖县",
  "自治区直辖县级行政区划",
  "县",
  "市辖区",
  "Counties under the province",
  "Cities under the region",
  "Counties",
  "Districts",
];

/**
 * Whether nothing is called so.
 * @param {string} name
 */
export const isNoName = (name) => NO_NAMES.includes(name);

/**
 * The names by their codes, from an address.
 * @param {string} address
 * @returns {Promise<Record<string, string>>}
 */
export async function load(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

/**
 * The names of what begins with these digits and of what it lies in, the province first; a
 * municipality once.
 * @param {Record<string, string>} names
 * @param {string} prefix
 */
export function pathOf(names, prefix) {
  const codes = [2, 4, 6]
    .filter((digits) => digits <= prefix.length)
    .map((digits) => prefix.slice(0, digits).padEnd(6, "0"));
  return [...new Set(codes.map((code) => names[code]).filter((name) => name && !isNoName(name)))];
}

/**
 * A path in one line: 福建省 三明市 尤溪县, or Youxi County, Sanming City, Fujian Province.
 * @param {string[]} path
 */
export const inWords = (path) =>
  page.language === "en" ? [...path].reverse().join(", ") : path.join(" ");
