// Releasing stock: one tap lets so many more be sold, and within ten seconds they can be taken back.
// The sheet says what the lot still gives; what it does not give is refused, in the offer's row, with
// what to do instead.

import { Problem } from "../../../lib/channel/api.js";
import { field, find, findAll, findDialog } from "../../../lib/ui/dom.js";
import { count } from "../../../lib/format/format.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t, text } from "../../../lib/words.js";
import { balanceOf, drawBalance, releasable, spentWords } from "../../../lib/state/lot-balance.js";
import { spoken, together } from "../../../lib/format/staff-sentences.js";
import { leftWords, parts } from "../../../lib/state/stock-parts.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */

const PROPOSED = 20;

/**
 * How many more it takes to serve all who wait, as the lot gives them.
 * @param {Pick<Offer, "waiting" | "left">} offer
 * @param {number | null} most
 */
export function neededMore({ waiting = 0, left }, most) {
  const needed = Math.max(0, waiting - Math.max(0, left));
  return most === null ? needed : Math.min(needed, most);
}

/**
 * In a tab of its own: this one may be the camera that is on air.
 * @param {Offer} offer
 */
function recordHarvest({ lot }) {
  window.open(`/studio/farms/${lot.farm.id}/harvest`, "_blank", "noopener");
}

export class Releases {
  /**
   * `send(type, fields, onLost)` as commands.js makes it; `offers()` the bag's offers by id, as they are now; `notes`
   * tell in a row what was refused.
   * @param {import("../types").Send} send
   * @param {import("../types").Offers} offers
   * @param {import("./offer-notices.js").OfferNotices} notes
   */
  constructor(send, offers, notes) {
    this._dialog = findDialog(document, "#release-sheet");
    this._form = find(this._dialog, "form", HTMLFormElement);
    this._field = field(this._form, "quantity");
    this._edited = "";
    /** @type {Set<string>} the releases that are not answered, by offer and number: the same once more is no second one. */
    this._lost = new Set();
    this._send = send;
    this._offers = offers;
    this._notes = notes;
    const place = this._field;
    for (const button of findAll(this._form, "[data-step]")) {
      button.addEventListener("click", () => {
        place.value = String(Math.max(0, (this._number() ?? 0) + Number(button.dataset.step)));
        this._draw();
      });
    }
    place.addEventListener("input", () => this._draw());
    this._part("waited").addEventListener("click", () => {
      const offer = this._offer;
      if (offer) place.value = String(neededMore(offer, this._most()));
      this._draw();
    });
    find(this._dialog, "[data-close]").addEventListener("click", () => close(this._dialog));
    this._form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit();
    });
  }

  /**
   * Lets so many more be sold; a toast takes them back, a note says why it was refused.
   * @param {string} id
   * @param {number} quantity
   */
  async release(id, quantity) {
    const offer = this._offers().get(id);
    const lost = `${id} ${quantity}`;
    if (!offer || this._lost.has(lost)) return;
    try {
      await this._send("offer.release", { offer: id, quantity }, () => {
        this._lost.add(lost);
        this._tellLost(id, lost, quantity);
      });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this._refused(offer, problem);
      return;
    } finally {
      this._lost.delete(lost);
      this._notes.drop(id, lost);
    }
    this._notes.drop(id, "refused");
    toast(
      t("%(n)s more of %(name)s can be bought.", { n: count(quantity), name: text(offer.name) }),
      {
        act: t("Withdraw"),
        onAct: () => this._takeBack(offer, quantity),
      },
    );
  }

  /**
   * @param {string} id
   * @param {string} key
   * @param {number} quantity
   */
  _tellLost(id, key, quantity) {
    const words =
      quantity > 0
        ? t(
            "No answer yet to “%(n)s more”. It is sent again automatically and released only once.",
            {
              n: count(quantity),
            },
          )
        : t(
            "No answer yet to withdrawing %(n)s. It is sent again automatically and done only once.",
            {
              n: count(-quantity),
            },
          );
    this._notes.put(id, key, { icon: "warning", kind: "kumquat", words });
  }

  /**
   * @param {Offer} offer
   * @param {Problem} problem
   */
  _refused(offer, problem) {
    const drop = () => this._notes.drop(offer.id, "refused");
    const name = text(offer.name);
    if (problem.slug !== "lot-spent") {
      this._notes.put(
        offer.id,
        "refused",
        { icon: "warning", kind: "red", words: spoken(problem), close: drop },
        { seconds: 30 },
      );
      return;
    }
    const left = problem.body.left_g ?? 0;
    const most = Math.max(
      0,
      Math.floor(left / offer.net_weight_g) -
        (offer.released - parts(offer).sold - parts(offer).held),
    );
    /** @type {import("../types").NoteAct[]} */
    const acts = [];
    if (most > 0)
      acts.push({
        words: t("Release %(n)s", { n: count(most) }),
        run: () => this.release(offer.id, most),
        name,
      });
    acts.push({ words: t("Record a harvest"), run: () => recordHarvest(offer), name });
    this._notes.put(
      offer.id,
      "refused",
      { icon: "warning", kind: "kumquat", words: spentWords(offer, left, most), acts, close: drop },
      { seconds: 60 },
    );
  }

  get _offer() {
    return this._offers().get(this._edited);
  }

  /** @param {string} name */
  _part(name) {
    return find(this._dialog, `[data-sheet-${name}]`);
  }

  _most() {
    const offer = this._offer;
    return offer ? releasable(offer, this._offers().values()) : null;
  }

  /**
   * The sheet for a number of one's own.
   * @param {string} id
   */
  open(id) {
    this._edited = id;
    const offer = this._offer;
    if (!offer) return;
    this._part("name").textContent = text(offer.name);
    const most = this._most();
    this._field.value = String(neededMore(offer, most) || Math.min(PROPOSED, most || PROPOSED));
    this._complain("");
    this._fill();
    open(this._dialog);
    if (matchMedia("(pointer: fine)").matches) this._field.select();
  }

  /** What stands in the open sheet follows what happens meanwhile. */
  draw() {
    if (this._dialog.open) this._fill();
  }

  _fill() {
    const offer = this._offer;
    if (!offer) return;
    const stock = parts(offer);
    this._part("stock").textContent =
      `${leftWords(stock.left)} · ${t("of %(n)s released", { n: count(stock.released) })}`;
    const waiting = offer.waiting ?? 0;
    const waited = this._part("waited");
    waited.hidden = waiting === 0;
    waited.textContent = n(
      "%(n)s box on the waiting list",
      "%(n)s boxes on the waiting list",
      waiting,
      { n: count(waiting) },
    );
    const balance = balanceOf(offer, this._offers().values());
    this._part("balance").hidden = !balance;
    if (balance) drawBalance(this._part("balance"), balance);
    this._draw();
  }

  async _submit() {
    const quantity = this._number();
    if (quantity === null || quantity < 1)
      return this._complain(t("Enter a whole number from 1 up."));
    close(this._dialog);
    await this.release(this._edited, quantity);
    return undefined;
  }

  /**
   * @param {Offer} offer
   * @param {number} quantity
   */
  async _takeBack(offer, quantity) {
    const lost = `${offer.id} ${-quantity}`;
    try {
      await this._send("offer.release", { offer: offer.id, quantity: -quantity }, () =>
        this._tellLost(offer.id, lost, -quantity),
      );
      toast(t("Withdrawn."));
    } catch (problem) {
      toastProblem(problem);
    } finally {
      this._notes.drop(offer.id, lost);
    }
  }

  _number() {
    const typed = this._field.value.trim();
    return /^\d{1,6}$/.test(typed) ? Number(typed) : null;
  }

  _draw() {
    const offer = this._offer;
    if (!offer) return;
    const number = this._number();
    this._part("do").textContent = number
      ? t("Release %(n)s more", { n: count(number) })
      : t("Release more");
    const most = this._most();
    const lot = this._part("lot");
    const { code } = offer.lot;
    const isShort = most !== null && (number ?? 0) > most;
    lot.classList.toggle("is-short", isShort);
    lot.textContent =
      most === null
        ? ""
        : together(
            [
              most > 0
                ? t("Lot %(code)s has enough for %(n)s more.", { code, n: count(most) })
                : t("Lot %(code)s has no more.", { code }),
              isShort ? t("Release fewer, or first record what has been picked since.") : "",
            ].filter(Boolean),
          );
  }

  /** @param {string} words */
  _complain(words) {
    const place = this._part("problem");
    place.textContent = words;
    place.hidden = !words;
  }
}
