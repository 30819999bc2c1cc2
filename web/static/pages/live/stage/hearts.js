// Hearts: a button and a double tap on the video; sent together once a second, twenty at most. They rise
// for what happens now: none for what was given before, and none once the broadcast is over.

import { find, icon, say } from "../../../lib/ui/dom.js";
import { count } from "../../../lib/format/format.js";

/** @typedef {import("../../../lib/state/broadcast-state.js").BroadcastState} BroadcastState */

const WAYS = 4; // heart--1 … heart--4 in tools.css
const AT_MOST = 12;

export class Hearts {
  /**
   * `screen` takes double taps, `sky` is where hearts rise.
   * @param {HTMLElement} button
   * @param {HTMLElement} screen
   * @param {HTMLElement} sky
   * @param {import("../../../lib/channel/channel.js").Channel} channel
   */
  constructor(button, screen, sky, channel) {
    this.counter = find(button, "[data-count]");
    this.sky = sky;
    this.channel = channel;
    this.given = 0;
    this.shown = 0;
    this.own = 0;
    /** @type {number | undefined} what was told of all */
    this.told = undefined;
    /** @type {number | undefined} */
    this.timer = undefined;
    button.addEventListener("click", () => this.give());
    screen.addEventListener("dblclick", (event) => this.tap(event));
  }

  /**
   * A double tap, which may be meant for what stands over the picture.
   * @param {MouseEvent} event
   */
  tap({ target }) {
    if (target instanceof Element && !target.closest("button, a, input, .pinned, .bag"))
      this.give();
  }

  give() {
    this.given = Math.min(20, this.given + 1);
    this.own += 1;
    this.float();
    this.show();
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.channel.tell({ type: "react", count: this.given });
      this.given = 0;
      this.timer = undefined;
    }, 1000);
  }

  /**
   * The page begins anew from a snapshot: what was given meanwhile is over.
   * @param {BroadcastState} scene
   */
  reset(scene) {
    this.told = scene.audience.reactions;
    this.show();
  }

  /** @param {BroadcastState} scene */
  render(scene) {
    const { reactions } = scene.audience;
    if (scene.broadcast?.state !== "live" || reactions === this.told) return;
    const more = reactions - (this.told ?? reactions) - this.own;
    this.told = reactions;
    this.own = 0;
    for (let heart = 0; heart < Math.min(5, more); heart += 1) {
      setTimeout(() => this.float(), heart * 350);
    }
    this.show();
  }

  show() {
    const all = (this.told ?? 0) + this.own;
    this.counter.hidden = all === 0;
    say(this.counter, count(all));
  }

  float() {
    if (this.sky.childElementCount >= AT_MOST || document.hidden) return;
    const heart = icon("heart");
    this.shown += 1;
    heart.classList.add("heart", `heart--${(this.shown % WAYS) + 1}`);
    heart.addEventListener("animationend", () => heart.remove());
    this.sky.append(heart);
  }
}
