// The bar at the top of the console: on air or not and for how long, who watches, what was sold, what
// is pinned, how the signal is; and the two acts of a broadcast's life, Start and End, which a
// moderator's bar lacks as it does the sales.

import { find, findOptional, say } from "../../lib/ui/dom.js";
import { count, duration, money } from "../../lib/format/format.js";
import { now } from "../../lib/channel/server-clock.js";
import { toastProblem } from "../../lib/ui/problem-toast.js";
import { n, page, t, text } from "../../lib/words.js";
import { isStopped } from "../../lib/state/broadcast-state.js";
import { get, post } from "../../lib/channel/staff-api.js";
import { askToConfirm } from "../../lib/ui/confirm.js";
import { bars, levelName } from "./cameras/stream-health.js";
import { together } from "../../lib/format/staff-sentences.js";

/** @typedef {import("../../lib/state/events").Money} Money */

/** The review adds up all orders; between two looks at it, new ones are added here. */
const SALES_MS = 5_000;

export class BroadcastBar {
  /**
   * `takeDown()` takes away the card that is on the screen.
   * @param {string} broadcast
   * @param {() => void} takeDown
   */
  constructor(broadcast, takeDown) {
    this._bar = find(document, "[data-bar]");
    this._missing = find(document, "[data-missing]");
    /** @type {import("../../lib/state/broadcast-state.js").BroadcastState | null} */
    this._scene = null;
    this._hasPicture = false;
    /** @type {Set<string>} the orders that are in the sum */
    this._counted = new Set();
    /** @type {Money | null} */
    this._gross = null;
    /** @type {Money | null} */
    this._simulated = null;
    /** @type {number | null} */
    this._salesTimer = null;
    /** A moderator has neither. */
    this._starts = findOptional(this._bar, "[data-start]", HTMLButtonElement);
    this._ends = findOptional(this._bar, "[data-end]", HTMLButtonElement);
    this._broadcast = broadcast;
    this._part("take-down").addEventListener("click", takeDown);
    this._starts?.addEventListener("click", () => this._start());
    this._ends?.addEventListener("click", () => this._end());
    setInterval(() => this._tick(), 1_000);
  }

  /** @param {import("../../lib/state/broadcast-state.js").BroadcastState} scene */
  draw(scene) {
    this._scene = scene;
    const phase = scene.broadcast?.state ?? "scheduled";
    this._bar.dataset.state = phase;
    document.body.dataset.state = phase;
    const air = this._part("air");
    air.classList.toggle("badge--live", phase === "live");
    say(air, phase === "live" ? t("On air") : phase === "ended" ? t("Ended") : t("Not on air"));
    say(this._part("viewers"), phase === "ended" ? "–" : count(scene.audience.viewers), true);
    say(this._part("pinned"), scene.card ? text(scene.card.name) : t("nothing"));
    this._part("pinned").classList.toggle("soft", !scene.card);
    const stopped = scene.card !== null && isStopped(scene.card) && phase !== "ended";
    this._part("pinned").closest(".console-bar__figure")?.classList.toggle("is-stopped", stopped);
    this._bar.classList.toggle("has-stopped", stopped);
    for (const name of ["pinned-stopped", "take-down"]) this._part(name).hidden = !stopped;
    this._drawActs(phase);
    this._tick();
  }

  /** @param {string} phase */
  _drawActs(phase) {
    if (!this._starts || !this._ends) return;
    this._starts.hidden = phase !== "scheduled";
    this._ends.hidden = phase !== "live";
    this._part("review").hidden = phase !== "ended";
    this._addOrders(this._scene?.orders.values() ?? []);
    this._drawMissing();
  }

  /**
   * `level` of what is on air or would be, by stream-health.js.
   * @param {import("./types").Level} level
   * @param {boolean} hasPicture
   */
  drawSignal(level, hasPicture) {
    this._hasPicture = hasPicture;
    const signal = this._part("signal");
    signal
      .closest(".console-bar__figure")
      ?.toggleAttribute("hidden", this._scene?.broadcast?.state === "ended");
    signal.dataset.bars = String(bars(level));
    signal.dataset.level = level;
    say(this._part("signal-words"), levelName(level));
    this._drawMissing();
  }

