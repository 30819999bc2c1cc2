// Flash batches: so many boxes of an offer at a price of their own, for some minutes. A sheet with good
// proposals starts one now or plans it; while it runs its row counts down and ends it, asking once.

import { clock, count, day, duration, kilograms, money } from "../common/format.js";
import { say } from "../common/dom.js";
import { recall, remember } from "../common/memory.js";
import { now } from "../common/now.js";
import { close, open } from "../common/sheet.js";
import { toast } from "../common/toast.js";
import { n, t, text } from "../common/words.js";
import { gives } from "./balance.js";
import { local } from "./forms.js";
import { spoken, together } from "./sentences.js";
import { drawParts, leftWords, parts } from "./stock.js";
import { decimals, minor, SLIP, stepOf, typed } from "./sums.js";

/** Who pressed in the last moment is still served: the server ends a flash so much later. */
const GRACE_MS = 2_000;
const MINUTE_MS = 60_000;
const ENDED_SECONDS = 120;

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
  const wanted = Math.min(50, Math.max(10, Math.round(viewers / 50) * 5, waiting));
  // Where about so many are left, all of them go: a rest of two sells to nobody.
  const whole = left > wanted && left <= wanted * 1.3 ? left : wanted;
  return Math.max(1, Math.min(whole, most ?? whole));
}

/** What becomes of the stock: `{boxes, fromLeft, released, rest, lotRest}`, `lotRest` null if unknown. */
export function outcome(boxes, left, most) {
  const got = most === null ? boxes : Math.min(boxes, most);
  const fromLeft = Math.min(got, left);
  return { boxes: got, fromLeft, released: got - fromLeft, rest: left - fromLeft, lotRest: most === null ? null : most - got };
}

/** The next moment on a round five minutes that is at least so many minutes away. */
export function roundMoment(ms, minutes) {
  const step = 5 * MINUTE_MS;
  return Math.ceil((ms + minutes * MINUTE_MS) / step) * step;
}

/** What of a running flash is sold, held and left: held by the orders that hold its boxes. */
export function sliceOf({ flash, boxes }, kept, held) {
  const taken = held
    .flatMap(({ lines }) => lines ?? [])
    .filter((line) => line.flash === flash)
    .reduce((sum, line) => sum + line.quantity, 0);
  const left = Math.min(boxes, Math.max(0, kept));
  return { released: boxes, left, held: Math.min(taken, boxes - left), sold: Math.max(0, boxes - left - taken) };
}

const fail = (problem) => toast(spoken(problem), { danger: true });

export class Flashes {
  #send;
  #scene;
  #notes;
  #dialog = document.getElementById("flash-sheet");
  #form = this.#dialog.querySelector("form");
  #edited = null;
  #places = 2;
  #isSure = false;
  #asked = new Set();

