// Orders by their numbers: how they stand in a list, and how a choice of them is written in an
// address. Decides only; the twin of shop/orders/order_documents.py.

const A_LETTER = 9_999;

/** @type {Map<string, number>} */
const places = new Map();

/**
 * A0001 is 1, B0001 is 10000, AA0001 comes after Z9999. Asked of thousands at a time, it is counted once.
 * @param {string} number
 */
export function place(number) {
  const known = places.get(number) ?? counted(number);
  places.set(number, known);
  return known;
}

/** @param {string} number */
function counted(number) {
  const digits = number.slice(-4);
  let block = 0;
  for (const letter of number.slice(0, -4)) block = block * 26 + letter.charCodeAt(0) - 64;
  return (block - 1) * A_LETTER + Number(digits);
}

/**
 * `A0001-A0040,A0052`: the numbers as few spans, in their order.
 * @param {Iterable<string>} numbers
 */
export function spans(numbers) {
  const sorted = [...numbers].sort((a, b) => place(a) - place(b));
  /** @type {[string, string][]} */
  const found = [];
  for (const number of sorted) {
    const last = found[found.length - 1];
    if (last && place(number) === place(last[1]) + 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(",");
}
