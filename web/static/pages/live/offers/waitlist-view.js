// Waiting in the page's words: joining and leaving, and what is told when it was worth it.

import { Problem } from "../../../lib/channel/api.js";
import { detailOf } from "../../../lib/ui/dom.js";
import { sentence } from "../../../lib/format/problems.js";
import { clock, count } from "../../../lib/format/format.js";
import { close, opening } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";
import { fullName } from "./card.js";

/** @typedef {import("../../../lib/state/events").OrderHeld} OrderHeld */

const TOLD = 20; // seconds

export class WaitlistView {
  /**
   * `begin` opens what is held.
   * @param {{ waits: import("./waitlist.js").Waitlist, basket: import("../buying/basket/basket.js").Basket, scene: import("../../../lib/state/broadcast-state.js").BroadcastState, begin: () => void }} page
   */
  constructor({ waits, basket, scene, begin }) {
    this.waits = waits;
    this.basket = basket;
    this.scene = scene;
    this.begin = begin;
    this.title = document.title;
    /** @type {Set<string>} the offers whose place is asked for */
    this.joining = new Set();
    /** @type {(() => void) | undefined} takes away what is told */
    this.told = undefined;
    basket.addEventListener("change", () => {
      if (!basket.hold) this.read();
    });
    waits.addEventListener("served", (event) => this.served(detailOf(event)));
  }

  /**
   * @param {string} offer
   * @param {number} [quantity]
   */
  async join(offer, quantity) {
    if (this.joining.has(offer)) return;
    const name = fullName(this.scene.offers.get(offer));
    this.joining.add(offer);
    try {
      await this.waits.join(offer, quantity);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(sentence(problem), { danger: true });
      return;
    } finally {
      this.joining.delete(offer);
    }
    const wait = this.waits.of(offer);
    if (!wait) return;
    toast(
      t("You're number %(place)s in line for %(name)s. What comes back is held for you at once.", {
        place: count(wait.place),
        name,
      }),
    );
  }

  /**
   * Leave the list; another sheet than the one that asked may be open by the time of the answer.
   * @param {string} offer
   * @param {HTMLDialogElement} sheet
   */
  async leave(offer, sheet) {
    const asked = opening(sheet);
    try {
      await this.waits.leave(offer);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(sentence(problem), { danger: true });
      return;
    }
    if (opening(sheet) === asked) close(sheet);
    toast(t("You've left the waiting list."));
  }

  /** What is held is looked at: it need not be told any more. */
  read() {
    this.told?.();
    document.title = this.title;
  }

  /**
   * Boxes came back and are held here: one tap opens them. Who is elsewhere sees it in the title.
   * @param {OrderHeld & { waited: OrderHeld["lines"] }} held
   */
  served(held) {
    this.basket.served(held);
    const { offer } = held.waited[0] ?? held.lines[held.lines.length - 1];
    const name = fullName(this.scene.offers.get(offer));
    this.read();
    document.title = `(1) ${this.title}`;
    navigator.vibrate?.(200);
    if (!document.hidden) this.tell(name, held.until);
    else {
      const back = () => this.tell(name, held.until);
      document.addEventListener("visibilitychange", back, { once: true });
    }
  }

  /**
   * @param {string} name
   * @param {number} until
   */
  tell(name, until) {
    if (!this.basket.hold) return;
    const words = t("%(name)s is back and held for you until %(time)s.", {
      name,
      time: clock(until),
    });
    this.told = toast(words, { act: t("Order"), onAct: this.begin, seconds: TOLD });
  }
}
