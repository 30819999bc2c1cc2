// Flash batches in the bag: so many boxes of an offer at a price of their own, for some minutes. What is
// planned stands in its row; while it runs the row counts down and ends it, asking once, or at once where
// its price was wrong. How one is planned is in flash-sheet.js, what was ordered at a wrong price in
// mispriced-orders.js.

import { say } from "../../../lib/ui/dom.js";
import { count, duration, money } from "../../../lib/format/format.js";
import { now } from "../../../lib/channel/server-clock.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t, text } from "../../../lib/words.js";
import { FlashSheet, whenWords } from "./flash-sheet.js";
import { together } from "../../../lib/format/staff-sentences.js";
import { drawParts, leftWords } from "../../../lib/state/stock-parts.js";

/** Who pressed in the last moment is still served: the server ends a flash so much later. */
const GRACE_MS = 2_000;
const MINUTE_MS = 60_000;
const ENDED_SECONDS = 120;
/** For so long its row asks whether the price of one was wrong; later that is said by the price's sheet. */
const WRONG_SECONDS = 15 * 60;

/** What of a running flash is sold, held and left: held by the orders that hold its boxes. */
function sliceOf({ id, boxes }, kept, held) {
  const taken = held
    .flatMap(({ lines }) => lines ?? [])
    .filter((line) => line.flash === id)
    .reduce((sum, line) => sum + line.quantity, 0);
  const left = Math.min(boxes, Math.max(0, kept));
  return {
    released: boxes,
    left,
    held: Math.min(taken, boxes - left),
    sold: Math.max(0, boxes - left - taken),
  };
}

/** What is held may come back: then it is not sold out. */
const leftOf = ({ left, held }) => (left || !held ? leftWords(left) : t("%(n)s left", { n: 0 }));

export class Flashes {
  /** `send(type, fields)` as the channel's, null for a moderator, who only sees what runs; `scene` is
      what is so; `notes` tell how a flash went. */
  constructor(send, scene, notes) {
    this._asked = new Set();
    this._send = send;
    this._scene = scene;
    this._notes = notes;
    this._sheet = send && new FlashSheet(send, scene);
  }

  /** Opens the sheet for a flash of an offer. */
  open(id) {
    this._sheet.open(id);
  }

  /** The open sheet follows what happens. */
  follow() {
    this._sheet?.follow();
  }

  /** How a flash went stays in its row for a while. Before the scene takes the event in.
      @param {import("../../../lib/state/events").LiveEvent} event */
  hear({ kind, data }) {
    const offer = this._scene.offers.get(data.offer);
    if (!offer) return;
    if (kind === "flash.ended") this._tellEnd(offer, data);
    if (kind === "flash.started") this._tellStart(offer, data);
    if (kind === "flash.corrected") this._notes.drop(offer.id, "flash");
  }

  /** A planned flash may get fewer boxes than it was planned with: its lot gives no more. */
  _tellStart(offer, { boxes }) {
    const planned = offer.flash?.state === "planned" ? offer.flash.boxes : boxes;
    if (boxes >= planned) {
      this._notes.drop(offer.id, "flash");
      return;
    }
    this._notes.put(offer.id, "flash", {
      icon: "flash",
      kind: "kumquat",
      words: t("The flash batch has %(n)s instead of %(planned)s: lot %(code)s has no more.", {
        n: count(boxes),
        planned: count(planned),
        code: offer.lot.code,
      }),
      close: () => this._notes.drop(offer.id, "flash"),
    });
  }

  _tellEnd(offer, { flash, sold, why }) {
    const running = offer.flash?.state === "running" ? offer.flash : null;
    if ((!running && !sold) || why === "wrong") return;
    const values = { n: count(sold), boxes: running ? count(running.boxes) : "" };
    const how = running
      ? t("Flash batch over: %(n)s of %(boxes)s sold.", values)
      : t("Flash batch over: %(n)s sold.", values);
    const cause =
      {
        sold_out: t("Sold out."),
        broadcast: t("The broadcast ended."),
        stopped: t("Its lot is stopped."),
      }[why] ?? "";
    const drop = () => this._notes.drop(offer.id, "flash");
    const isHeld = [...this._scene.orders.values()].some(
      ({ state, lines }) => state === "held" && lines?.some((line) => line.flash === flash),
    );
    const acts =
      this._send && (sold || isHeld)
        ? [
            {
              words: t("Price was wrong"),
              run: () => this._putRight(flash),
              name: text(offer.name),
            },
          ]
        : [];
    this._notes.put(
      offer.id,
      "flash",
      {
        icon: "flash",
        words: together([how, cause].filter(Boolean)),
        acts,
        close: drop,
        newsUntil: now() + ENDED_SECONDS * 1_000,
      },
      { seconds: acts.length ? WRONG_SECONDS : ENDED_SECONDS },
    );
  }

