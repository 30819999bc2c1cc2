// How large labels are written: as large as all that stands on one has room for, step by step smaller
// (labels.css), and in the end fewer products, of which it says how many more are on the packing slip.

import { count } from "../../lib/format/format.js";
import { t } from "../../lib/words.js";

/** Of each size, from the largest on: how many products are shown at least, where not all have room. */
const LEAST = [Infinity, Infinity, Infinity, 5, 3, 1, 1];

const linesOf = (label) => label.querySelector(".label__lines");
const itemsOf = (label) => [...linesOf(label).children].slice(0, -1);

function isOver(label) {
  const lines = linesOf(label);
  return lines.scrollHeight > lines.clientHeight + 1 || label.scrollHeight > label.clientHeight + 1;
}

/** How many products are seen whole where a line below them says that there are more. */
function roomOf(label) {
  const end = linesOf(label).getBoundingClientRect().bottom;
  return itemsOf(label).filter((item) => item.getBoundingClientRect().bottom <= end + 1).length - 1;
}

function show(label, size, shown) {
  const items = itemsOf(label);
  const more = label.querySelector("[data-more]");
  label.dataset.size = size;
  items.forEach((item, index) => {
    item.hidden = index >= shown;
  });
  more.parentElement.hidden = shown >= items.length;
  more.textContent = more.parentElement.hidden
    ? ""
    : t("and %(n)s more, on the packing slip", { n: count(items.length - shown) });
}

/** Each step looks at all labels at once: one by one they would be laid out hundreds of times. */
function fit(sheet) {
  let over = [...sheet.querySelectorAll(".label")];
  sheet.classList.add("is-measured");
  LEAST.forEach((least, index) => {
    const size = index + 1;
    for (const label of over) show(label, size, Infinity);
    over = over.filter(isOver);
    const rooms = new Map(over.map((label) => [label, roomOf(label)]));
    const folded = over.filter((label) => rooms.get(label) >= least);
    for (const label of folded) show(label, size, rooms.get(label));
    over = over.filter((label) => rooms.get(label) < least || isOver(label));
  });
  // The longest that an address can be still leaves room for one.
  for (const label of over) show(label, LEAST.length, 1);
  sheet.classList.remove("is-measured");
}

const sheet = document.querySelector(".labels");
if (sheet) fit(sheet);
