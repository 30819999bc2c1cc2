// How large labels are written: as large as all that stands on one has room for, step by step smaller
// (labels.css), and in the end fewer products, of which it says how many more are on the packing slip.

import { count } from "../../lib/format/format.js";
import { find, findAll } from "../../lib/ui/dom.js";
import { t } from "../../lib/words.js";

/** Of each size, from the largest on: how many products are shown at least, where not all have room. */
const LEAST = [Infinity, Infinity, Infinity, 5, 3, 1, 1];

/** @param {HTMLElement} label */
const linesOf = (label) => find(label, ".label__lines");
/** @param {HTMLElement} label */
const itemsOf = (label) => findAll(linesOf(label), ":scope > *").slice(0, -1);

/** @param {HTMLElement} label */
function isOver(label) {
  const lines = linesOf(label);
  return lines.scrollHeight > lines.clientHeight + 1 || label.scrollHeight > label.clientHeight + 1;
}

/**
 * How many products are seen whole where a line below them says that there are more.
 * @param {HTMLElement} label
 */
function roomOf(label) {
  const end = linesOf(label).getBoundingClientRect().bottom;
  return itemsOf(label).filter((item) => item.getBoundingClientRect().bottom <= end + 1).length - 1;
}

/**
 * @param {HTMLElement} label
 * @param {number} size
 * @param {number} shown
 */
function show(label, size, shown) {
  const items = itemsOf(label);
  const more = find(label, "[data-more]");
  const line = more.parentElement ?? more;
  label.dataset.size = String(size);
  items.forEach((item, index) => {
    item.hidden = index >= shown;
  });
  line.hidden = shown >= items.length;
  more.textContent = line.hidden
    ? ""
    : t("and %(n)s more, on the packing slip", { n: count(items.length - shown) });
}

/**
 * Each step looks at all labels at once: one by one they would be laid out hundreds of times.
 * @param {HTMLElement} sheet
 */
function fit(sheet) {
  let over = findAll(sheet, ".label");
  sheet.classList.add("is-measured");
  LEAST.forEach((least, index) => {
    const size = index + 1;
    for (const label of over) show(label, size, Infinity);
    over = over.filter(isOver);
    const rooms = new Map(over.map((label) => [label, roomOf(label)]));
    /** @param {HTMLElement} label */
    const room = (label) => rooms.get(label) ?? 0;
    const folded = over.filter((label) => room(label) >= least);
    for (const label of folded) show(label, size, room(label));
    over = over.filter((label) => room(label) < least || isOver(label));
  });
  // The longest that an address can be still leaves room for one.
  for (const label of over) show(label, LEAST.length, 1);
  sheet.classList.remove("is-measured");
}

for (const sheet of findAll(document, ".labels")) fit(sheet);
