// Who receives the order and where: the form of the buying sheet, remembered on this device if its
// owner says so. Whoever is signed in orders for others, one after the other: then nothing of a buyer
// is remembered, and nothing that was stays. It asks for an e-mail address only where the server sends mail.

import { choose, field, find, findAll, say, valueIn } from "../../../lib/ui/dom.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { isOutside, phoneDoubt, phoneProblem } from "../../../lib/forms/phone.js";
import { fieldErrors } from "../../../lib/format/problems.js";
import { page, t, text } from "../../../lib/words.js";
import { forgetLinks } from "../../../lib/state/order-links.js";
import { PastedAddress } from "./pasted-address.js";
import { Region } from "./region-field.js";

/** @typedef {import("../types").BuyerValues} BuyerValues */
/** @typedef {Record<"parcel" | "pickup" | "pasted", HTMLElement> & { region: HTMLDetailsElement }} Places */
/** @typedef {Partial<Record<FieldName, string>>} Flaws what is wrong, by field */
/** @typedef {typeof FIELDS[number]} FieldName */

const FIELDS = /** @type {const} */ (["address", "name", "phone", "province", "centre", "email"]);
const KEPT = /** @type {const} */ (["name", "phone", "address", "email"]);

export class BuyerForm {
  /**
   * `places` has the elements that are shown by the way: parcel and pickup, the region's, and what a
   * pasted address is said to be.
   * @param {HTMLFormElement} form
   * @param {Places} places
   * @param {import("../../../lib/state/api").Centre[]} centres
   */
  constructor(form, places, centres) {
    /** @type {string | null} a number that looks mistyped and that the buyer was asked about, or wrote before */
    this._asked = null;
    this.isForOthers = false;
    this.form = form;
    /** The fields by name; without centres nobody chooses one, without mail no address is asked for. */
    this.fields = {
      name: field(form, "name"),
      phone: field(form, "phone"),
      address: field(form, "address", HTMLTextAreaElement),
      province: field(form, "province", HTMLSelectElement),
      centre: field(form, "centre", HTMLSelectElement),
      email: findAll(form, '[name="email"]', HTMLInputElement)[0],
    };
    /** @type {HTMLInputElement | undefined} the box of who orders for oneself */
    this.keep = findAll(form, '[name="keep"]', HTMLInputElement)[0];
    this.places = places;
    this.centres = centres;
    this.region = new Region(places.region);
    this.pasted = new PastedAddress(form, places.pasted, this.region);
    this.needsRegion = false; // what the parcel costs depends on it
    form.addEventListener("change", () => {
      this.showWay();
      if (this.region.code) this.mark(this.fields.province, "");
    });
    this.fields.address.addEventListener("change", () => this.findRegion());
    form.addEventListener("input", ({ target }) => {
      if (target instanceof HTMLElement) this.mark(target, "");
      this.tellReach();
    });
    this.isUnasked = false; // what is known was remembered without asking, as it once was
    if (this.keep) this.askToRemember(this.keep);
    else this.orderForOthers();
    this.showWay();
  }

  /**
   * The box is ticked by its owner alone.
   * @param {HTMLInputElement} keep
   */
  askToRemember(keep) {
    const known = recall("buyer");
    keep.checked = Boolean(known?.asked);
    keep.addEventListener("change", () => {
      if (!this.isRemembered || this.whole) this.remember();
    });
    this.fill(known);
    this.isUnasked = Boolean(known) && !known.asked;
  }

  /** Somebody is signed in here. */
  orderForOthers() {
    this.isForOthers = true;
    this.keep?.closest("label")?.remove();
    this.keep = undefined;
    find(this.form, '[data-part="for-others"]').hidden = false;
    remember("buyer", null);
    forgetLinks();
    this.clear();
  }

  /** The next one is somebody else. */
  clear() {
    this.write({});
    this.region.set("");
    this.pasted.clear();
    this.showWay();
    this.tellReach();
  }

