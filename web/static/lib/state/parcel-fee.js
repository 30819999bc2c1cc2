// What a parcel costs, by weight and region: the table that the server keeps, and the same rule as
// its shop/shipping/fees.py.

import { api } from "../channel/api.js";

/** @typedef {{ region: string, upto_g: number, fee: number }} FeeRow `fee` in minor units */

const FRESH = 120_000; // a table older than that is asked for again with the next order
const AGAIN = 3_000;

/**
 * `{fee}` in minor units for so many net grams to a region ("" where it is not known), or
 * `{most}` where no fee holds so many: the region of the longest fitting code counts alone.
 * @param {FeeRow[]} fees
 * @param {string} region
 * @param {number} grams
 * @returns {{ fee: number, most?: undefined } | { most: number, fee?: undefined }}
 */
export function feeOf(fees, region, grams) {
  const fitting = fees.filter((row) => region.startsWith(row.region));
  const longest = Math.max(0, ...fitting.map((row) => row.region.length));
  const bands = fitting
    .filter((row) => row.region.length === longest)
    .sort((one, other) => one.upto_g - other.upto_g);
  if (bands.length === 0) return { fee: 0 };
  const band = bands.find((row) => grams <= row.upto_g);
  return band ? { fee: band.fee } : { most: bands[bands.length - 1].upto_g };
}

/**
 * The least that a parcel of so many net grams costs in any region, undefined where it is too heavy for
 * all, and whether it depends on the region.
 * @param {FeeRow[]} fees
 * @param {number} grams
 * @returns {{ fee: number | undefined, depends: boolean }}
 */
export function leastFee(fees, grams) {
  const regions = new Set(["", ...fees.map((row) => row.region)]);
  const each = [...regions].map((region) => feeOf(fees, region, grams).fee);
  const known = each.filter((fee) => fee !== undefined);
  return {
    fee: known.length > 0 ? Math.min(...known) : undefined,
    depends: new Set(each).size > 1,
  };
}

/** The table, asked for when someone begins to buy. Event: "change". */
export class ParcelFees extends EventTarget {
  constructor() {
    super();
    /** @type {FeeRow[] | null} null until it is known */
    this._fees = null;
    this._asked = -Infinity;
  }

  get known() {
    return this._fees !== null;
  }

  /** Whether there is any fee at all. */
  get any() {
    return (this._fees ?? []).length > 0;
  }

  /**
   * @param {string | null | undefined} region
   * @param {number} grams
   */
  of(region, grams) {
    return feeOf(this._fees ?? [], region ?? "", grams);
  }

  /** @param {number} grams */
  least(grams) {
    return leastFee(this._fees ?? [], grams);
  }

  /** Ask for the table, unless it came lately; `anew` where the server said that it has changed. */
  async load(anew = false) {
    if (!anew && performance.now() - this._asked < FRESH) return;
    this._asked = performance.now();
    try {
      const { fees } = await api("GET", "/api/v1/parcel-fees");
      this._fees = fees.map((/** @type {import("./api").Fee} */ { fee, ...row }) => ({
        ...row,
        fee: fee.amount,
      }));
    } catch {
      this._asked = -Infinity;
      if (!this.known) setTimeout(() => this.load(), AGAIN);
      return;
    }
    this.dispatchEvent(new CustomEvent("change"));
  }
}
