// The parcels' fees as they are typed: groups of weights with a fee each, what is wrong with them, and the
// rows that the server has. Decides only.

import { count, money } from "../../../lib/format/format.js";
import { minor, typed } from "../../../lib/forms/prices.js";
import { page, t } from "../../../lib/words.js";

/** @typedef {{ weight: string, fee: string }} Band as they were typed */
/** @typedef {{ region: string, bands: Band[] }} Group */
/** @typedef {import("../../../lib/state/api").Fee} Fee */
/** @typedef {import("../../../lib/state/parcel-fee.js").FeeRow} FeeRow */

const MOST_KG = 1000;
const { decimals } = page.data;

/** @param {number} grams */
export const kilograms = (grams) => String(grams / 1000);
/** @param {number} amount */
export const sum = (amount) => money({ amount, currency: page.currency ?? "CNY" });
/**
 * Grams of what was typed, or NaN.
 * @param {string} written
 */
export function grams(written) {
  const plain = written.trim().replace(",", ".");
  if (!/^\d+(\.\d{0,3})?$/.test(plain)) return NaN;
  const found = Math.round(Number(plain) * 1000);
  return found > 0 && found <= MOST_KG * 1000 ? found : NaN;
}

/**
 * @param {Fee[]} fees
 * @returns {Group[]}
 */
export function grouped(fees) {
  /** @type {Map<string, Band[]>} */
  const found = new Map();
  for (const { region, upto_g: upto, fee } of fees) {
    const bands = found.get(region) ?? [];
    found.set(region, bands);
    bands.push({ weight: kilograms(upto), fee: typed(fee.amount, decimals) });
  }
  return [...found].map(([region, bands]) => ({ region, bands }));
}

/**
 * The rows that are whole so far, as the server has them.
 * @param {Group[]} groups
 * @returns {FeeRow[]}
 */
export function rowsOf(groups) {
  return groups.flatMap(({ region, bands }) =>
    bands
      .map(({ weight, fee }) => ({
        region,
        upto_g: grams(weight),
        fee: minor(fee, decimals) ?? -1,
      }))
      .filter((row) => row.upto_g > 0 && row.fee >= 0),
  );
}

/**
 * What is wrong with a band of a group, in words, or nothing; what is only empty waits for its keeping.
 * @param {Group} group
 * @param {Band} band
 * @param {boolean} isFinal
 */
export function wrong(group, band, isFinal) {
  const weight = grams(band.weight);
  const fee = minor(band.fee, decimals);
  if (band.weight.trim() && Number.isNaN(weight)) return weightWords();
  if (fee !== null && Number.isNaN(fee)) return t("Enter the fee as 18 or 18.50.");
  if (isFinal && !band.weight.trim()) return t("Enter the upper weight.");
  if (isFinal && fee === null) return t("Enter the fee, or 0 if it is free.");
  if (!(weight > 0)) return "";
  const others = group.bands
    .filter((other) => other !== band)
    .map((other) => ({ weight: grams(other.weight), fee: minor(other.fee, decimals) ?? NaN }));
  if (others.some((other) => other.weight === weight)) return t("This weight is here twice.");
  if (fee === null) return "";
  const dearer = others
    .filter((other) => other.weight < weight && other.fee > fee)
    .sort((one, other) => other.fee - one.fee)[0];
  if (dearer)
    return t("That is less than a lighter parcel costs: up to %(weight)s kg it is %(fee)s.", {
      weight: kilograms(dearer.weight),
      fee: sum(dearer.fee),
    });
  return "";
}

/** What is wrong with any weight: it is asked for in these words wherever it is typed. */
export const weightWords = () =>
  t("Enter the weight in kilograms, such as 5 or 2.5, up to %(most)s.", { most: count(MOST_KG) });
