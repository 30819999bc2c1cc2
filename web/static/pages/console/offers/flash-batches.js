// Flash batches in the bag: so many boxes of an offer at a price of their own, for some minutes. What is
// planned stands in its row; while it runs the row counts down and ends it, asking once, or at once where
// its price was wrong. How one is planned is in flash-sheet.js, what was ordered at a wrong price in
// mispriced-orders.js.

import { find, say } from "../../../lib/ui/dom.js";
import { count, duration, money } from "../../../lib/format/format.js";
import { now } from "../../../lib/channel/server-clock.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t, text } from "../../../lib/words.js";
import { whenWords } from "./flash-plan.js";
import { FlashSheet } from "./flash-sheet.js";
import { together } from "../../../lib/format/staff-sentences.js";
import { drawParts, leftWords } from "../../../lib/state/stock-parts.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../../../lib/state/scene").LiveOrder} LiveOrder */
/** @typedef {import("../../../lib/state/flash-batch.js").Flash} Flash */
/** @typedef {ReturnType<typeof sliceOf>} Slice */

/** Who pressed in the last moment is still served: the server ends a flash so much later. */
const GRACE_MS = 2_000;
const MINUTE_MS = 60_000;
const ENDED_SECONDS = 120;
/** For so long its row asks whether the price of one was wrong; later that is said by the price's sheet. */
const WRONG_SECONDS = 15 * 60;

/**
 * What of a running flash is sold, held and left: held by the orders that hold its boxes.
 * @param {Pick<Flash, "id" | "boxes">} flash
 * @param {number} kept
 * @param {Pick<LiveOrder, "lines">[]} held
 */