  /**
   * `less` are those whose links carry less than all; null where there are none.
   * @param {import("./types").LessThanAll | null} less
   */
  drawLess(less) {
    const number = less?.link ?? 0;
    const part = this._part("viewers-less");
    say(part, number ? n("%(n)s gets less", "%(n)s get less", number, { n: count(number) }) : "");
    part.hidden = !number;
  }

  /** @param {string} name */
  _part(name) {
    return find(this._bar, `[data-${name}]`);
  }

  _drawMissing() {
    const phase = this._scene?.broadcast?.state;
    /** @type {string[]} */
    const lines = [];
    if (phase === "scheduled" && !this._hasPicture) {
      lines.push(
        t("You need a picture before you can start: use this device's camera, or connect OBS."),
      );
    } else if (phase === "scheduled") {
      lines.push(t("Your picture is ready and nobody sees it yet. “Start” shows it to everyone."));
      if (!this._scene?.offers.size) lines.push(t("The bag is still empty."));
    } else if (phase === "ended")
      lines.push(t("This broadcast has ended. Nothing more happens in it."));
    if (this._starts) this._starts.disabled = !this._hasPicture;
    say(this._missing, together(lines));
    this._missing.hidden = lines.length === 0;
  }

  _tick() {
    const { started_at: from, ended_at: to, state } = this._scene?.broadcast ?? {};
    const end = state === "ended" ? Date.parse(to ?? "") : now();
    say(this._part("elapsed"), from && end ? duration(end - Date.parse(from)) : "");
  }

  /** @param {Iterable<import("../../lib/state/scene").LiveOrder>} orders */
  _addOrders(orders) {
    let isNew = false;
    for (const order of orders) {
      // A hold is no sale yet.
      if (this._counted.has(order.id) || !order.number) continue;
      this._counted.add(order.id);
      isNew = true;
      // What is sold are goods; a parcel's fee is none.
      if (this._gross) this._gross.amount += (order.total?.amount ?? 0) - (order.fee?.amount ?? 0);
    }
    this._drawSales();
    if (isNew || this._gross === null) this._askSales();
  }

  _drawSales() {
    if (!this._gross) return;
    say(this._part("sales"), money(this._gross), true);
    const pretended = this._simulated?.amount ?? 0;
    const sum = this._simulated ? money(this._simulated) : "";
    const isAll = pretended >= this._gross.amount;
    say(
      this._part("sales-note"),
      !pretended ? "" : isAll ? t("simulated") : t("of which %(sum)s simulated", { sum }),
    );
  }

  _askSales() {
    if (this._salesTimer !== null) return;
    this._salesTimer = setTimeout(
      async () => {
        try {
          /** @type {import("../../lib/state/api").Report} */
          const report = await get(`/api/v1/broadcasts/${this._broadcast}/review`);
          const { gross, simulated } = report;
          this._gross = { ...gross, currency: gross.currency ?? page.currency ?? "CNY" };
          const { amount, currency } = simulated.gross;
          if (currency) this._simulated = { amount, currency };
          this._drawSales();
        } catch {
          // The next order asks again.
        }
        this._salesTimer = null;
      },
      this._gross ? SALES_MS : 0,
    );
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {"start" | "end"} verb
   */
  async _act(button, verb) {
    button.setAttribute("aria-busy", "true");
    try {
      return await post(`/api/v1/broadcasts/${this._broadcast}/${verb}`);
    } catch (problem) {
      toastProblem(problem);
      return null;
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  async _start() {
    const button = this._starts;
    if (button && button.getAttribute("aria-busy") !== "true") await this._act(button, "start");
  }

  async _end() {
    const viewers = this._scene?.audience.viewers ?? 0;
    const isMeant = await askToConfirm({
      title: t("End the broadcast?"),
      words: together([
        n("%(n)s person is watching.", "%(n)s people are watching.", viewers, {
          n: count(viewers),
        }),
        t(
          "The picture stops for everyone and nothing more can be ordered. Orders stay. It can't be started again.",
        ),
      ]),
      yes: t("Yes, end it"),
    });
    if (isMeant && this._ends) await this._act(this._ends, "end");
  }
}