  /** @param {Partial<BuyerValues>} values */
  write(values) {
    for (const name of KEPT) {
      const place = this.fields[name];
      if (place) place.value = values[name] ?? "";
    }
  }

  /** @param {Partial<BuyerValues> | null} buyer */
  fill(buyer) {
    if (!buyer) return;
    this._asked = buyer.phone?.normalize("NFKC").trim() ?? null;
    this.write(buyer);
    this.region.set(buyer.region, buyer.place);
    const email = this.fields.email?.closest("details");
    if (email) email.open = Boolean(buyer.email);
    if (this.centres.some((centre) => centre.id === buyer.centre))
      this.fields.centre.value = buyer.centre ?? "";
    if (buyer.way === "parcel" || this.centres.length > 0) this.way = buyer.way ?? "parcel";
    this.tellReach();
  }

  get way() {
    return valueIn(this.form, "way");
  }

  set way(way) {
    choose(this.form, "way", way);
  }

  /** Whether nothing of what is ordered is told to the number: it is of a country that gets no messages. */
  get isOutOfReach() {
    return !this.isForOthers && isOutside(this.fields.phone.value, page.data.notice_prefixes ?? []);
  }

  /** Whether no message of the order comes at all. */
  get isUntold() {
    return this.isOutOfReach && !this.read().email;
  }

  tellReach() {
    const hint = find(this.form, "#phone-hint");
    hint.hidden = !this.isOutOfReach;
    say(
      hint,
      hint.hidden
        ? ""
        : t("We don't send messages to this number. Keep the order's page: everything is on it."),
    );
  }

  /**
   * The form as it was when this was ordered.
   * @param {Pick<import("../types").NewOrder, "buyer" | "delivery">} order
   * @param {{ remembered?: boolean | null }} pending
   */
  resume({ buyer, delivery }, { remembered = true }) {
    this.fill({ ...recall("buyer"), ...buyer, ...delivery });
    if (this.keep) this.keep.checked = remembered === true;
    this.showWay();
  }

  /** @returns {BuyerValues} */
  read() {
    const { fields } = this;
    return {
      name: fields.name.value.trim(),
      // A Chinese keyboard may write １３８, and ａ＠ｂ．ｃ.
      phone: fields.phone.value.normalize("NFKC").trim(),
      way: this.way,
      address: fields.address.value.trim(),
      region: this.region.code,
      place: this.region.words,
      centre: fields.centre.value || null,
      email: fields.email?.value.normalize("NFKC").trim() ?? "",
    };
  }

  /** It comes by parcel, which costs by its region. */
  get isParcel() {
    return this.way !== "pickup";
  }

  /** Whether this device may keep who it is, and the way to the order. */
  get isRemembered() {
    return this.keep?.checked ?? false;
  }

  /** Whether the order may go out without a look at who gets it: where one orders for oneself, and
      was asked whether that is remembered. */
  get isKnown() {
    return !this.isForOthers && !this.isUnasked && this.whole;
  }

  /**
   * Whether the parcel's fee depends on the region: then it is asked for, unless the address says it.
   * @param {boolean} isNeeded
   */
  askRegion(isNeeded) {
    const isAnew = isNeeded && !this.needsRegion;
    this.needsRegion = isNeeded;
    find(this.form, '[data-part="region-optional"]').hidden = isNeeded;
    if (isAnew) this.findRegion();
  }

  /** Read the region out of the address, where it is needed and not known. */
  async findRegion() {
    if (this.needsRegion && this.isParcel && !this.region.code) await this.pasted.locate();
  }

  showWay() {
    this.places.parcel.hidden = !this.isParcel;
    this.places.pickup.hidden = this.isParcel;
    this.places.region.hidden = !this.isParcel || this.region.isMissing;
  }