export function sliceOf({ id, boxes }, kept, held) {
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

/**
 * What is held may come back: then it is not sold out.
 * @param {{ left: number, held: number }} slice
 */
const leftOf = ({ left, held }) => (left || !held ? leftWords(left) : t("%(n)s left", { n: 0 }));

export class Flashes {
  /**
   * `send(type, fields)` as the channel's, null for a moderator, who only sees what runs; `scene` is
   * what is so; `notes` tell how a flash went.
   * @param {import("../types").Send | null} send
   * @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene
   * @param {import("./offer-notices.js").OfferNotices} notes
   */
  constructor(send, scene, notes) {
    /** @type {Set<string>} the batches that are asked about before they end */
    this._asked = new Set();
    this._send = send;
    this._scene = scene;
    this._notes = notes;
    this._sheet = send && new FlashSheet(send, scene);
  }

  /**
   * Opens the sheet for a flash of an offer.
   * @param {string} id
   */
  open(id) {
    this._sheet?.open(id);
  }

  /** The open sheet follows what happens. */
  follow() {
    this._sheet?.follow();
  }

  /** How a flash went stays in its row for a while. Before the scene takes the event in.
      @param {import("../../../lib/state/events").LiveEvent} event */
  hear({ kind, data }) {
    if (kind !== "flash.ended" && kind !== "flash.started" && kind !== "flash.corrected") return;
    const offer = this._scene.offers.get(data.offer);
    if (!offer) return;
    if (kind === "flash.ended") this._tellEnd(offer, data);
    if (kind === "flash.started") this._tellStart(offer, data);
    if (kind === "flash.corrected") this._notes.drop(offer.id, "flash");
  }

  /**
   * A planned flash may get fewer boxes than it was planned with: its lot gives no more.
   * @param {Offer} offer
   * @param {import("../../../lib/state/events").FlashStarted} event
   */
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

  /**
   * @param {Offer} offer
   * @param {import("../../../lib/state/events").FlashEnded} event
   */
  _tellEnd(offer, { flash, sold, why }) {
    const running = offer.flash?.state === "running" ? offer.flash : null;
    if ((!running && !sold) || why === "wrong") return;
    const values = { n: count(sold), boxes: running ? count(running.boxes) : "" };
    const how = running
      ? t("Flash batch over: %(n)s of %(boxes)s sold.", values)
      : t("Flash batch over: %(n)s sold.", values);
    /** @type {Partial<Record<typeof why, string>>} */
    const causes = {
      sold_out: t("Sold out."),
      broadcast: t("The broadcast ended."),
      stopped: t("Its lot is stopped."),
    };
    const cause = causes[why] ?? "";
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

  /**
   * At once, since buyers come by the second; what came of it is told in the row.
   * @param {string} flash
   */
  _putRight(flash) {
    return this._send?.("flash.end", { flash, wrong: true }).catch(toastProblem);
  }

  /**
   * Draws what runs or is planned of an offer into a `.flash` of its row or of the hand.
   * @param {HTMLElement} place
   * @param {Offer} offer
   * @param {LiveOrder[]} held
   */
  draw(place, offer, held) {
    const { flash } = offer;
    place.hidden = !flash;
    if (!flash) return;
    const isRunning = flash.state === "running";
    /**
     * @param {string} key
     * @param {string} words
     */
    const set = (key, words, tick = false) => say(find(place, `[data-flash-${key}]`), words, tick);
    place.classList.toggle("is-planned", !isRunning);
    set("price", money(flash.price));
    const ends = flash.ends_at - now();
    // Its time may come before the broadcast does: then it starts with it.
    const waits =
      flash.starts_at <= now() ? t("as soon as you are on air") : whenWords(flash.starts_at);
    set("clock", isRunning ? duration(ends) : waits);
    find(place, "[data-flash-clock]").classList.toggle(
      "is-soon",
      isRunning && ends < MINUTE_MS / 2,
    );
    const slice = isRunning ? sliceOf(flash, offer.kept ?? 0, held) : null;
    const bar = find(place, ".parts");
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
    if (this._send) this._drawEnd(place, offer, flash, { slice, ends });
  }

  /**
   * The button that ends it, which turns into its own question, and the one that asks nothing.
   * @param {HTMLElement} place
   * @param {Offer} offer
   * @param {Flash} flash
   * @param {{ slice: Slice | null, ends: number }} state `slice` while it runs, `ends` in so many milliseconds
   */
  _drawEnd(place, offer, flash, { slice, ends }) {
    const isAsked = this._asked.has(flash.id);
    const name = text(offer.name);
    const end = find(place, "[data-flash-end]", HTMLButtonElement);
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
    const wrong = find(place, "[data-flash-wrong]");
    wrong.setAttribute("aria-label", t("The flash price of %(name)s was wrong", { name }));
    wrong.hidden = isAsked || slice === null;
    wrong.onclick = () => this._putRight(flash.id);
    const question = find(place, "[data-flash-question]");
    question.hidden = !isAsked;
    if (!isAsked) return;
    say(
      find(question, "p"),
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
      this._send?.("flash.end", { flash: flash.id }).catch(toastProblem);
    };
    no.onclick = drop;
  }

  /**
   * A flash that only was planned goes without a question, and comes back by one tap.
   * @param {Offer} offer
   * @param {Flash} flash
   */
  async _callOff(offer, flash) {
    try {
      await this._send?.("flash.end", { flash: flash.id });
    } catch (problem) {
      toastProblem(problem);
      return;
    }
    toast(t("The flash batch of %(name)s is cancelled.", { name: text(offer.name) }), {
      act: t("Undo"),
      onAct: () => this._planAgain(offer.id, flash),
    });
  }

  /**
   * @param {string} offer
   * @param {Flash} flash
   */
  _planAgain(offer, { price, boxes, per_buyer: perBuyer, starts_at: starts, ends_at: ends }) {
    this._send?.("flash.plan", {
      offer,
      price,
      boxes,
      seconds: Math.round((ends - starts) / 1_000),
      starts_at: starts,
      ...(perBuyer ? { per_buyer: perBuyer } : {}),
    }).catch(toastProblem);
  }
}
