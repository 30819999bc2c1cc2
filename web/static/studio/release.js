// Releasing stock: one tap lets so many more be sold, and within ten seconds they can be taken back.
// It asks once where more would be promised than the lot holds.

import { count, weight } from "../common/format.js";
import { close, open } from "../common/sheet.js";
import { toast } from "../common/toast.js";
import { t, text } from "../common/words.js";
import { ask } from "./ask.js";
import { spoken } from "./sentences.js";
import { leftWords, parts } from "./stock.js";

export class Releases {
  #send;
  #offers;
  #lots = new Map();
  #dialog = document.getElementById("release-sheet");
  #form = this.#dialog.querySelector("form");
  #edited = null;

  /** `send(type, fields)` as the channel's; `offers()` the bag's offers by id, as they are now. */
  constructor(send, offers) {
    this.#send = send;
    this.#offers = offers;
    const field = this.#form.elements.quantity;
    for (const button of this.#form.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        field.value = String(Math.max(0, (this.#number() ?? 0) + Number(button.dataset.step)));
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

  /** What each lot holds in grams. */
  know(lots) {
    this.#lots = new Map(lots.map((lot) => [lot.id, lot.quantity_g]));
  }

  /** Lets so many more be sold; a toast takes them back. Resolves to a Problem where it failed. */
  async release(id, quantity) {
    const offer = this.#offers().get(id);
    if (!(await this.#isMeant(offer, quantity))) return null;
    try {
      await this.#send("offer.release", { offer: id, quantity });
    } catch (problem) {
      toast(spoken(problem), { danger: true });
      return problem;
    }
    toast(t("%(n)s more of %(name)s can be bought.", { n: count(quantity), name: text(offer.name) }), {
      act: t("Take back"),
      onAct: () => this.#takeBack(offer, quantity),
    });
    return null;
  }

  /** The sheet for a number of one's own. */
  open(id) {
    this.#edited = id;
    const offer = this.#offers().get(id);
    const stock = parts(offer);
    const part = (name) => this.#dialog.querySelector(`[data-sheet-${name}]`);
    part("name").textContent = text(offer.name);
    part("stock").textContent = `${leftWords(stock.left)} · ${t("of %(n)s released", { n: count(stock.released) })}`;
    const free = this.#free(offer);
    part("lot").textContent =
      free === null
        ? ""
        : t("Lot %(code)s has enough for %(n)s more.", { code: offer.lot.code, n: count(Math.max(0, free)) });
    this.#form.elements.quantity.value = "20";
    this.#complain("");
    this.#draw();
    open(this.#dialog);
    if (matchMedia("(pointer: fine)").matches) this.#form.elements.quantity.select();
  }

  async #submit() {
    const quantity = this.#number();
    if (quantity === null || quantity < 1) return this.#complain(t("Write a whole number from 1 on."));
    close(this.#dialog);
    await this.release(this.#edited, quantity);
    return undefined;
  }

  async #takeBack(offer, quantity) {
    try {
      await this.#send("offer.release", { offer: offer.offer, quantity: -quantity });
      toast(t("Taken back."));
    } catch (problem) {
      toast(spoken(problem), { danger: true });
    }
  }

  #number() {
    const typed = this.#form.elements.quantity.value.trim();
    return /^\d{1,6}$/.test(typed) ? Number(typed) : null;
  }

  #draw() {
    const n = this.#number();
    this.#dialog.querySelector("[data-sheet-do]").textContent = n
      ? t("Release %(n)s more", { n: count(n) })
      : t("Release more");
  }

  #complain(words) {
    const place = this.#dialog.querySelector("[data-sheet-problem]");
    place.textContent = words;
    place.hidden = !words;
  }

  #holds(offer) {
    return offer.lot.harvested_g ?? this.#lots.get(offer.lot.id) ?? null;
  }

  /** What the bag promises of the offer's lot, in grams. */
  #promised(offer) {
    return [...this.#offers().values()]
      .filter((each) => each.lot.id === offer.lot.id)
      .reduce((grams, each) => grams + each.released * each.net_weight_g, 0);
  }

  #free(offer) {
    const holds = this.#holds(offer);
    return holds && Math.floor((holds - this.#promised(offer)) / offer.net_weight_g);
  }

  async #isMeant(offer, more) {
    const holds = this.#holds(offer);
    const promised = this.#promised(offer) + more * offer.net_weight_g;
    if (!holds || promised <= holds) return true;
    return ask({
      title: t("Is that meant?"),
      words: t("Lot %(code)s holds %(holds)s; this broadcast would promise %(promised)s of it.", {
        code: offer.lot.code,
        holds: weight(holds),
        promised: weight(promised),
      }),
      yes: t("Yes, do it"),
    });
  }
}
