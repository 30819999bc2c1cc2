// Prices as a host types them: what was written in minor units and back, how far one tap goes, and how
// low a price is more likely a slip than an offer. Decides only.

/** Below this part of the present price a new one is asked for once. */
export const SLIP = 0.5;

/**
 * How far one tap goes, in minor units: about a thirtieth of the price, a round sum.
 * @param {number} amount
 * @param {number} places
 */
export function stepOf(amount, places) {
  const unit = 10 ** places;
  const steps = [0.1, 0.5, 1, 5, 10, 50, 100].map((major) => Math.max(1, Math.round(major * unit)));
  return steps.reverse().find((step) => step * 20 <= amount) ?? steps[steps.length - 1];
}

/**
 * Minor units as one types them, `29.90`.
 * @param {number} amount
 * @param {number} places
 */
export const typed = (amount, places) => (amount / 10 ** places).toFixed(places);

/**
 * Minor units of what was typed; NaN for what is no price, null for nothing.
 * @param {string} written
 * @param {number} places
 */
export function minor(written, places) {
  const plain = written
    .trim()
    .replace(",", ".")
    .replace(/^[¥￥]/, "");
  if (plain === "") return null;
  return /^\d+(\.\d*)?$/.test(plain) ? Math.round(Number(plain) * 10 ** places) : NaN;
}
