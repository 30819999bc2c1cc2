// The slate: what stands in the picture's place when there is none, in plain words.

import { el, icon, say } from "../../../lib/ui/dom.js";
import { clock, day } from "../../../lib/format/format.js";
import { UNKNOWN_BROADCAST } from "../../../lib/channel/channel.js";
import { now as serverNow } from "../../../lib/channel/server-clock.js";
import { t } from "../../../lib/words.js";

const DAY = 24 * 3_600_000;

/** When a broadcast begins, in words; one whose time is over, or not set, begins soon.
    @param {number} at milliseconds, or NaN
    @param {number} [now] */
export function startInWords(at, now = serverNow()) {
  if (!(at > now)) return t("Starts soon");
  const time = clock(at);
  if (day(at) === day(now)) return t("Starts today at %(time)s", { time });
  if (day(at) === day(now + DAY)) return t("Starts tomorrow at %(time)s", { time });
  return t("Starts on %(day)s at %(time)s", { day: day(at), time });
}

/**
 * What stands in the picture's place; `over` where the last frame shows through.
 * @typedef {{ icon: string | null, title: string, words: string, act?: Act, over?: "over" }} Slate
 */
/** @typedef {"bag" | "home" | "reload" | "again" | "picture" | "play"} Act */
/** @typedef {Record<"again" | "play" | "picture", () => void>} Calls */

/**
 * What to show, or null for the picture; `act` is the name of what the button does (Placeholder.act),
 * `missing` the codec that a player which is let in by no session lacks.
 * @param {Pick<import("../../../lib/state/broadcast-state.js").BroadcastState, "broadcast" | "paused" | "source" | "offers">} scene
 * @param {string} picture the player's state, or what of it does not come
 * @param {number | null} refusal the channel's
 * @param {string | null} missing
 * @returns {Slate | null}
 */
export function placeholderOf(scene, picture, refusal, missing = null) {
  const state = scene.broadcast?.state;
  if (refusal && refusal !== UNKNOWN_BROADCAST) {
    return {
      icon: "warning",
      title: t("This page no longer updates"),
      words: t("Your sign-in has ended, or your role has changed. Reload the page to go on."),
      act: "reload",
    };
  }
  if (refusal) {
    return {
      icon: "warning",
      title: t("There is no such broadcast"),
      words: t("The link may be old. The start page shows what is live now."),
      act: "home",
    };
  }
  if (state === "ended") {
    return {
      icon: "check",
      title: t("The broadcast has ended"),
      words: t("Thank you for watching. Your orders are not affected."),
      act: "home",
    };
  }
  if (state === "scheduled") {
    return {
      icon: "clock",
      title: startInWords(Date.parse(scene.broadcast?.starts_at ?? "")),
      words: t("Stay on this page: the picture starts automatically."),
      act: scene.offers?.size ? "bag" : undefined,
    };
  }
  if (picture === "unsupported") {
    return {
      icon: "warning",
      title: t("This browser can't show the video"),
      words: missing
        ? t(
            "The camera sends %(codec)s, which this browser can't play. Open this page in an up-to-date Chrome, Safari, Firefox or Edge, or wait for the next camera. Chat and orders work here too.",
            { codec: missing },
          )
        : t(
            "Open this page in an up-to-date Chrome, Safari, Firefox or Edge. Chat and orders work here too.",
          ),
    };
  }
  if (picture === "blocked") {
    return {
      icon: "offline",
      title: t("This network blocks the video"),
      words: t(
        "It gets through neither by UDP nor by TCP. Try mobile data or another Wi-Fi. Chat and orders still work.",
      ),
      act: "again",
    };
  }
  if (picture === "tap") {
    return { icon: "camera", title: t("Ready"), words: "", act: "play" };
  }
  if (scene.paused) {
    return {
      icon: "clock",
      title: t("Back in a moment"),
      words: t("The camera lost its connection. Stay here: it continues automatically."),
      over: "over",
    };
  }
  if (picture === "other") {
    return {
      icon: "warning",
      title: t("This browser can't show this camera"),
      words: t(
        "It sends %(codec)s, which this browser can't play. You hear it; the picture comes back by itself with the next camera.",
        { codec: scene.source?.codec ?? "" },
      ),
    };
  }
  if (picture === "sound") {
    return {
      icon: "sound",
      title: t("Sound only"),
      words: t("You chose to hear the broadcast without its picture. That takes hardly any data."),
      act: "picture",
    };
  }
  if (picture === "unseen") {
    return {
      icon: "sound",
      title: t("Sound only for now"),
      words: t("Your connection is too slow for the picture. It comes back automatically."),
    };
  }
  if (picture === "playing") return null;
  if (picture === "waiting") {
    return {
      icon: "camera",
      title: t("The camera is not on yet"),
      words: t("Stay on this page: the picture starts automatically."),
    };
  }
  if (picture === "busy") {
    return {
      icon: "clock",
      title: t("Many people are joining"),
      words: t("You'll be let in shortly. There is nothing to do."),
    };
  }
  if (picture === "lost") {
    return {
      icon: "offline",
      title: t("Connecting again…"),
      words: t(
        "The connection is lost for the moment. Stay here: the picture comes back automatically.",
      ),
    };
  }
  return { icon: null, title: t("The picture is coming…"), words: "" };
}

