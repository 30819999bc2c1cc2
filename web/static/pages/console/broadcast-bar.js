// The bar at the top of the console: on air or not and for how long, who watches, what was sold, what
// is pinned, how the signal is; and the two acts of a broadcast's life, Start and End, which a
// moderator's bar lacks as it does the sales.

import { say } from "../../lib/ui/dom.js";
import { count, duration, money } from "../../lib/format/format.js";
import { toast } from "../../lib/ui/toast.js";
import { n, page, t, text } from "../../lib/words.js";
import { isStopped } from "../../lib/state/broadcast-state.js";
import { get, post } from "../../lib/channel/staff-api.js";
import { askToConfirm } from "../../lib/ui/confirm.js";
import { bars, levelName } from "./cameras/stream-health.js";
import { spoken, together } from "../../lib/format/staff-sentences.js";

/** The review adds up all orders; between two looks at it, new ones are added here. */
const SALES_MS = 5_000;

export class BroadcastBar {
  #broadcast;
  #bar = document.querySelector("[data-bar]");
  #missing = document.querySelector("[data-missing]");
  #scene = null;
  #hasPicture = false;
  #counted = new Set();
  #gross = null;
  #simulated = null;
  #salesTimer = null;

  /** `takeDown()` takes away the card that is on the screen. */
  constructor(broadcast, takeDown) {
    this.#broadcast = broadcast;
    this.#part("take-down").addEventListener("click", takeDown);
    this.#part("start")?.addEventListener("click", () => this.#start());
    this.#part("end")?.addEventListener("click", () => this.#end());
    setInterval(() => this.#tick(), 1_000);
  }

  draw(scene) {
    this.#scene = scene;
    const phase = scene.broadcast.state;
    this.#bar.dataset.state = phase;
    const air = this.#part("air");
    air.classList.toggle("badge--live", phase === "live");
    say(air, phase === "live" ? t("On air") : phase === "ended" ? t("Ended") : t("Not on air"));
    say(this.#part("viewers"), phase === "ended" ? "–" : count(scene.audience.viewers), true);
    say(this.#part("pinned"), scene.card ? text(scene.card.name) : t("nothing"));
    this.#part("pinned").classList.toggle("soft", !scene.card);
    const stopped = scene.card !== null && isStopped(scene.card) && phase !== "ended";
    this.#part("pinned").closest(".console-bar__figure").classList.toggle("is-stopped", stopped);
    for (const name of ["pinned-stopped", "take-down"]) this.#part(name).hidden = !stopped;
    if (this.#part("start")) this.#drawActs(phase);
    this.#tick();
  }

  #drawActs(phase) {
    this.#part("start").hidden = phase !== "scheduled";
    this.#part("end").hidden = phase !== "live";
    this.#part("review").hidden = phase !== "ended";
    this.#addOrders(this.#scene.orders.values());
    this.#drawMissing();
  }

  /** `level` of what is on air or would be, by stream-health.js. */
  drawSignal(level, hasPicture) {
    this.#hasPicture = hasPicture;
    this.#part("signal").closest(".console-bar__figure").hidden = this.#scene?.broadcast.state === "ended";
    const signal = this.#part("signal");
    signal.dataset.bars = String(bars(level));
    signal.dataset.level = level;
    say(this.#part("signal-words"), levelName(level));
    this.#drawMissing();
  }

  /** `less` are those whose links carry less than all; null where there are none. */
  drawLess(less) {
    const number = less?.link ?? 0;
    const part = this.#part("viewers-less");
    say(part, number ? n("%(n)s gets less", "%(n)s get less", number, { n: count(number) }) : "");
    part.hidden = !number;
  }

  #part(name) {
    return this.#bar.querySelector(`[data-${name}]`);
  }

  #drawMissing() {
    const phase = this.#scene?.broadcast.state;
    const lines = [];
    if (phase === "scheduled" && !this.#hasPicture) {
      lines.push(t("Before you can start, a picture is needed: use this device's camera, or connect OBS."));
    } else if (phase === "scheduled") {
      lines.push(t("Your picture is ready and nobody sees it yet. Start shows it to everyone."));
      if (!this.#scene.offers.size) lines.push(t("The bag is still empty."));
    } else if (phase === "ended") lines.push(t("This broadcast has ended. Nothing more happens in it."));
    this.#part("start").disabled = !this.#hasPicture;
    say(this.#missing, together(lines));
    this.#missing.hidden = lines.length === 0;
  }

  #tick() {
    const { started_at: from, ended_at: to, state } = this.#scene?.broadcast ?? {};
    const end = state === "ended" ? Date.parse(to) : Date.now();
    say(this.#part("elapsed"), from && end ? duration(end - Date.parse(from)) : "");
  }

  #addOrders(orders) {
    let isNew = false;
    for (const order of orders) {
      // A hold is no sale yet.
      if (this.#counted.has(order.id) || !order.number) continue;
      this.#counted.add(order.id);
      isNew = true;
      // What is sold are goods; a parcel's fee is none.
      if (this.#gross) this.#gross.amount += order.total.amount - (order.fee?.amount ?? 0);
    }
    this.#drawSales();
    if (isNew || this.#gross === null) this.#askSales();
  }

  #drawSales() {
    if (!this.#gross) return;
    say(this.#part("sales"), money(this.#gross), true);
    const pretended = this.#simulated?.amount ?? 0;
    const sum = pretended && money(this.#simulated);
    const isAll = pretended >= this.#gross.amount;
    say(
      this.#part("sales-note"),
      !pretended ? "" : isAll ? t("simulated") : t("of which %(sum)s simulated", { sum }),
    );
  }

  #askSales() {
    this.#salesTimer ??= setTimeout(
      async () => {
        try {
          const report = await get(`/api/v1/broadcasts/${this.#broadcast}/review`);
          const { gross, simulated } = report;
          this.#gross = { ...gross, currency: gross.currency ?? page.currency };
          if (simulated.gross.currency) this.#simulated = simulated.gross;
          this.#drawSales();
        } catch {
          // The next order asks again.
        }
        this.#salesTimer = null;
      },
      this.#gross ? SALES_MS : 0,
    );
  }

  async #act(button, verb) {
    button.setAttribute("aria-busy", "true");
    try {
      return await post(`/api/v1/broadcasts/${this.#broadcast}/${verb}`);
    } catch (problem) {
      toast(spoken(problem), { danger: true });
      return null;
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  async #start() {
    const button = this.#part("start");
    if (button.getAttribute("aria-busy") !== "true") await this.#act(button, "start");
  }

  async #end() {
    const { viewers } = this.#scene.audience;
    const isMeant = await askToConfirm({
      title: t("End the broadcast?"),
      words: together([
        n("%(n)s person is watching.", "%(n)s people are watching.", viewers, { n: count(viewers) }),
        t("The picture stops for everyone and nothing more can be ordered. Orders stay. It can't be started again."),
      ]),
      yes: t("Yes, end it"),
    });
    if (isMeant) await this.#act(this.#part("end"), "end");
  }
}
