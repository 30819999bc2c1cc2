// What to do about a stream, in a sentence a piece of the server's advice (media/diagnostics.py): for
// whoever holds the phone, or by the names that OBS's own menus have. Shows nothing.

import { count, megabits } from "../../../lib/format/format.js";
import { t } from "../../../lib/words.js";

/** @typedef {import("../types").Advice} Advice */

/** @param {Advice} advice */
const size = ({ width, height }) => `${width}×${height}`;

/**
 * `isEncoder`: the source is OBS or FFmpeg, not a browser.
 * @param {Advice} advice
 */
export function whatToDo(advice, isEncoder = false) {
  switch (advice.code) {
    case "b-frames":
      return t(
        "Viewers could not play this picture: it has B-frames. In OBS: Settings → Output → Output Mode “Advanced” → Streaming: set “B-Frames” to 0, with x264 “Tune” to zerolatency. In FFmpeg: -bf 0. Then start the stream again.",
      );
    case "profile":
      return t(
        "Viewers could not play this picture: its H264 profile is not one of browsers. In OBS: Settings → Output → Streaming: set “Profile” to baseline or high, and the colour format to NV12. In FFmpeg: -profile:v baseline -pix_fmt yuv420p. Then start the stream again.",
      );
    case "unplayable":
      return t(
        "Viewers could not play this picture. Set the encoder to H264, profile baseline, main or high, and start it again.",
      );
    case "no-picture":
      return isEncoder
        ? t(
            "Sound comes in, but no picture. Check whether the scene in OBS has a camera, and whether it is shown.",
          )
        : t(
            "Sound comes in, but no new picture. Check whether a call or another app has taken the camera.",
          );
    case "few-frames":
      return isEncoder
        ? t(
            "Only %(n)s frames per second. The computer can't keep up: in OBS set Settings → Output → “CPU Usage Preset” to ultrafast, or lower Settings → Video → “Output (Scaled) Resolution”.",
            { n: Math.round(advice.fps ?? 0) },
          )
        : t(
            "Only %(n)s frames per second. Close other apps on the camera's device, keep it out of the sun, and give it more light.",
            { n: Math.round(advice.fps ?? 0) },
          );
    case "loss":
      return t(
        "%(share)s of the picture is lost on the way. Move closer to the router or to a better signal, or switch between Wi-Fi and mobile data.",
        { share: `${advice.percent} %` },
      );
    case "narrow-uplink":
      return t(
        "The picture is at %(rate)s Mbit/s and small (%(size)s): the upload allows no more. Move closer to the mast or the router, or switch between Wi-Fi and mobile data.",
        {
          rate: megabits(advice.kbps ?? 0),
          size: size(advice),
        },
      );
    case "small-picture":
      return t("The camera sends a small picture (%(size)s).", { size: size(advice) });
    case "bitrate":
      return tooFewBits(advice);
    case "viewers":
      return tooMuchForViewers(advice, isEncoder);
    case "no-sound":
      return isEncoder
        ? t(
            "No sound comes in. Check in OBS's “Audio Mixer” that the microphone moves and is not muted.",
          )
        : t("No sound comes in. Check that the microphone is on and allowed.");
    case "keyframes":
      return t(
        "Keyframes come only every %(seconds)s s: new viewers, and a switch to this camera, wait that long. In OBS: Settings → Output → Output Mode “Advanced” → Streaming: set “Keyframe Interval” to %(wanted)s s. In FFmpeg: -g 60.",
        {
          seconds: Math.round(advice.seconds ?? 0),
          wanted: advice.wanted_s,
        },
      );
    case "round-trip":
      return t(
        "The connection to the server is slow (%(ms)s ms round trip). The picture is fine; answers to viewers come late.",
        { ms: Math.round(advice.ms ?? 0) },
      );
    case "tcp":
      return t(
        "This network blocks UDP, so the picture comes over TCP and may freeze for a moment when data is lost. Mobile data or another Wi-Fi is better.",
      );
    case "codec":
      return isEncoder
        ? t(
            "This camera sends %(codec)s and the one on air %(other)s: at a switch some phones show black for a moment. Set both to H264.",
            { codec: advice.codec, other: advice.on_air },
          )
        : t(
            "This camera sends %(codec)s and the one on air %(other)s: at a switch some phones show black for a moment.",
            { codec: advice.codec, other: advice.on_air },
          );
    default:
      return "";
  }
}

/** @param {Advice} advice */
function tooFewBits(advice) {
  const values = {
    rate: megabits(advice.kbps ?? 0),
    size: size(advice),
    wanted: advice.wanted_kbps,
    lines: advice.lines,
  };
  return advice.lines
    ? t(
        "The picture is at %(rate)s Mbit/s, too little for %(size)s. In OBS set Settings → Output → “Bitrate” to %(wanted)s Kbps; if the upload doesn't allow that, set Settings → Video → “Output (Scaled) Resolution” to %(lines)sp.",
        values,
      )
    : t(
        "The picture is at %(rate)s Mbit/s, too little for any size. In OBS set Settings → Output → “Bitrate” to %(wanted)s Kbps, and move to where the upload allows it.",
        values,
      );
}

/**
 * @param {Advice} advice
 * @param {boolean} isEncoder
 */
function tooMuchForViewers(advice, isEncoder) {
  const values = {
    rate: megabits(advice.kbps ?? 0),
    n: count(advice.limited ?? 0),
    all: count(advice.counted ?? 0),
    wanted: advice.wanted_kbps,
  };
  return isEncoder
    ? t(
        "The camera sends %(rate)s Mbit/s, too much for %(n)s of %(all)s viewers. In OBS set Settings → Output → “Bitrate” to %(wanted)s Kbps; or Settings → Stream → “Total Layers” to 3 (OBS 32.1 or newer), and only they get a smaller picture.",
        values,
      )
    : t(
        "The camera sends %(rate)s Mbit/s, too much for %(n)s of %(all)s viewers. Send from an up-to-date Chrome, Safari, Firefox or Edge: they then get a smaller picture.",
        values,
      );
}

/**
 * What to do where the picture on air is gone, or none ever came.
 * @param {boolean} isAway
 */
export function whatToDoWithout(isAway) {
  return isAway
    ? t(
        "The picture is gone; viewers see “Back in a moment”. It comes back automatically: keep the camera's page open and look for better reception.",
      )
    : t("No picture comes in. Use this device's camera, or connect OBS.");
}
