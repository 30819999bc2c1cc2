// The sheet in which a flash batch is planned: filled in so that one more tap starts it, and saying
// beforehand what becomes of the stock.

import { say } from "../../../lib/ui/dom.js";
import { clock, count, day, decimals, kilograms, money } from "../../../lib/format/format.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { now } from "../../../lib/channel/server-clock.js";
import { close, open, opening } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t, text } from "../../../lib/words.js";
import { gives } from "../../../lib/state/lot-balance.js";
import { momentOf, wallTime } from "../../../lib/forms/wall-time.js";
import { spoken, together } from "../../../lib/format/staff-sentences.js";
import { parts } from "../../../lib/state/stock-parts.js";
import { minor, SLIP, stepOf, typed } from "../../../lib/forms/prices.js";

const MINUTE_MS = 60_000;
/** So many times what was proposed, and more is likelier a slip than meant. */
const FAR = 5;

/** A price that is worth a flash: about an eighth below, with the ending of the present one. */
export function proposedPrice(amount, places) {
  const unit = amount >= 10 * 10 ** places ? 10 ** places : Math.max(1, 10 ** places / 10);
  const wanted = Math.floor(amount * 0.88);
  const ending = amount % unit;
  const proposed = Math.floor((wanted - ending) / unit) * unit + ending;
  return proposed > 0 && proposed < amount ? proposed : Math.max(1, wanted);
}

/** How many boxes: one for every tenth viewer, all that are waited for, no more than the lot gives. */
export function proposedBoxes({ viewers, waiting, left, most }) {
  const wanted = Math.max(waiting, Math.min(50, Math.max(10, Math.round(viewers / 50) * 5)));
  // Where about so many are left, all of them go: a rest of two sells to nobody.
  const whole = left > wanted && left <= wanted * 1.3 ? left : wanted;
  return Math.max(1, Math.min(whole, most ?? whole));
}

/** What becomes of the stock: `{boxes, fromLeft, released, rest, lotRest}`, `lotRest` null if unknown. */
export function outcome(boxes, left, most) {
  const got = most === null ? boxes : Math.min(boxes, most);
  const fromLeft = Math.min(got, left);
  return {
    boxes: got,
    fromLeft,
    released: got - fromLeft,
    rest: left - fromLeft,
    lotRest: most === null ? null : most - got,
  };
}

/** Whether a flash with that outcome is asked for once more: more than was proposed, it releases all
    that its lot gives, or far more. */
export function isVast({ boxes, released, lotRest }, proposed) {
  return released > 0 && boxes > proposed && (lotRest === 0 || boxes > proposed * FAR);
}

/** The next moment on a round five minutes that is at least so many minutes away. */
function roundMoment(ms, minutes) {
  const step = 5 * MINUTE_MS;
  return Math.ceil((ms + minutes * MINUTE_MS) / step) * step;
}

/** A moment of today as 20:30, of another day with its day. */
export function whenWords(ms) {
  return day(ms) === day(now()) ? clock(ms) : `${day(ms)} ${clock(ms)}`;
}

