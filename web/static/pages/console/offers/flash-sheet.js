// The sheet in which a flash batch is planned: filled in so that one more tap starts it, and saying
// beforehand what becomes of the stock.

import { Problem } from "../../../lib/channel/api.js";
import { choose, field, find, findAll, findDialog, say, valueIn } from "../../../lib/ui/dom.js";
import { count, decimals, kilograms, money } from "../../../lib/format/format.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { now } from "../../../lib/channel/server-clock.js";
import { close, open, opening } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, page, t, text } from "../../../lib/words.js";
import { gives } from "../../../lib/state/lot-balance.js";
import { momentOf, wallTime } from "../../../lib/forms/wall-time.js";
import { spoken, together } from "../../../lib/format/staff-sentences.js";
import { parts } from "../../../lib/state/stock-parts.js";
import {
  isVast,
  outcome,
  proposedBoxes,
  proposedPrice,
  roundMoment,
  whenWords,
} from "./flash-plan.js";
import { minor, SLIP, stepOf, typed } from "../../../lib/forms/prices.js";

/** @typedef {ReturnType<typeof outcome>} Outcome */

const MINUTE_MS = 60_000;

export class FlashSheet {
  /**
   * `send(type, fields, onLost)` as commands.js makes it; `scene` is what is so.
   * @param {import("../types").Send} send
   * @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene
   */
  constructor(send, scene) {
    this._dialog = findDialog(document, "#flash-sheet");
    this._form = find(this._dialog, "form", HTMLFormElement);
    this._price = field(this._form, "price");
    this._number = field(this._form, "boxes");
    this._at = field(this._form, "at");
    this._edited = "";
    this._places = 2;
    this._proposed = 1;
    /** @type {Set<"price" | "boxes">} what was asked and may be answered by one more press */
    this._asked = new Set();
    /** @type {object | null | undefined} the opening of the sheet for which it is planned */
    this._planning = null;
    this._send = send;
    this._scene = scene;
    const price = this._price;
    const boxes = this._number;
    for (const button of findAll(this._form, "[data-price-step]")) {
      button.addEventListener("click", () => {
        const amount = this._offer?.price.amount ?? 0;
        const step = stepOf(amount, this._places) * Number(button.dataset.priceStep);
        price.value = typed(
          Math.max(1, (minor(price.value, this._places) || amount) + step),
          this._places,
        );
        this._drawSheet();
      });
    }
    for (const button of findAll(this._form, "[data-boxes-step]")) {
      button.addEventListener("click", () => {
        boxes.value = String(Math.max(1, (this._boxes() ?? 0) + Number(button.dataset.boxesStep)));
        this._drawSheet();
      });
    }
    this._form.addEventListener("input", () => this._drawSheet());
    find(this._dialog, "[data-close]").addEventListener("click", () => close(this._dialog));
    this._form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit();
    });
  }

  get _offer() {
    return this._scene.offers.get(this._edited);
  }

  /**
   * The sheet, filled in so that one more tap starts the flash.
   * @param {string} id
   */
  open(id) {
    this._edited = id;
    const offer = this._offer;
    if (!offer) return;
    this._part("do").removeAttribute("aria-busy");
    const { broadcast } = this._scene;
    const isLive = broadcast?.state === "live";
    const { left } = parts(offer);
    this._places = decimals(offer.price.currency);
    const last = recall("flash") ?? {};
    this._price.value = typed(proposedPrice(offer.price.amount, this._places), this._places);
    const proposal = {
      viewers: this._scene.audience.viewers,
      waiting: offer.waiting ?? 0,
      left,
      most: this._most(),
    };
    this._proposed = proposedBoxes(proposal);
    this._number.value = String(this._proposed);
    choose(this._form, "minutes", String(last.minutes ?? 5));
    choose(this._form, "per_buyer", String(last.per_buyer ?? 2));
    choose(this._form, "when", isLive ? "now" : "at");
    for (const choice of findAll(this._form, '[name="when"]', HTMLInputElement))
      choice.disabled = !isLive && choice.value !== "at";
    const begin = isLive ? now() : Math.max(now(), Date.parse(broadcast?.starts_at ?? "") || 0);
    this._at.value = wallTime(roundMoment(begin, isLive ? 10 : 15));
    this._part("name").textContent = t("Flash batch: %(name)s", { name: text(offer.name) });
    this._part("now").textContent = money(offer.price);
    this._part("currency").textContent = offer.price.currency;
    this._part("scheduled").hidden = isLive;
    this._complain("");
    this._drawSheet();
    open(this._dialog);
  }

  /** What the open sheet says of the stock follows what happens meanwhile. */
  follow() {
    if (!this._dialog.open) return;
    this._drawOutcome();
    if (!this._asked.size) this._drawDo();
  }

  /** @param {string} name */
  _part(name) {
    return find(this._dialog, `[data-sheet-${name}]`);
  }

  _most() {
    const offer = this._offer;
    return offer ? gives(offer, this._scene.offers.values()) : null;
  }

  _boxes() {
    const value = this._number.value.trim();
    return /^[1-9]\d{0,5}$/.test(value) ? Number(value) : null;
  }

  /**
   * What becomes of the stock, with so many boxes.
   * @param {number} boxes
   */
  _outcome(boxes) {
    const offer = this._offer;
    return outcome(boxes, offer ? parts(offer).left : 0, this._most());
  }

  /** When it starts, in milliseconds, or null for at once; NaN where the field is no time. */
  _start() {
    const when = valueIn(this._form, "when");
    const at = this._at.value;
    if (when === "now") return null;
    if (when === "at") return momentOf(at);
    return Math.round(now() + Number(when) * MINUTE_MS);
  }

  _drawSheet() {
    const offer = this._offer;
    if (!offer) return;
    const price = minor(this._price.value, this._places) ?? 0;
    this._asked.clear();
    this._part("at").hidden = valueIn(this._form, "when") !== "at";
    this._part("off").textContent =
      price > 0 && price < offer.price.amount
        ? t("%(share)s off", { share: `${Math.round(100 - (price / offer.price.amount) * 100)}%` })
        : "";
    this._drawOutcome();
    this._drawDo();
  }

  /** The button says what can be had: where the lot gives fewer, no more than that. */
  _drawDo() {
    const price = minor(this._price.value, this._places) ?? 0;
    const boxes = this._outcome(this._boxes() ?? 0).boxes;
    const start = this._start();
    const values = { n: count(boxes), price: this._money(price) };
    this._part("do").textContent =
      !boxes || !(price > 0)
        ? t("Start the flash batch")
        : start === null
          ? t("Start now: %(n)s at %(price)s", values)
          : Number.isNaN(start)
            ? t("Plan the flash batch")
            : t("Plan it for %(time)s: %(n)s at %(price)s", { time: whenWords(start), ...values });
  }

  _drawOutcome() {
    const boxes = this._boxes();
    const place = this._part("outcome");
    say(place, boxes ? this._outcomeWords(boxes) : "");
    place.classList.toggle("is-short", (boxes ?? 0) > (this._most() ?? Infinity));
  }

  /**
   * What will be taken from what is left, what is released of the lot, and what that still gives.
   * @param {number} boxes
   */
  _outcomeWords(boxes) {
    const offer = this._offer;
    if (!offer) return "";
    const { left } = parts(offer);
    const will = this._outcome(boxes);
    /** @type {string[]} */
    const lines = [];
    const { code } = offer.lot;
    if (will.boxes < boxes)
      lines.push(
        n(
          "Lot %(code)s has only %(n)s box left for the flash batch.",
          "Lot %(code)s has only %(n)s boxes left for the flash batch.",
          will.boxes,
          { code, n: count(will.boxes) },
        ),
      );
    if (will.released && will.fromLeft) {
      lines.push(
        t("It takes the %(left)s left and releases %(n)s more from lot %(code)s.", {
          left: count(will.fromLeft),
          n: count(will.released),
          code,
        }),
      );
    } else if (will.released)
      lines.push(t("%(n)s will be released from lot %(code)s.", { n: count(will.released), code }));
    else if (will.rest)
      lines.push(
        t("It takes them from the %(left)s left; %(n)s stay at %(price)s.", {
          left: count(left),
          n: count(will.rest),
          price: money(offer.price),
        }),
      );
    else if (will.boxes) lines.push(t("It takes all the boxes left."));
    if (will.lotRest !== null) {
      lines.push(
        t("The lot then has enough for %(n)s more (%(weight)s).", {
          n: count(will.lotRest),
          weight: kilograms(will.lotRest * offer.net_weight_g),
        }),
      );
    }
    return together(lines);
  }

  /** @param {number} amount */
  _money(amount) {
    return money({ amount, currency: this._offer?.price.currency ?? page.currency ?? "CNY" });
  }

  /**
   * Asked once, where the finger is: the same button says what it will do.
   * @param {"price" | "boxes"} what
   * @param {string} question
   * @param {string} yes
   */
  _ask(what, question, yes) {
    this._asked.add(what);
    this._part("do").textContent = yes;
    this._complain(question);
  }

  /**
   * What a flash takes that is so much more than was proposed, in words.
   * @param {Outcome} outcome
   */
  _vastWords({ boxes, released, lotRest }) {
    const offer = this._offer;
    if (!offer) return "";
    const values = {
      n: count(released),
      weight: kilograms(released * offer.net_weight_g),
      code: offer.lot.code,
      boxes: count(boxes),
      proposed: count(this._proposed),
    };
    return lotRest === 0
      ? t(
          "A flash batch of %(boxes)s instead of the suggested %(proposed)s releases all that is left of lot %(code)s: %(n)s more (%(weight)s). Start it with %(boxes)s?",
          values,
        )
      : t(
          "A flash batch of %(boxes)s instead of the suggested %(proposed)s releases %(n)s more from lot %(code)s (%(weight)s). Start it with %(boxes)s?",
          values,
        );
  }

  /** @param {string} words */
  _complain(words) {
    const place = this._part("problem");
    place.textContent = words;
    place.hidden = !words;
    if (words) place.scrollIntoView({ block: "nearest" });
  }

  async _submit() {
    const offer = this._offer;
    if (!offer) return undefined;
    const price = minor(this._price.value, this._places) ?? 0;
    const boxes = this._boxes();
    const start = this._start();
    if (!(price > 0)) return this._complain(t("Enter a price above zero."));
    if (price >= offer.price.amount)
      return this._complain(t("A flash price must be lower than the current price."));
    if (!boxes) return this._complain(t("Enter a whole number from 1 up."));
    if (start !== null && Number.isNaN(start)) return this._complain(t("Choose when it starts."));
    if (start !== null && start <= now())
      return this._complain(t("That time has passed. Choose a later one, or start it now."));
    if (price < offer.price.amount * SLIP && !this._asked.has("price")) {
      const said = { price: this._money(price), now: money(offer.price) };
      return this._ask(
        "price",
        t("%(price)s is less than half of %(now)s. Set the price to %(price)s?", said),
        t("Yes, set %(price)s", said),
      );
    }
    const will = this._outcome(boxes);
    if (isVast(will, this._proposed) && !this._asked.has("boxes")) {
      return this._ask("boxes", this._vastWords(will), t("Yes, %(n)s", { n: count(will.boxes) }));
    }
    const minutes = Number(valueIn(this._form, "minutes"));
    const perBuyer = Number(valueIn(this._form, "per_buyer"));
    remember("flash", { minutes, per_buyer: perBuyer });
    // Of a lot that gives nothing the server says so.
    const sum = { amount: price, currency: offer.price.currency };
    const plan = {
      offer: offer.id,
      price: sum,
      boxes: will.boxes || boxes,
      seconds: minutes * 60,
      ...(perBuyer ? { per_buyer: perBuyer } : {}),
      ...(start === null ? {} : { starts_at: start }),
    };
    const button = this._part("do");
    const opened = opening(this._dialog);
    const isStill = () => opening(this._dialog) === opened;
    if (this._planning === opened) return undefined;
    this._planning = opened;
    button.setAttribute("aria-busy", "true");
    /**
     * @param {string} words
     * @param {boolean} danger
     */
    const tell = (words, danger) => {
      if (isStill()) this._complain(words);
      else toast(words, { danger });
    };
    try {
      await this._send("flash.plan", plan, () =>
        tell(t("No answer yet. It is sent again automatically and planned only once."), false),
      );
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      return tell(spoken(problem), true);
    } finally {
      if (this._planning === opened) {
        this._planning = null;
        button.removeAttribute("aria-busy");
      }
    }
    if (isStill()) close(this._dialog);
    return undefined;
  }
}
