// Changing a price while live: a sheet with the price as it is, a step up or down or a number of one's
// own. It asks once where the price would fall below half. A price that was wrong is put right from its
// row, by price-correction.js, or here by another one; what was ordered at it is in mispriced-orders.js.

import { money } from "../../../lib/format/format.js";
import { close, open, opening } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { t, text } from "../../../lib/words.js";
import { dearerFlash, spoken } from "../../../lib/format/staff-sentences.js";
import { decimals, minor, SLIP, stepOf, typed } from "../../../lib/forms/prices.js";

export class Prices {
  #send;
  #offers;
  #dialog = document.getElementById("price-sheet");
  #form = this.#dialog.querySelector("form");
  #edited = null;
  #places = 2;
  #isSure = false;
  #sending = null;

  /** `send(type, fields)` as the channel's; `offers()` the bag's offers by id, as they are now;
      `mispriced` the sheet of orders at wrong prices. */
  constructor(send, offers, mispriced) {
    this.#send = send;
    this.#offers = offers;
    const field = this.#form.elements.price;
    for (const button of this.#form.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        const { amount } = this.#offers().get(this.#edited).price;
        const step = stepOf(amount, this.#places) * Number(button.dataset.step);
        field.value = typed(Math.max(1, (minor(field.value, this.#places) || amount) + step), this.#places);
        this.#draw();
      });
    }
    this.#form.addEventListener("input", () => this.#draw());
    this.#part("list").addEventListener("click", () => {
      close(this.#dialog);
      mispriced.open(this.#offers().get(this.#edited));
    });
    this.#dialog.querySelector("[data-close]").addEventListener("click", () => close(this.#dialog));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** With `isWrong` the present price was a mistake: what is typed is put in its place from its start. */
  open(id, { isWrong = false } = {}) {
    this.#edited = id;
    this.#part("do").removeAttribute("aria-busy");
    this.#form.elements.wrong.checked = isWrong;
    const offer = this.#offers().get(id);
    this.#places = decimals(offer.price.currency);
    this.#form.elements.price.value = typed(offer.price.amount, this.#places);
    this.#form.elements.list_price.value = offer.list_price ? typed(offer.list_price.amount, this.#places) : "";
    this.#part("name").textContent = text(offer.name);
    this.#part("now").textContent = money(offer.price);
    this.#complain("");
    this.#draw();
    open(this.#dialog);
    if (matchMedia("(pointer: fine)").matches) this.#form.elements.price.select();
  }

  #part(name) {
    return this.#dialog.querySelector(`[data-sheet-${name}]`);
  }

  get #isWrong() {
    return this.#form.elements.wrong.checked;
  }

  #draw() {
    this.#isSure = false;
    for (const name of ["usual", "grace"]) this.#part(name).hidden = this.#isWrong;
    this.#part("wrong").hidden = !this.#isWrong;
    const price = minor(this.#form.elements.price.value, this.#places);
    const { currency } = this.#offers().get(this.#edited).price;
    const sum = money({ amount: price || 0, currency });
    this.#part("do").textContent = !(price > 0)
      ? t("Change the price")
      : this.#isWrong
        ? t("Correct it to %(price)s", { price: sum })
        : t("Sell for %(price)s", { price: sum });
  }

  #complain(words) {
    const place = this.#part("problem");
    place.textContent = words;
    place.hidden = !words;
  }

  async #submit() {
    const offer = this.#offers().get(this.#edited);
    const price = minor(this.#form.elements.price.value, this.#places);
    const list = this.#isWrong ? null : minor(this.#form.elements.list_price.value, this.#places);
    if (!(price > 0)) return this.#complain(t("Write a price above zero."));
    if (Number.isNaN(list)) return this.#complain(t("The usual price is no number."));
    if (list !== null && list < price) {
      return this.#complain(t("The usual price must not be lower than the price. Change both, or leave the usual price empty."));
    }
    // The scene changes the offer in place: what undo goes back to is kept first.
    const before = { price: offer.price, list_price: offer.list_price ?? null };
    const change = {};
    const sum = (amount) => ({ amount, currency: offer.price.currency });
    if (price !== before.price.amount) change.price = sum(price);
    if (!this.#isWrong && list !== (before.list_price?.amount ?? null)) change.list_price = list === null ? null : sum(list);
    if (!Object.keys(change).length) return close(this.#dialog);
    if ("price" in change && offer.flash && price <= offer.flash.price.amount) {
      return this.#complain(dearerFlash(offer.flash.price));
    }
    if (!this.#isMeant(offer, price)) return undefined;
    const opened = opening(this.#dialog);
    const isStill = () => opening(this.#dialog) === opened;
    if (this.#sending === opened) return undefined;
    this.#sending = opened;
    this.#part("do").setAttribute("aria-busy", "true");
    try {
      await this.#send(this.#isWrong ? "offer.correct" : "offer.change", { offer: offer.id, ...change });
    } catch (problem) {
      if (isStill()) return this.#complain(spoken(problem));
      return toast(t("%(what)s: %(words)s", { what: text(offer.name), words: spoken(problem) }), { danger: true });
    } finally {
      if (this.#sending === opened) {
        this.#sending = null;
        this.#part("do").removeAttribute("aria-busy");
      }
    }
    if (isStill()) close(this.#dialog);
    // A new price stands in its row, where it is put right; the usual price has no line there.
    if (!("price" in change)) this.#report(offer, before);
    return undefined;
  }

  #report(offer, before) {
    toast(t("The usual price of %(name)s is changed.", { name: text(offer.name) }), {
      act: t("Undo"),
      onAct: () =>
        this.#send("offer.change", { offer: offer.id, list_price: before.list_price }).catch((problem) =>
          toast(spoken(problem), { danger: true }),
        ),
    });
  }

  /** Asked once, where the finger is: the same button says what it will do. */
  #isMeant(offer, price) {
    if (price >= offer.price.amount * SLIP || this.#isSure) return true;
    const sum = (amount) => money({ amount, currency: offer.price.currency });
    this.#isSure = true;
    this.#part("do").textContent = t("Yes, %(price)s is meant", { price: sum(price) });
    this.#complain(t("The price falls from %(now)s to %(then)s for everyone who buys from now on. Is that meant?", { now: sum(offer.price.amount), then: sum(price) }));
    return false;
  }
}
