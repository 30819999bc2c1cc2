// What to do where the device or its owner refuses the camera, in a sentence a reason of camera.js.

import { t } from "../words.js";

/** @param {string | null | undefined} reason */
export function refusalWords(reason) {
  switch (reason) {
    case "insecure":
      return t(
        "Browsers give the camera to secure pages only. Open this page by its https:// address.",
      );
    case "wechat":
      return t(
        "WeChat gives this page no camera. Tap “···” above, then “Open in browser” (在浏览器打开).",
      );
    case "unsupported":
      return t(
        "This browser can't use the camera. Open the page in Chrome, Safari or Firefox itself, not inside another app.",
      );
    case "denied":
      return t(
        "The camera is not allowed here. Tap the lock or the “aA” beside the address, allow camera and microphone, then try again.",
      );
    case "missing":
      return t("No camera was found on this device. Connect one, or use a phone.");
    case "busy":
      return t("Another app holds the camera. Close it, or end the call, and try again.");
    default:
      return t("The camera does not answer. Close other apps that use it and try again.");
  }
}