  /** `send(type, fields)` as the channel's; `scene` is what is so; `notes` tell how a flash ended. */
  constructor(send, scene, notes) {
    this.#send = send;
    this.#scene = scene;
    this.#notes = notes;
    const { price, boxes } = this.#form.elements;
    for (const button of this.#form.querySelectorAll("[data-price-step]")) {
      button.addEventListener("click", () => {
        const { amount } = this.#offer.price;
        const step = stepOf(amount, this.#places) * Number(button.dataset.priceStep);
        price.value = typed(Math.max(1, (minor(price.value, this.#places) || amount) + step), this.#places);
        this.#drawSheet();
      });
    }
    for (const button of this.#form.querySelectorAll("[data-boxes-step]")) {
      button.addEventListener("click", () => {
        boxes.value = String(Math.max(1, (this.#boxes() ?? 0) + Number(button.dataset.boxesStep)));
        this.#drawSheet();
      });
    }
    this.#form.addEventListener("input", () => this.#drawSheet());
    this.#dialog.querySelector("[data-close]").addEventListener("click", () => close(this.#dialog));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  get #offer() {
    return this.#scene.offers.get(this.#edited);
  }

  /** The sheet, filled in so that one more tap starts the flash. */
  open(id) {
    this.#edited = id;
    const offer = this.#offer;
    const isLive = this.#scene.broadcast.state === "live";
    const { left } = parts(offer);
    this.#places = decimals(offer.price.currency);
    const last = recall("flash") ?? {};
    const { elements } = this.#form;
    elements.price.value = typed(proposedPrice(offer.price.amount, this.#places), this.#places);
    const proposal = { viewers: this.#scene.audience.viewers, waiting: offer.waiting ?? 0, left, most: this.#most() };
    elements.boxes.value = String(proposedBoxes(proposal));
    elements.minutes.value = String(last.minutes ?? 5);
    elements.per_buyer.value = String(last.per_buyer ?? 2);
    elements.when.value = isLive ? "now" : "at";
    for (const choice of elements.when) choice.disabled = !isLive && choice.value !== "at";
    const begin = isLive ? now() : Math.max(now(), Date.parse(this.#scene.broadcast.starts_at) || 0);
    elements.at.value = local(new Date(roundMoment(begin, isLive ? 10 : 15)));
    this.#part("name").textContent = t("Flash: %(name)s", { name: text(offer.name) });
    this.#part("now").textContent = money(offer.price);
    this.#part("currency").textContent = offer.price.currency;
    this.#part("scheduled").hidden = isLive;
    this.#complain("");
    this.#drawSheet();
    open(this.#dialog);
  }

  #part(name) {
    return this.#dialog.querySelector(`[data-sheet-${name}]`);
  }

  #most() {
    return gives(this.#offer, this.#scene.offers.values());
  }

  #boxes() {
    const value = this.#form.elements.boxes.value.trim();
    return /^[1-9]\d{0,5}$/.test(value) ? Number(value) : null;
  }

  /** When it starts, in milliseconds, or null for at once; NaN where the field is no time. */
  #start() {
    const { when, at } = this.#form.elements;
    if (when.value === "now") return null;
    if (when.value === "at") return at.value ? new Date(at.value).getTime() : NaN;
    return Math.round(now() + Number(when.value) * MINUTE_MS);
  }

  #drawSheet() {
    const offer = this.#offer;
    const { elements } = this.#form;
    const price = minor(elements.price.value, this.#places);
    const boxes = this.#boxes();
    const start = this.#start();
    this.#isSure = false;
    this.#part("at").hidden = elements.when.value !== "at";
    this.#part("off").textContent =
      price > 0 && price < offer.price.amount ? t("%(share)s less", { share: `${Math.round(100 - (price / offer.price.amount) * 100)}%` }) : "";
    this.#part("outcome").textContent = boxes ? this.#outcomeWords(boxes) : "";
    this.#part("outcome").classList.toggle("is-short", boxes > (this.#most() ?? Infinity));
    this.#part("do").textContent =
      !boxes || !(price > 0)
        ? t("Start the flash")
        : start === null
          ? t("Start now: %(n)s at %(price)s", { n: count(boxes), price: this.#money(price) })
          : Number.isNaN(start)
            ? t("Plan the flash")
            : t("Plan it for %(time)s: %(n)s at %(price)s", { time: whenWords(start), n: count(boxes), price: this.#money(price) });
  }

  /** What will be taken from what is left, what is released of the lot, and what that still gives. */
  #outcomeWords(boxes) {
    const offer = this.#offer;
    const most = this.#most();
    const { left } = parts(offer);
    const will = outcome(boxes, left, most);
    const lines = [];
    const { code } = offer.lot;
    if (will.boxes < boxes) lines.push(n("Lot %(code)s gives %(n)s box only: the flash gets no more.", "Lot %(code)s gives %(n)s boxes only: the flash gets no more.", will.boxes, { code, n: count(will.boxes) }));
    if (will.released && will.fromLeft) {
      lines.push(t("It takes the %(left)s that are left, and %(n)s more are released from lot %(code)s.", { left: count(will.fromLeft), n: count(will.released), code }));
    } else if (will.released) lines.push(t("%(n)s are released from lot %(code)s.", { n: count(will.released), code }));
    else if (will.rest) lines.push(t("It takes them from the %(left)s that are left; %(n)s stay at %(price)s.", { left: count(left), n: count(will.rest), price: money(offer.price) }));
    else if (will.boxes) lines.push(t("It takes all that are left."));
    if (will.lotRest !== null) {
      lines.push(t("After that the lot still gives %(n)s (%(weight)s).", { n: count(will.lotRest), weight: kilograms(will.lotRest * offer.net_weight_g) }));
    }
    return together(lines);
  }

  #money(amount) {
    return money({ amount, currency: this.#offer.price.currency });
  }

  #complain(words) {
    const place = this.#part("problem");
    place.textContent = words;
    place.hidden = !words;
    if (words) place.scrollIntoView({ block: "nearest" });
  }

  async #submit() {
    const offer = this.#offer;
    const { elements } = this.#form;
    const price = minor(elements.price.value, this.#places);
    const boxes = this.#boxes();
    const start = this.#start();
    if (!(price > 0)) return this.#complain(t("Write a price above zero."));
    if (price >= offer.price.amount) return this.#complain(t("A flash costs less than now: write a lower price."));
    if (!boxes) return this.#complain(t("Write a whole number from 1 on."));
    if (Number.isNaN(start)) return this.#complain(t("Choose when it starts."));
    if (start !== null && start <= now()) return this.#complain(t("That time has passed. Choose a later one, or start it now."));
    if (price < offer.price.amount * SLIP && !this.#isSure) {
      // Asked once, where the finger is: the same button says what it will do.
      this.#isSure = true;
      this.#part("do").textContent = t("Yes, %(price)s is meant", { price: this.#money(price) });
      return this.#complain(t("%(price)s is less than half of %(now)s. Is that meant?", { price: this.#money(price), now: money(offer.price) }));
    }
    const minutes = Number(elements.minutes.value);
    const perBuyer = Number(elements.per_buyer.value);
    remember("flash", { minutes, per_buyer: perBuyer });
    const plan = { offer: offer.offer, price, boxes, seconds: minutes * 60 };
    if (perBuyer) plan.per_buyer = perBuyer;
    if (start !== null) plan.starts_at = start;
    const button = this.#part("do");
    if (button.getAttribute("aria-busy") === "true") return undefined;
    button.setAttribute("aria-busy", "true");
    try {
      await this.#send("flash.plan", plan);
    } catch (problem) {
      return this.#complain(spoken(problem));
    } finally {
      button.removeAttribute("aria-busy");
    }
    this.#notes.drop(offer.offer, "flash");
    close(this.#dialog);
    return undefined;
  }

  /** How a flash went stays in its row for a while. Before the scene takes the event in. */
  hear({ kind, data }) {
    const offer = this.#scene.offers.get(data.offer);
    if (!offer) return;
    if (kind === "flash.ended") this.#tellEnd(offer, data);
    if (kind === "flash.started") this.#notes.drop(data.offer, "flash");
  }

  #tellEnd(offer, { sold, why }) {
    const running = offer.flash?.state === "running" ? offer.flash : null;
    if (!running && !sold) return;
    const values = { n: count(sold), boxes: running ? count(running.boxes) : "" };
    const how = running ? t("Flash over: %(n)s of %(boxes)s sold.", values) : t("Flash over: %(n)s sold.", values);
    const cause = { sold_out: t("Sold out."), broadcast: t("The broadcast ended.") }[why] ?? "";
    const drop = () => this.#notes.drop(offer.offer, "flash");
    this.#notes.put(
      offer.offer,
      "flash",
      { icon: "flash", words: together([how, cause].filter(Boolean)), close: drop },
      { seconds: ENDED_SECONDS },
    );
  }

  /** Draws what runs or is planned of an offer into a `.flash` of its row or of the hand. */
  draw(place, offer, held) {
    const { flash } = offer;
    place.hidden = !flash || flash.state === "ended";
    if (place.hidden) return;
    const isRunning = flash.state === "running";
    const set = (key, words, tick) => say(place.querySelector(`[data-flash-${key}]`), words, tick);
    place.classList.toggle("is-planned", !isRunning);
    set("price", money(flash.price));
    const ends = flash.ends_at - now();
    set("clock", isRunning ? duration(ends) : whenWords(flash.starts_at));
    place.querySelector("[data-flash-clock]").classList.toggle("is-soon", isRunning && ends < MINUTE_MS / 2);
    const slice = isRunning ? sliceOf(flash, offer.kept ?? 0, held) : null;
    const bar = place.querySelector(".parts");
    bar.hidden = !slice;
    if (slice) drawParts(bar, slice);
    set("left", slice ? leftWords(slice.left) : t("%(n)s boxes", { n: count(flash.boxes) }), isRunning);
    set("sold", slice ? t("%(n)s sold", { n: count(slice.sold) }) : t("%(n)s min", { n: Math.round((flash.ends_at - flash.starts_at) / MINUTE_MS) }));
    set("held", slice?.held ? t("%(n)s held", { n: count(slice.held) }) : "");
    set("limit", flash.per_buyer ? t("%(n)s a buyer", { n: count(flash.per_buyer) }) : "");
    this.#drawEnd(place, offer, slice, ends);
  }

  /** The one button, which turns into its own question. */
  #drawEnd(place, offer, slice, ends) {
    const { flash } = offer;
    const isAsked = this.#asked.has(flash.flash);
    const name = text(offer.name);
    const end = place.querySelector("[data-flash-end]");
    say(end, slice ? t("End") : t("Call off"));
    end.setAttribute("aria-label", slice ? t("End the flash of %(name)s", { name }) : t("Call off the flash of %(name)s", { name }));
    end.hidden = isAsked;
    end.disabled = slice !== null && ends < -GRACE_MS;
    end.onclick = () => {
      if (!slice) return this.#callOff(offer, flash);
      this.#asked.add(flash.flash);
      this.#notes.dispatchEvent(new Event("change"));
      return undefined;
    };
    const question = place.querySelector("[data-flash-question]");
    question.hidden = !isAsked;
    if (!isAsked) return;
    say(
      question.querySelector("p"),
      slice?.left
        ? n("End it now? %(n)s box goes back to %(price)s.", "End it now? %(n)s boxes go back to %(price)s.", slice.left, { n: count(slice.left), price: money(offer.price) })
        : t("End it now?"),
    );
    const [yes, no] = question.querySelectorAll("button");
    const drop = () => {
      this.#asked.delete(flash.flash);
      this.#notes.dispatchEvent(new Event("change"));
    };
    yes.onclick = () => {
      drop();
      this.#send("flash.end", { flash: flash.flash }).catch(fail);
    };
    no.onclick = drop;
  }

  /** A flash that only was planned goes without a question, and comes back by one tap. */
  async #callOff(offer, flash) {
    try {
      await this.#send("flash.end", { flash: flash.flash });
    } catch (problem) {
      fail(problem);
      return;
    }
    toast(t("The flash of %(name)s is called off.", { name: text(offer.name) }), {
      act: t("Undo"),
      onAct: () => this.#planAgain(offer.offer, flash),
    });
  }

  #planAgain(offer, { price, boxes, per_buyer: perBuyer, starts_at: starts, ends_at: ends }) {
    const plan = { offer, price: price.amount, boxes, seconds: Math.round((ends - starts) / 1_000), starts_at: starts };
    if (perBuyer) plan.per_buyer = perBuyer;
    this.#send("flash.plan", plan).catch(fail);
  }
}

/** A moment of today as 20:30, of another day with its day. */
function whenWords(ms) {
  return day(ms) === day(now()) ? clock(ms) : `${day(ms)} ${clock(ms)}`;
}