  /** At once, since buyers come by the second; what came of it is told in the row. */
  _putRight(flash) {
    return this._send("flash.end", { flash, wrong: true }).catch(toastProblem);
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
    // Its time may come before the broadcast does: then it starts with it.
    const waits =
      flash.starts_at <= now() ? t("as soon as you are on air") : whenWords(flash.starts_at);
    set("clock", isRunning ? duration(ends) : waits);
    place
      .querySelector("[data-flash-clock]")
      .classList.toggle("is-soon", isRunning && ends < MINUTE_MS / 2);
    const slice = isRunning ? sliceOf(flash, offer.kept ?? 0, held) : null;
    const bar = place.querySelector(".parts");
    bar.hidden = !slice;
    if (slice) drawParts(bar, slice);
    set("left", slice ? leftOf(slice) : t("%(n)s boxes", { n: count(flash.boxes) }), isRunning);
    set(
      "sold",
      slice
        ? t("%(n)s sold", { n: count(slice.sold) })
        : t("%(n)s min", { n: Math.round((flash.ends_at - flash.starts_at) / MINUTE_MS) }),
    );
    set("held", slice?.held ? t("%(n)s held", { n: count(slice.held) }) : "");
    set("limit", flash.per_buyer ? t("%(n)s per buyer", { n: count(flash.per_buyer) }) : "");
    if (this._send) this._drawEnd(place, offer, slice, ends);
  }

  /** The button that ends it, which turns into its own question, and the one that asks nothing. */
  _drawEnd(place, offer, slice, ends) {
    const { flash } = offer;
    const isAsked = this._asked.has(flash.id);
    const name = text(offer.name);
    const end = place.querySelector("[data-flash-end]");
    say(end, slice ? t("End") : t("Cancel"));
    end.setAttribute(
      "aria-label",
      slice
        ? t("End the flash batch of %(name)s", { name })
        : t("Cancel the flash batch of %(name)s", { name }),
    );
    end.hidden = isAsked;
    end.disabled = slice !== null && ends < -GRACE_MS;
    end.onclick = () => {
      if (!slice) return this._callOff(offer, flash);
      this._asked.add(flash.id);
      this._notes.dispatchEvent(new Event("change"));
      return undefined;
    };
    const wrong = place.querySelector("[data-flash-wrong]");
    wrong.setAttribute("aria-label", t("The flash price of %(name)s was wrong", { name }));
    wrong.hidden = isAsked || slice === null;
    wrong.onclick = () => this._putRight(flash.id);
    const question = place.querySelector("[data-flash-question]");
    question.hidden = !isAsked;
    if (!isAsked) return;
    say(
      question.querySelector("p"),
      slice?.left
        ? n(
            "End it now? %(n)s box goes back to %(price)s.",
            "End it now? %(n)s boxes go back to %(price)s.",
            slice.left,
            { n: count(slice.left), price: money(offer.price) },
          )
        : t("End it now?"),
    );
    const [yes, no] = question.querySelectorAll("button");
    const drop = () => {
      this._asked.delete(flash.id);
      this._notes.dispatchEvent(new Event("change"));
    };
    yes.onclick = () => {
      drop();
      this._send("flash.end", { flash: flash.id }).catch(toastProblem);
    };
    no.onclick = drop;
  }

  /** A flash that only was planned goes without a question, and comes back by one tap. */
  async _callOff(offer, flash) {
    try {
      await this._send("flash.end", { flash: flash.id });
    } catch (problem) {
      toastProblem(problem);
      return;
    }
    toast(t("The flash batch of %(name)s is cancelled.", { name: text(offer.name) }), {
      act: t("Undo"),
      onAct: () => this._planAgain(offer.id, flash),
    });
  }

  _planAgain(offer, { price, boxes, per_buyer: perBuyer, starts_at: starts, ends_at: ends }) {
    const plan = {
      offer,
      price,
      boxes,
      seconds: Math.round((ends - starts) / 1_000),
      starts_at: starts,
    };
    if (perBuyer) plan.per_buyer = perBuyer;
    this._send("flash.plan", plan).catch(toastProblem);
  }
}
