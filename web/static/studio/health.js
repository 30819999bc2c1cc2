// What a stream's numbers mean for the person who holds the camera: a level, and what to do about it
// in a sentence. Decides only; shows nothing.

import { t } from "../common/words.js";

/** A threshold is where viewers begin to notice, not where something breaks: fair, then poor. */
const LOSS = [0.02, 0.06];
const FPS = [18, 10];
const RTT_MS = [250, 500];
/** Pixels, for a picture whose bits are few: a still scene needs few of them at any size. */
const PIXELS = [640 * 480, 426 * 240];
const THIN_KBPS = 600;
const KEYFRAME_S = 4.5;
/** So many looks in a row a trouble must be there; a camera that has just come in grows sharper. */
const LOOKS = 3;
const LOOKS_THIN = 7;

/** The troubles of a source, the most urgent first, as `[key, "fair"|"poor"]`. */
export function troubles(source) {
  const found = [];
  const above = (value, [fair, poor], key) => {
    if (value > fair) found.push([key, value > poor ? "poor" : "fair"]);
  };
  const below = (value, [fair, poor], key) => {
    if (value < fair) found.push([key, value < poor ? "poor" : "fair"]);
  };
  if (source.fps) below(source.fps, FPS, "slow");
  else found.push(["still", "poor"]);
  above(source.loss ?? 0, LOSS, "loss");
  if (source.bitrate_kbps < THIN_KBPS && source.width) {
    below(source.width * source.height, PIXELS, "thin");
  }
  above(source.rtt_ms ?? 0, RTT_MS, "late");
  if (source.audio === false) found.push(["silent", "fair"]);
  // A browser sends one when it is asked; only an encoder has an interval to set.
  if (source.purpose === "encoder" && source.keyframe_s > KEYFRAME_S) found.push(["keyframe", "fair"]);
  return found;
}

/** Looks at a source again and again; `take` gives `{level, advice: [key…]}`. */
export class Watch {
  #source = null;
  #counts = new Map();

  /** One of the health answer's sources with its `purpose`, or undefined where there is none. */
  take(source) {
    if (source?.source !== this.#source) this.#counts.clear();
    this.#source = source?.source ?? null;
    if (!source) return { level: "none", advice: ["none"] };
    if (source.away) {
      this.#counts.clear();
      return { level: "away", advice: ["away"] };
    }
    const found = troubles(source);
    this.#counts = new Map(found.map(([key]) => [key, (this.#counts.get(key) ?? 0) + 1]));
    const lasting = found.filter(
      ([key]) => this.#counts.get(key) >= (key === "thin" ? LOOKS_THIN : LOOKS),
    );
    const level = lasting.some(([, how]) => how === "poor") ? "poor" : lasting.length ? "fair" : "good";
    return { level, advice: lasting.map(([key]) => key) };
  }
}

/** How many of four bars are lit. */
export function bars(level) {
  return { none: 0, away: 0, poor: 1, fair: 2, good: 4 }[level];
}

/** Of the source that is on air, or of the one that would be. */
export function onAir(sources) {
  return sources.find((source) => source.on_air) ?? sources.find((source) => !source.away);
}

/** The level in a word. */
export function levelName(level) {
  switch (level) {
    case "good":
      return t("good");
    case "fair":
      return t("fair");
    case "poor":
      return t("poor");
    case "away":
      return t("lost");
    default:
      return t("no picture");
  }
}

/** What to do, by a key of `advice`. */
export function whatToDo(key) {
  switch (key) {
    case "none":
      return t("No picture comes in. Use this device's camera, or connect OBS.");
    case "away":
      return t("The picture is gone; viewers see a slate. It comes back by itself: keep the camera's page open and look for better reception.");
    case "still":
      return t("No new pictures arrive. Look whether the camera is covered by a call or another app.");
    case "slow":
      return t("Few pictures a second. Close other apps on the camera's device, keep it cool, and give it light.");
    case "loss":
      return t("Parts of the picture get lost on the way. Go nearer to the router or the window, or change between Wi-Fi and mobile data.");
    case "thin":
      return t("The picture is soft: the way up is narrow. Stop other uploads, or change between Wi-Fi and mobile data.");
    case "late":
      return t("The way to the server is slow. It still works; answers to viewers come late.");
    case "silent":
      return t("No sound arrives. Look whether the microphone is on.");
    case "keyframe":
      return t("Set the keyframe interval in OBS to 2 seconds, so that new viewers see the picture at once.");
    default:
      return "";
  }
}