export class Placeholder {
  /**
   * @param {HTMLElement} place
   * @param {Calls} calls
   */
  constructor(place, calls) {
    this.place = place;
    this.calls = calls;
    /** @type {string | undefined} */
    this.shown = undefined;
  }

  /**
   * @param {Pick<import("../../../lib/state/broadcast-state.js").BroadcastState, "broadcast" | "paused" | "source" | "offers">} scene
   * @param {string} picture
   * @param {number | null} refusal
   * @param {string | null} missing
   */
  render(scene, picture, refusal, missing) {
    const slate = placeholderOf(scene, picture, refusal, missing);
    const key = JSON.stringify(slate);
    if (key === this.shown) return;
    this.shown = key;
    this.place.hidden = slate === null;
    if (slate?.icon && !slate.over) this.showStill();
    // Over the last frame, where the camera is gone for a moment.
    document.body.dataset.slate = slate === null ? "none" : (slate.over ?? "whole");
    if (slate === null) {
      this.place.replaceChildren();
      return;
    }
    const title = el("h2", { class: "slate__title" });
    say(title, slate.title);
    this.place.replaceChildren(
      slate.icon
        ? el("span", { class: "slate__sign" }, icon(slate.icon))
        : el("span", { class: "slate__spin", "aria-hidden": "true" }),
      title,
      ...(slate.words ? [el("p", { class: "slate__words" }, slate.words)] : []),
      ...this.act(slate.act),
    );
  }

  /** The farm or the last frame behind the words; not loaded where a picture comes at once. */
  showStill() {
    const still = document.getElementById("still");
    if (!(still instanceof HTMLImageElement) || !still.dataset.src) return;
    still.src = still.dataset.src;
    still.hidden = false;
    delete still.dataset.src;
  }

  /** @param {Act} [name] */
  act(name) {
    if (name === "bag") {
      const open = () => document.getElementById("bag-open")?.click();
      return [
        el(
          "button",
          { class: "button slate__bag", type: "button", onclick: open },
          t("See what is in the bag"),
        ),
      ];
    }
    if (name === "home") {
      return [el("a", { class: "button", href: "/" }, t("What is live now"))];
    }
    if (name === "reload") {
      const reload = () => location.reload();
      return [
        el("button", { class: "button", type: "button", onclick: reload }, t("Reload the page")),
      ];
    }
    if (name === "again") {
      return [
        el(
          "button",
          { class: "button", type: "button", onclick: this.calls.again },
          t("Try again"),
        ),
      ];
    }
    if (name === "picture") {
      return [
        el(
          "button",
          { class: "button", type: "button", onclick: this.calls.picture },
          t("Show the picture"),
        ),
      ];
    }
    if (name === "play") {
      return [
        el(
          "button",
          { class: "button button--primary", type: "button", onclick: this.calls.play },
          t("Tap to play"),
        ),
      ];
    }
    return [];
  }
}
