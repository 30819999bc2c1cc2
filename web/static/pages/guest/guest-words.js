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
        words: t(
          "Hold the phone upright or across as you like, with the light before you. Then come in.",
        ),
      };
    case "connecting":
      return { title: t("Connecting…"), words: t("A moment.") };
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
        title: t("The connection is gone"),
        words: t(
          "It is tried again by itself. Keep this page open; go nearer to the router or to where the phone has more bars.",
        ),
      };
    case "blocked":
      return {
        title: t("This network lets no picture out"),
        words: t("Change between Wi-Fi and mobile data; it is tried again by itself."),
      };
    case "taken":
      return {
        title: t("The camera was taken away"),
        words: t("A call or another app has it. End it, then turn the camera on again."),
      };
    case "left":
      return {
        title: t("You have left"),
        words: t(
          "Camera and microphone are off. The link still works if you would like to come in again.",
        ),
      };
    case "replaced":
      return {
        title: t("Another device has come in"),
        words: t(
          "This link was opened there, and it works on one device at a time. Turn the camera on to come in here instead.",
        ),
      };
    case "over":
      return {
        title: t("The host has ended your visit"),
        words: t(
          "Your camera is off and the link does not work any more. Thank you for being there!",
        ),
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
          "Too many cameras may send already. Wait a moment, then try again, or ask the host.",
        ),
      };
    case "barred":
      return {
        title: t("%(name)s, you are invited", { name }),
        words: t("Nothing is sent before you come in."),
      };
    default:
      return {
        title: t("%(name)s, you are invited", { name }),
        words: t("Turn on camera and microphone to begin. Nothing is sent before you come in."),
      };
  }
}