export class FlashSheet {
  /** `send(type, fields, onLost)` as commands.js makes it; `scene` is what is so. */
  constructor(send, scene) {
    this._dialog = document.getElementById("flash-sheet");
    this._form = this._dialog.querySelector("form");
    this._edited = null;
    this._places = 2;
    this._proposed = 1;
    /** What was asked and may be answered by one more press: "price", "boxes". */
    this._asked = new Set();
    this._planning = null;
    this._send = send;
    this._scene = scene;
    const { price, boxes } = this._form.elements;
    for (const button of this._form.querySelectorAll("[data-price-step]")) {
      button.addEventListener("click", () => {
        const { amount } = this._offer.price;
        const step = stepOf(amount, this._places) * Number(button.dataset.priceStep);
        price.value = typed(
          Math.max(1, (minor(price.value, this._places) || amount) + step),
          this._places,
        );
        this._drawSheet();
      });
    }
    for (const button of this._form.querySelectorAll("[data-boxes-step]")) {
      button.addEventListener("click", () => {
        boxes.value = String(Math.max(1, (this._boxes() ?? 0) + Number(button.dataset.boxesStep)));
        this._drawSheet();
      });
    }
    this._form.addEventListener("input", () => this._drawSheet());
    this._dialog.querySelector("[data-close]").addEventListener("click", () => close(this._dialog));
    this._form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit();
    });
  }

  get _offer() {
    return this._scene.offers.get(this._edited);
  }

  /** The sheet, filled in so that one more tap starts the flash. */
  open(id) {
    this._edited = id;
    this._part("do").removeAttribute("aria-busy");
    const offer = this._offer;
    const isLive = this._scene.broadcast.state === "live";
    const { left } = parts(offer);
    this._places = decimals(offer.price.currency);
    const last = recall("flash") ?? {};
    const { elements } = this._form;
    elements.price.value = typed(proposedPrice(offer.price.amount, this._places), this._places);
    const proposal = {
      viewers: this._scene.audience.viewers,
      waiting: offer.waiting ?? 0,
      left,
      most: this._most(),
    };
    this._proposed = proposedBoxes(proposal);
    elements.boxes.value = String(this._proposed);
    elements.minutes.value = String(last.minutes ?? 5);
    elements.per_buyer.value = String(last.per_buyer ?? 2);
    elements.when.value = isLive ? "now" : "at";
    for (const choice of elements.when) choice.disabled = !isLive && choice.value !== "at";
    const begin = isLive
      ? now()
      : Math.max(now(), Date.parse(this._scene.broadcast.starts_at) || 0);
    elements.at.value = wallTime(roundMoment(begin, isLive ? 10 : 15));
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

  _part(name) {
    return this._dialog.querySelector(`[data-sheet-${name}]`);
  }

  _most() {
    return gives(this._offer, this._scene.offers.values());
  }

  _boxes() {
    const value = this._form.elements.boxes.value.trim();
    return /^[1-9]\d{0,5}$/.test(value) ? Number(value) : null;
  }

  /** What becomes of the stock, with so many boxes. */
  _outcome(boxes) {
    return outcome(boxes, parts(this._offer).left, this._most());
  }

  /** When it starts, in milliseconds, or null for at once; NaN where the field is no time. */
  _start() {
    const { when, at } = this._form.elements;
    if (when.value === "now") return null;
    if (when.value === "at") return momentOf(at.value);
    return Math.round(now() + Number(when.value) * MINUTE_MS);
  }

  _drawSheet() {
    const offer = this._offer;
    const { elements } = this._form;
    const price = minor(elements.price.value, this._places);
    this._asked.clear();
    this._part("at").hidden = elements.when.value !== "at";
    this._part("off").textContent =
      price > 0 && price < offer.price.amount
        ? t("%(share)s off", { share: `${Math.round(100 - (price / offer.price.amount) * 100)}%` })
        : "";
    this._drawOutcome();
    this._drawDo();
  }

  /** The button says what can be had: where the lot gives fewer, no more than that. */
  _drawDo() {
    const price = minor(this._form.elements.price.value, this._places);
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
    place.classList.toggle("is-short", boxes > (this._most() ?? Infinity));
  }

  /** What will be taken from what is left, what is released of the lot, and what that still gives. */
  _outcomeWords(boxes) {
    const offer = this._offer;
    const { left } = parts(offer);
    const will = this._outcome(boxes);
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

  _money(amount) {
    return money({ amount, currency: this._offer.price.currency });
  }

  /** Asked once, where the finger is: the same button says what it will do. */
  _ask(what, question, yes) {
    this._asked.add(what);
    this._part("do").textContent = yes;
    this._complain(question);
  }

  /** What a flash takes that is so much more than was proposed, in words. */
  _vastWords({ boxes, released, lotRest }) {
    const offer = this._offer;
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

  _complain(words) {
    const place = this._part("problem");
    place.textContent = words;
    place.hidden = !words;
    if (words) place.scrollIntoView({ block: "nearest" });
  }

  async _submit() {
    const offer = this._offer;
    const { elements } = this._form;
    const price = minor(elements.price.value, this._places);
    const boxes = this._boxes();
    const start = this._start();
    if (!(price > 0)) return this._complain(t("Enter a price above zero."));
    if (price >= offer.price.amount)
      return this._complain(t("A flash price must be lower than the current price."));
    if (!boxes) return this._complain(t("Enter a whole number from 1 up."));
    if (Number.isNaN(start)) return this._complain(t("Choose when it starts."));
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
    const minutes = Number(elements.minutes.value);
    const perBuyer = Number(elements.per_buyer.value);
    remember("flash", { minutes, per_buyer: perBuyer });
    // Of a lot that gives nothing the server says so.
    const sum = { amount: price, currency: offer.price.currency };
    const plan = { offer: offer.id, price: sum, boxes: will.boxes || boxes, seconds: minutes * 60 };
    if (perBuyer) plan.per_buyer = perBuyer;
    if (start !== null) plan.starts_at = start;
    const button = this._part("do");
    const opened = opening(this._dialog);
    const isStill = () => opening(this._dialog) === opened;
    if (this._planning === opened) return undefined;
    this._planning = opened;
    button.setAttribute("aria-busy", "true");
    const tell = (words, danger) => {
      if (isStill()) this._complain(words);
      else toast(words, { danger });
    };
    try {
      await this._send("flash.plan", plan, () =>
        tell(t("No answer yet. It is sent again automatically and planned only once."), false),
      );
    } catch (problem) {
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
