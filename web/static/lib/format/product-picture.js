// Which picture stands for a product: its own, or a drawing. The twin of pages/rendering/pictures.py.

import { page } from "../words.js";

/** @typedef {import("../words.js").BilingualText} BilingualText */

const { kinds = [], boxes = ["produce.svg"] } = page.drawings ?? {};

/** @param {BilingualText} [name] */
function drawing({ zh = "", en = "" } = {}) {
  const said = `${zh} ${en}`.toLowerCase();
  const kind = kinds.find(([, words]) => words.some((word) => said.includes(word)));
  if (kind) return kind[0];
  const sum = [...said].reduce((all, letter) => all + (letter.codePointAt(0) ?? 0), 0);
  return boxes[sum % boxes.length];
}

/**
 * The address of a product's picture; `thing` has `picture` and `name`.
 * @param {{ picture?: string | null, name?: BilingualText }} thing
 */
export const pictureOf = (thing) => thing.picture ?? `${page.pictures}${drawing(thing.name)}`;
