// Changing a price while live: a sheet with the price as it is, a step up or down or a number of one's
// own. It asks once where the price would fall below half, and can be undone within ten seconds.

import { money } from "../common/format.js";
import { close, open } from "../common/sheet.js";
import { toast } from "../common/toast.js";
import { t, text } from "../common/words.js";
import { ask } from "./ask.js";
import { spoken } from "./sentences.js";
import { decimals } from "./stock.js";

/** Below this part of the present price a new one is more likely a slip than an offer. */
const SLIP = 0.5;

/** How far one tap goes, in minor units: about a thirtieth of the price, a round sum. */
export function stepOf(amount, places) {
  const unit = 10 ** places;
  const steps = [0.1, 0.5, 1, 5, 10, 50, 100].map((major) => Math.max(1, Math.round(major * unit)));
  return steps.findLast((step) => step * 20 <= amount) ?? steps[0];
}

export class Prices {
  #send;
  #offers;
  #dialog = document.getElementById("price-sheet");
  #form = this.#dialog.querySelector("form");
  #edited = null;
  #places = 2;

  constructor(send, offers) {
    this.#send = send;
    this.#offers = offers;
    const field = this.#form.elements.price;
    for (const button of this.#form.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        const { amount } = this.#offers().get(this.#edited).price;
        const step = stepOf(amount, this.#places) * Number(button.dataset.step);
        field.value = this.#typed(Math.max(1, (this.#minor(field) || amount) + step));
        this.#draw();
      });
    }
    field.addEventListener("input", () => this.#draw());
    this.#dialog.querySelector("[data-close]").addEventListener("click", () => close(this.#dialog));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  open(id) {
    this.#edited = id;
    const offer = this.#offers().get(id);
    this.#places = decimals(offer.price.currency);
    this.#form.elements.price.value = this.#typed(offer.price.amount);
    this.#form.elements.list_price.value = offer.list_price ? this.#typed(offer.list_price.amount) : "";
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

  #typed(minor) {
    return (minor / 10 ** this.#places).toFixed(this.#places);
  }

  /** Minor units of what was typed; NaN for what is no price, null for nothing. */
  #minor(field) {
    const typed = field.value.trim().replace(",", ".").replace(/^[¥￥]/, "");
    if (typed === "") return null;
    return /^\d+(\.\d*)?$/.test(typed) ? Math.round(Number(typed) * 10 ** this.#places) : NaN;
  }

  #draw() {
    const price = this.#minor(this.#form.elements.price);
    const { currency } = this.#offers().get(this.#edited).price;
    this.#part("do").textContent =
      price > 0 ? t("Sell for %(price)s", { price: money({ amount: price, currency }) }) : t("Change the price");
  }

  #complain(words) {
    const place = this.#part("problem");
    place.textContent = words;
    place.hidden = !words;
  }

  async #submit() {
    const offer = this.#offers().get(this.#edited);
    const price = this.#minor(this.#form.elements.price);
    const list = this.#minor(this.#form.elements.list_price);
    if (!(price > 0)) return this.#complain(t("Write a price above zero."));
    if (Number.isNaN(list)) return this.#complain(t("The usual price is no number."));
    if (list !== null && list < price) {
      return this.#complain(t("The usual price must not be lower than the price. Change both, or leave the usual price empty."));
    }
    // The scene changes the offer in place: what undo goes back to is kept first.
    const before = { price: offer.price.amount, list_price: offer.list_price?.amount ?? null };
    const change = {};
    if (price !== before.price) change.price = price;
    if (list !== before.list_price) change.list_price = list;
    if (!Object.keys(change).length) return close(this.#dialog);
    if (!(await this.#isMeant(offer, price))) return undefined;
    try {
      await this.#send("offer.change", { offer: offer.offer, ...change });
    } catch (problem) {
      return this.#complain(spoken(problem));
    }
    close(this.#dialog);
    this.#report(offer, before, change);
    return undefined;
  }

  #report(offer, before, change) {
    const name = text(offer.name);
    const price = money({ amount: change.price ?? before.price, currency: offer.price.currency });
    const back = Object.fromEntries(Object.keys(change).map((key) => [key, before[key]]));
    toast(
      "price" in change
        ? t("%(name)s costs %(price)s now.", { name, price })
        : t("The usual price of %(name)s is changed.", { name }),
      { act: t("Undo the price"), onAct: () => this.#undo(offer, back) },
    );
  }

  async #undo(offer, back) {
    try {
      await this.#send("offer.change", { offer: offer.offer, ...back });
    } catch (problem) {
      toast(spoken(problem), { danger: true });
    }
  }

  async #isMeant(offer, price) {
    if (price >= offer.price.amount * SLIP) return true;
    const sum = (amount) => money({ amount, currency: offer.price.currency });
    return ask({
      title: t("Is that meant?"),
      words: t("The price falls from %(now)s to %(then)s for everyone who buys from now on.", {
        now: sum(offer.price.amount),
        then: sum(price),
      }),
      yes: t("Yes, do it"),
    });
  }
}
