// What the order in the buying sheet comes to: its boxes, their weight, the parcel's fee and the sum.
// The fee is in the sum at once: the least one where it depends on a region that is not known yet, and
// then both say so.

import { find, findAll, say } from "../../../lib/ui/dom.js";
import { money, weight } from "../../../lib/format/format.js";
import { n, t } from "../../../lib/words.js";
import { ParcelFees } from "../../../lib/state/parcel-fee.js";

/** @typedef {import("../../../lib/state/events").Money} Money */
/** @typedef {{ fee?: number, most?: number }} Fee minor units, or the most grams that a parcel holds */

export class OrderTotal {
  /**
   * @param {HTMLElement} sheet
   * @param {{ basket: import("./basket/basket.js").Basket, scene: import("../../../lib/state/broadcast-state.js").BroadcastState, buyer: import("./buyer-form.js").BuyerForm }} order
   */
  constructor(sheet, { basket, scene, buyer }) {
    this.sheet = sheet;
    this.basket = basket;
    this.scene = scene;
    this.buyer = buyer;
    this.fees = new ParcelFees();
    /** @type {Money} what the sheet says is to pay */
    this.sum = { amount: 0, currency: basket.currency };
  }

  get boxes() {
    let boxes = 0;
    for (const { quantity } of this.basket.lines.values()) boxes += quantity;
    return boxes;
  }

  get grams() {
    let grams = 0;
    for (const [offer, { quantity }] of this.basket.lines) {
      grams += quantity * (this.scene.offers.get(offer)?.net_weight_g ?? 0);
    }
    return grams;
  }

  /**
   * What the parcel costs: `{fee}`, or `{most}` where it is too heavy; nothing for a pick-up. Where
   * the region is still to be said it is the least.
   * @returns {Fee}
   */
  get parcel() {
    if (!this.buyer.isParcel) return { fee: 0 };
    const least = this.isExact ? undefined : this.fees.least(this.grams).fee;
    return least === undefined ? this.fees.of(this.buyer.region.code, this.grams) : { fee: least };
  }

  /** The parcel's fee as an order says it; undefined where it is too heavy. */
  get fee() {
    const { fee: amount } = this.parcel;
    return amount === undefined ? undefined : { amount, currency: this.basket.currency };
  }

  /** Whether the parcel's fee, if there is one, is known. */
  get isKnown() {
    return this.fees.known || !this.buyer.isParcel;
  }

  /** Whether the sum is what will be paid, and not the least of it. */
  get isExact() {
    return !this.needsRegion || Boolean(this.buyer.region.code);
  }

  /** Whether what the parcel costs depends on the region, which can be said here. */
  get needsRegion() {
    return (
      this.buyer.isParcel && !this.buyer.region.isMissing && this.fees.least(this.grams).depends
    );
  }

  /** The sum in words: an amount, from an amount on, or not known yet. */
  get words() {
    if (!this.isKnown) return "…";
    return inWords(this.sum, this.isExact);
  }

  /** @param {string} name */
  part(name) {
    return find(this.sheet, `[data-part="${name}"]`);
  }

  /** Show boxes, weight, fee and sum. */
  render() {
    const { boxes, grams, parcel, isExact } = this;
    const words = n("%(count)s box", "%(count)s boxes", boxes, { count: boxes });
    say(this.part("count"), `${words} · ${weight(grams)}`);
    const { amount, currency } = this.basket.total;
    const fee = { amount: parcel.fee ?? 0, currency };
    this.sum = { amount: amount + fee.amount, currency };
    say(this.part("total"), this.words);
    const isPriced = this.isKnown && fee.amount > 0;
    this.part("with-fee").hidden = !isPriced;
    say(this.part("with-fee"), t("with the parcel, %(fee)s", { fee: inWords(fee, isExact) }));
    this.part("fee-line").hidden = !this.fees.any;
    say(this.part("fee-line"), this.feeLine(parcel, fee));
    this.choices(currency);
  }

  /**
   * What each way of delivery costs, beside its name.
   * @param {string} currency
   */
  choices(currency) {
    const { code } = this.buyer.region;
    const least = this.fees.least(this.grams);
    const isExact = Boolean(code) || !least.depends || this.buyer.region.isMissing;
    const { fee } = isExact ? this.fees.of(code, this.grams) : least;
    const free = t("free");
    const ways = {
      "parcel-fee":
        fee === undefined ? "" : fee ? inWords({ amount: fee, currency }, isExact) : free,
      "pickup-fee": free,
    };
    for (const [name, words] of Object.entries(ways)) {
      // Without pick-up points there is no choice.
      const [place] = findAll(this.sheet, `[data-part="${name}"]`);
      say(place, this.fees.any ? words : "");
    }
  }

  /**
   * The fee below the address, at once with weight and region.
   * @param {Fee} parcel
   * @param {Money} shown
   */
  feeLine({ fee, most }, shown) {
    if (!this.buyer.isParcel) return t("Picking up is free.");
    if (most !== undefined) {
      return t("A parcel to that region can weigh at most %(most)s. Order less, or pick it up.", {
        most: weight(most),
      });
    }
    const words = { fee: money(shown), weight: weight(this.grams) };
    if (!this.isExact)
      return t("The parcel fee starts at %(fee)s for %(weight)s and depends on the region.", words);
    if (fee === 0) return t("Free shipping.");
    return t("The parcel fee is %(fee)s for %(weight)s.", words);
  }
}

/**
 * @param {Money} amount
 * @param {boolean} isExact
 */
const inWords = (amount, isExact) =>
  isExact ? money(amount) : t("from %(amount)s", { amount: money(amount) });
