// What a stream's numbers mean for the person who holds the camera: a level, and what to do about it
// in a sentence. Decides only; shows nothing.

import { t } from "../common/words.js";

/** A threshold is where viewers begin to notice, not where something breaks. */
const LIMITS = { loss: [0.02, 0.06], fps: [22, 14], kbps: [900, 450], rtt: [250, 500], keyframe: 4.5 };

/**
 * `source` is one of the health answer's sources or undefined. Returns
 * `{level: "none"|"away"|"poor"|"fair"|"good", advice: [key…]}`, the most urgent advice first.
 */
export function judge(source) {
  if (!source) return { level: "none", advice: ["none"] };
  if (source.away) return { level: "away", advice: ["away"] };
  const advice = [];
  let level = "good";
  const worsen = (to, key) => {
    if (to === "poor" || level === "good") level = to;
    advice.push(key);
  };
  const above = (value, [fair, poor], key) => {
    if (value == null) return;
    if (value > poor) worsen("poor", key);
    else if (value > fair) worsen("fair", key);
  };
  const below = (value, [fair, poor], key) => {
    if (value == null) return;
    if (value < poor) worsen("poor", key);
    else if (value < fair) worsen("fair", key);
  };
  if (!source.fps) worsen("poor", "still");
  else below(source.fps, LIMITS.fps, "slow");
  above(source.loss, LIMITS.loss, "loss");
  below(source.bitrate_kbps, LIMITS.kbps, "thin");
  above(source.rtt_ms, LIMITS.rtt, "late");
  if (source.audio === false) worsen("fair", "silent");
  if (source.keyframe_s > LIMITS.keyframe) worsen("fair", "keyframe");
  return { level, advice };
}

/** How many of four bars are lit. */
export function bars(level) {
  return { none: 0, away: 0, poor: 1, fair: 2, good: 4 }[level];
}

/** Of the source that is on air, or of the one that would be. */
export function onAir(sources) {
  return sources.find((source) => source.on_air) ?? sources.find((source) => !source.away);
}

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
      return t("Few pictures a second. Close other apps on the camera's device, and keep it out of the sun.");
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
