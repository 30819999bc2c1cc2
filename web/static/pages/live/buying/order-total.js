// What the order in the buying sheet comes to: its boxes, their weight, the parcel's fee and the sum.

import { say } from "../../../lib/ui/dom.js";
import { money, weight } from "../../../lib/format/format.js";
import { n, t } from "../../../lib/words.js";
import { ParcelFees } from "../../../lib/state/parcel-fee.js";

export class OrderTotal {
  /** `part` gives an element of the sheet by its name. */
  constructor(part, { basket, scene, buyer }) {
    this.part = part;
    this.basket = basket;
    this.scene = scene;
    this.buyer = buyer;
    this.fees = new ParcelFees();
    this.sum = null; // what the sheet says is to pay: {amount, currency}
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

  /** What the parcel costs: `{fee}`, or `{most}` where it is too heavy; nothing for a pick-up. */
  get parcel() {
    return this.buyer.isParcel ? this.fees.of(this.buyer.region.code, this.grams) : { fee: 0 };
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

  /** Show boxes, weight, fee and sum; the fee is in the sum as soon as it is known where the parcel
      goes, `hasPlace`. */
  render(hasPlace) {
    const { boxes, grams, parcel } = this;
    const words = n("%(count)s item", "%(count)s items", boxes, { count: boxes });
    say(this.part("count"), `${words} · ${weight(grams)}`);
    const { amount, currency } = this.basket.total;
    const counts = this.isKnown && hasPlace;
    const fee = (counts && parcel.fee) || 0;
    this.sum = { amount: amount + fee, currency };
    say(this.part("total"), money(this.sum));
    const priced = this.fees.any && this.buyer.isParcel && parcel.fee !== undefined;
    this.part("with-fee").hidden = !(counts && priced);
    say(
      this.part("with-fee"),
      t("with the parcel, %(fee)s", { fee: money({ amount: fee, currency }) }),
    );
    for (const name of ["fee-name", "fee"]) this.part(name).hidden = !priced;
    say(this.part("fee"), feeInWords(parcel.fee, currency, grams));
    this.part("fee-line").hidden = !this.fees.any;
    say(this.part("fee-line"), this.feeLine(parcel, currency));
  }

  /** The fee below the address, at once with weight and region. */
  feeLine({ fee, most }, currency) {
    if (!this.buyer.isParcel) return t("Nothing is added for a pick-up.");
    if (most !== undefined) {
      return t("A parcel to that region holds %(most)s at most. Order less, or pick it up.", {
        most: weight(most),
      });
    }
    if (fee === 0) return t("The parcel costs nothing.");
    return t("The parcel costs %(fee)s for %(weight)s.", {
      fee: money({ amount: fee, currency }),
      weight: weight(this.grams),
    });
  }
}

/** The fee in the summary, with the weight that it is for. */
const feeInWords = (amount, currency, grams) =>
  amount === undefined ? "" : `${money({ amount, currency })} · ${weight(grams)}`;
