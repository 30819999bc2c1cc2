// How a guest stands, in a title and a sentence. Shows nothing.

import { t } from "../../lib/words.js";

/**
 * `state` is the broadcast's, undefined until it is known.
 * @param {string} standing
 * @param {string | undefined} state
 * @param {string} name
 */
export function standingWords(standing, state, name) {
  switch (standing) {
    case "opening":
      return {
        title: t("Allow camera and microphone"),
        words: t("The browser asks whether this page may use them. Nothing is sent yet."),
      };
    case "preview":
      return {
        title: t("Only you see this"),
        words: t("Hold the phone upright or sideways, facing the light. Then join."),
      };
    case "connecting":
      return { title: t("Connecting…"), words: t("One moment…") };
    case "waiting":
      return {
        title: t("The host sees you"),
        words:
          state === "live"
            ? t("Viewers do not see you yet. Wait here: the host puts you on air.")
            : t("Viewers do not see you yet: the broadcast has not started. Wait here."),
      };
    case "air":
      return { title: t("You are on air"), words: t("Viewers see and hear you now.") };
    case "lost":
      return {
        title: t("Connection lost"),
        words: t(
          "Retrying automatically. Keep this page open, and move closer to the router or to a better signal.",
        ),
      };
    case "blocked":
      return {
        title: t("This network blocks the upload"),
        words: t("Switch between Wi-Fi and mobile data; the page retries automatically."),
      };
    case "taken":
      return {
        title: t("The camera was taken by another app"),
        words: t("A call or another app has it. End it, then turn the camera on again."),
      };
    case "left":
      return {
        title: t("You have left"),
        words: t(
          "Camera and microphone are off. The link still works if you would like to join again.",
        ),
      };
    case "replaced":
      return {
        title: t("Another device has joined"),
        words: t(
          "The link was opened there and works on one device at a time. Turn the camera on to join from here instead.",
        ),
      };
    case "over":
      return {
        title: t("The host has disconnected you"),
        words: t("Your camera is off and the link no longer works. Thank you for being there!"),
      };
    case "ended":
      return {
        title: t("The broadcast has ended"),
        words: t("Your camera is off. Thank you for being there!"),
      };
    case "refused":
      return {
        title: t("The server did not let you in"),
        words: t(
          "Too many cameras may be connected. Wait a moment, then try again, or ask the host.",
        ),
      };
    case "barred":
      return {
        title: t("%(name)s, you are invited", { name }),
        words: t("Nothing is sent before you join."),
      };
    default:
      return {
        title: t("%(name)s, you are invited", { name }),
        words: t("Turn on camera and microphone to begin. Nothing is sent before you come in."),
      };
  }
}
