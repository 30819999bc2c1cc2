// Changing a price while live: a sheet with the price as it is, a step up or down or a number of one's
// own. It asks once where the price would fall below half. A price that was wrong is put right from its
// row, by price-correction.js, or here by another one; what was ordered at it is in mispriced-orders.js.

import { Problem } from "../../../lib/channel/api.js";
import { field, find, findAll, findDialog } from "../../../lib/ui/dom.js";
import { decimals, money } from "../../../lib/format/format.js";
import { close, open, opening } from "../../../lib/ui/sheet.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t, text } from "../../../lib/words.js";
import { dearerFlash, spoken } from "../../../lib/format/staff-sentences.js";
import { minor, SLIP, stepOf, typed } from "../../../lib/forms/prices.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../../../lib/state/events").Money} Money */

export class Prices {
  /**
   * `send(type, fields)` as the channel's; `offers()` the bag's offers by id, as they are now;
   * `mispriced` the sheet of orders at wrong prices.
   * @param {import("../types").Send} send
   * @param {import("../types").Offers} offers
   * @param {import("./mispriced-orders.js").MispricedOrders} mispriced
   */
  constructor(send, offers, mispriced) {
    this._dialog = findDialog(document, "#price-sheet");
    this._form = find(this._dialog, "form", HTMLFormElement);
    this._price = field(this._form, "price");
    this._listPrice = field(this._form, "list_price");
    this._wrong = field(this._form, "wrong");
    this._edited = "";
    this._places = 2;
    this._isSure = false;
    /** @type {object | null | undefined} the opening of the sheet for which it is sent */
    this._sending = null;
    this._send = send;
    this._offers = offers;
    const place = this._price;
    for (const button of findAll(this._form, "[data-step]")) {
      button.addEventListener("click", () => {
        const amount = this._offer?.price.amount ?? 0;
        const step = stepOf(amount, this._places) * Number(button.dataset.step);
        place.value = typed(
          Math.max(1, (minor(place.value, this._places) || amount) + step),
          this._places,
        );
        this._draw();
      });
    }
    this._form.addEventListener("input", () => this._draw());
    this._part("list").addEventListener("click", () => {
      close(this._dialog);
      const offer = this._offer;
      if (offer) mispriced.open(offer);
    });
    find(this._dialog, "[data-close]").addEventListener("click", () => close(this._dialog));
    this._form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit();
    });
  }

  /**
   * With `isWrong` the present price was a mistake: what is typed is put in its place from its start.
   * @param {string} id
   */
  open(id, { isWrong = false } = {}) {
    this._edited = id;
    const offer = this._offer;
    if (!offer) return;
    this._part("do").removeAttribute("aria-busy");
    this._wrong.checked = isWrong;
    this._places = decimals(offer.price.currency);
    this._price.value = typed(offer.price.amount, this._places);
    this._listPrice.value = offer.list_price ? typed(offer.list_price.amount, this._places) : "";
    this._part("name").textContent = text(offer.name);
    this._part("now").textContent = money(offer.price);
    this._complain("");
    this._draw();
    open(this._dialog);
    if (matchMedia("(pointer: fine)").matches) this._price.select();
  }

  /** @param {string} name */
  _part(name) {
    return find(this._dialog, `[data-sheet-${name}]`);
  }

  get _offer() {
    return this._offers().get(this._edited);
  }

  get _isWrong() {
    return this._wrong.checked;
  }

  _draw() {
    this._isSure = false;
    for (const name of ["usual", "grace"]) this._part(name).hidden = this._isWrong;
    this._part("wrong").hidden = !this._isWrong;
    const price = minor(this._price.value, this._places) ?? 0;
    const currency = this._offer?.price.currency ?? page.currency ?? "CNY";
    const sum = money({ amount: price || 0, currency });
    this._part("do").textContent = !(price > 0)
      ? t("Change the price")
      : this._isWrong
        ? t("Correct it to %(price)s", { price: sum })
        : t("Set %(price)s", { price: sum });
  }

  /** @param {string} words */
  _complain(words) {
    const place = this._part("problem");
    place.textContent = words;
    place.hidden = !words;
  }

  async _submit() {
    const offer = this._offer;
    if (!offer) return undefined;
    const price = minor(this._price.value, this._places) ?? 0;
    const list = this._isWrong ? null : minor(this._listPrice.value, this._places);
    if (!(price > 0)) return this._complain(t("Enter a price above zero."));
    if (list !== null && Number.isNaN(list))
      return this._complain(t("The usual price isn't a number."));
    if (list !== null && list < price) {
      return this._complain(
        t(
          "The usual price must not be lower than the price. Change both, or leave the usual price empty.",
        ),
      );
    }
    // The scene changes the offer in place: what undo goes back to is kept first.
    const before = { price: offer.price, list_price: offer.list_price ?? null };
    /** @type {{ price?: Money, list_price?: Money | null }} */
    const change = {};
    /** @param {number} amount */
    const sum = (amount) => ({ amount, currency: offer.price.currency });
    if (price !== before.price.amount) change.price = sum(price);
    if (!this._isWrong && list !== (before.list_price?.amount ?? null))
      change.list_price = list === null ? null : sum(list);
    if (!Object.keys(change).length) return close(this._dialog);
    if ("price" in change && offer.flash && price <= offer.flash.price.amount) {
      return this._complain(dearerFlash(offer.flash.price));
    }
    if (!this._isMeant(offer, price)) return undefined;
    const opened = opening(this._dialog);
    const isStill = () => opening(this._dialog) === opened;
    if (this._sending === opened) return undefined;
    this._sending = opened;
    this._part("do").setAttribute("aria-busy", "true");
    try {
      await this._send(this._isWrong ? "offer.correct" : "offer.change", {
        offer: offer.id,
        ...change,
      });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (isStill()) return this._complain(spoken(problem));
      return toast(t("%(what)s: %(words)s", { what: text(offer.name), words: spoken(problem) }), {
        danger: true,
      });
    } finally {
      if (this._sending === opened) {
        this._sending = null;
        this._part("do").removeAttribute("aria-busy");
      }
    }
    if (isStill()) close(this._dialog);
    // A new price stands in its row, where it is put right; the usual price has no line there.
    if (!("price" in change)) this._report(offer, before);
    return undefined;
  }

  /**
   * @param {Offer} offer
   * @param {{ list_price: Money | null }} before
   */
  _report(offer, before) {
    toast(t("The usual price of %(name)s is changed.", { name: text(offer.name) }), {
      act: t("Undo"),
      onAct: () =>
        this._send("offer.change", { offer: offer.id, list_price: before.list_price }).catch(
          toastProblem,
        ),
    });
  }

  /**
   * Asked once, where the finger is: the same button says what it will do.
   * @param {Offer} offer
   * @param {number} price
   */
  _isMeant(offer, price) {
    if (price >= offer.price.amount * SLIP || this._isSure) return true;
    /** @param {number} amount */
    const sum = (amount) => money({ amount, currency: offer.price.currency });
    this._isSure = true;
    this._part("do").textContent = t("Yes, set %(price)s", { price: sum(price) });
    this._complain(
      t(
        "The price drops from %(now)s to %(next)s for everyone who buys from now on. Set it to %(next)s?",
        { now: sum(offer.price.amount), next: sum(price) },
      ),
    );
    return false;
  }
}
