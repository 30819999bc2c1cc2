// Who receives the order and where: the form of the buying sheet, remembered on this device if its
// owner says so. Whoever is signed in orders for others, one after the other: then nothing of a buyer
// is remembered, and nothing that was stays. It asks for an e-mail address only where the server sends mail.

import { say } from "../../../lib/ui/dom.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { isOutside, phoneDoubt, phoneProblem } from "../../../lib/forms/phone.js";
import { fieldErrors } from "../../../lib/format/problems.js";
import { page, t, text } from "../../../lib/words.js";
import { forgetLinks } from "../../../lib/state/order-links.js";
import { PastedAddress } from "./pasted-address.js";
import { Region } from "./region-field.js";

const FIELDS = ["address", "name", "phone", "province", "centre", "email"];
const KEPT = ["name", "phone", "address", "email"];

export class BuyerForm {
  /** `places` has the elements that are shown by the way: parcel and pickup, the region's, and what a
      pasted address is said to be. */
  constructor(form, places, centres) {
    /** A number that looks mistyped and that the buyer was asked about, or wrote before. */
    this._asked = null;
    this.form = form;
    this.places = places;
    this.centres = centres;
    this.region = new Region(places.region);
    this.pasted = new PastedAddress(form, places.pasted, this.region);
    this.needsRegion = false; // what the parcel costs depends on it
    form.addEventListener("change", () => {
      this.showWay();
      if (this.region.code) this.mark(form.elements.province, "");
    });
    form.elements.address.addEventListener("change", () => this.findRegion());
    form.addEventListener("input", ({ target }) => {
      this.mark(target, "");
      this.tellReach();
    });
    this.isUnasked = false; // what is known was remembered without asking, as it once was
    if (form.elements.keep) this.askToRemember(form.elements.keep);
    else this.orderForOthers();
    this.showWay();
  }

  /** The box is ticked by its owner alone. */
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
    this.form.elements.keep?.closest("label").remove();
    this.form.querySelector('[data-part="for-others"]').hidden = false;
    remember("buyer", null);
    forgetLinks();
    this.clear();
  }

  /** The next one is somebody else. */
  clear() {
    const { elements } = this.form;
    for (const name of KEPT) if (elements[name]) elements[name].value = "";
    this.region.set("");
    this.pasted.clear();
    this.showWay();
    this.tellReach();
  }

  fill(buyer) {
    if (!buyer) return;
    const { elements } = this.form;
    this._asked = buyer.phone?.normalize("NFKC").trim() ?? null;
    for (const name of KEPT) if (elements[name]) elements[name].value = buyer[name] ?? "";
    this.region.set(buyer.region, buyer.place);
    const email = elements.email?.closest("details");
    if (email) email.open = Boolean(buyer.email);
    if (this.centres.some((centre) => centre.id === buyer.centre)) {
      elements.centre.value = buyer.centre;
    }
    if (buyer.way === "parcel" || this.centres.length > 0)
      elements.way.value = buyer.way ?? "parcel";
    this.tellReach();
  }

  /** Whether nothing of what is ordered is told to the number: it is of a country that gets no messages. */
  get isOutOfReach() {
    return (
      !this.isForOthers &&
      isOutside(this.form.elements.phone.value, page.data.notice_prefixes ?? [])
    );
  }

  /** Whether no message of the order comes at all. */
  get isUntold() {
    return this.isOutOfReach && !this.read().email;
  }

  tellReach() {
    const hint = this.form.querySelector("#phone-hint");
    hint.hidden = !this.isOutOfReach;
    say(
      hint,
      hint.hidden
        ? ""
        : t("We don't send messages to this number. Keep the order's page: everything is on it."),
    );
  }

  /** The form as it was when this was ordered. */
  resume({ buyer, delivery }, { remembered = true }) {
    this.fill({ ...recall("buyer"), ...buyer, ...delivery });
    if (!this.isForOthers) this.form.elements.keep.checked = remembered === true;
    this.showWay();
  }

  read() {
    const { elements } = this.form;
    return {
      name: elements.name.value.trim(),
      // A Chinese keyboard may write １３８, and ａ＠ｂ．ｃ.
      phone: elements.phone.value.normalize("NFKC").trim(),
      way: elements.way.value,
      address: elements.address.value.trim(),
      region: this.region.code,
      place: this.region.words,
      centre: elements.centre?.value || null,
      email: elements.email?.value.normalize("NFKC").trim() ?? "",
    };
  }

  /** It comes by parcel, which costs by its region. */
  get isParcel() {
    return this.form.elements.way.value !== "pickup";
  }

  /** Whether this device may keep who it is, and the way to the order. */
  get isRemembered() {
    return !this.isForOthers && this.form.elements.keep.checked;
  }

  /** Whether the order may go out without a look at who gets it: where one orders for oneself, and
      was asked whether that is remembered. */
  get isKnown() {
    return !this.isForOthers && !this.isUnasked && this.whole;
  }

  /** Whether the parcel's fee depends on the region: then it is asked for, unless the address says it. */
  askRegion(isNeeded) {
    const isAnew = isNeeded && !this.needsRegion;
    this.needsRegion = isNeeded;
    this.form.querySelector('[data-part="region-optional"]').hidden = isNeeded;
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

  /** The server's own word on a field, at that field; whether it named one. */
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

  show(found) {
    const { elements } = this.form;
    for (const name of FIELDS) this.mark(elements[name], found[name] ?? "");
    const first = FIELDS.find((name) => found[name] && elements[name]);
    if (first === "email") elements.email.closest("details").open = true;
    if (first === "province") this.region.open();
    if (first) {
      elements[first].focus();
      this.form.querySelector(`#${elements[first].id}-error`)?.scrollIntoView({ block: "nearest" });
    }
    return !first;
  }

  mark(field, words) {
    const place = field?.id && this.form.querySelector(`#${field.id}-error`);
    if (!place) return;
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

  /** As an order says it; `fee` is what of the parcel was seen, {amount, currency}. */
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