  /** What is missing or can't be right, by field. */
  problems() {
    const buyer = this.read();
    /** @type {Flaws} */
    const found = {};
    if (!buyer.name) found.name = t("Enter the recipient's name.");
    const phone =
      phoneProblem(buyer.phone) || (this._asked === buyer.phone ? "" : phoneDoubt(buyer.phone));
    if (phone) found.phone = phone;
    if (buyer.way === "parcel" && buyer.address.length < 2) {
      found.address = t("Enter where the parcel goes; a village is enough.");
    }
    if (this.needsRegion && buyer.way === "parcel" && !buyer.region && !this.region.isMissing) {
      found.province = t("Choose the region: the parcel's fee depends on it.");
    }
    if (buyer.email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(buyer.email)) {
      found.email = t("An e-mail address looks like name@example.com. You can leave it empty.");
    } else if (/[^\x21-\x7e]/.test(buyer.email.split("@", 1)[0])) {
      found.email = t(
        "Before the @ we can only write to plain letters, digits and signs. Use another address, or leave it empty.",
      );
    }
    if (buyer.way === "pickup" && !buyer.centre) found.centre = t("Choose a pick-up point.");
    return found;
  }

  get whole() {
    return Object.keys(this.problems()).length === 0;
  }

  /** Show what is wrong at its field, and go to the first; whether nothing is. */
  check() {
    const found = this.problems();
    this._asked = this.read().phone;
    return this.show(found);
  }

  /**
   * The server's own word on a field, at that field; whether it named one.
   * @param {import("../../../lib/channel/api.js").Problem} problem
   */
  refused(problem) {
    const found = fieldErrors(problem, {
      "buyer.name": "name",
      "buyer.phone": "phone",
      "buyer.email": "email",
      "delivery.region": "address",
      delivery: "address",
    });
    return !this.show(found);
  }

  /** @param {Flaws} found */
  show(found) {
    for (const name of FIELDS) this.mark(this.fields[name], found[name] ?? "");
    const first = FIELDS.find((name) => found[name] && this.fields[name]);
    const place = first && this.fields[first];
    if (!place) return true;
    if (first === "email") {
      const email = place.closest("details");
      if (email) email.open = true;
    }
    if (first === "province") this.region.open();
    place.focus();
    this.form.querySelector(`#${place.id}-error`)?.scrollIntoView({ block: "nearest" });
    return false;
  }

  /**
   * Say what is wrong with a field below it, or nothing.
   * @param {HTMLElement | undefined} field
   * @param {string} words
   */
  mark(field, words) {
    const [place] = field?.id ? findAll(this.form, `#${field.id}-error`) : [];
    if (!field || !place) return;
    say(place, words);
    place.hidden = !words;
    if (words) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  /** Keep it for the next time, or forget it, as the box says. */
  remember() {
    this.isUnasked = false;
    remember("buyer", this.isRemembered ? { ...this.read(), asked: true } : null);
  }

  /**
   * As an order says it; `fee` is what of the parcel was seen.
   * @param {import("../../../lib/state/events").Money} [fee]
   * @returns {import("../types").OrderDetails}
   */
  details(fee) {
    const { name, phone, way, address, region, centre, email } = this.read();
    const who = { buyer: { name, phone, ...(email && { email }) }, language: page.language };
    if (way === "pickup") return { ...who, delivery: { way, centre }, payment: "pay_at_pickup" };
    const delivery = { way: "parcel", address, ...(region && { region }) };
    return { ...who, delivery, payment: "cash_on_delivery", fee };
  }

  /** In words, for the line that stands for the form. */
  summary() {
    const { name, phone, place, address, centre: chosen } = this.read();
    const centre = this.centres.find((each) => each.id === chosen);
    const parcel = this.isParcel;
    return {
      whom: `${name} · ${phone}`,
      where: parcel
        ? [place, address].filter(Boolean).join(" · ")
        : `${text(centre?.name)} · ${text(centre?.address)}`,
      pay: parcel
        ? t("In cash to the courier, on delivery")
        : t("At the pick-up point, when you collect it"),
      next: parcel
        ? [t("The farm packs it and hands it to the courier."), t("You pay the courier in cash.")]
        : [
            t("The farm brings it to %(centre)s.", { centre: text(centre?.name) }),
            t("You pay there when you pick it up; give your order number and the code."),
          ],
    };
  }
}
