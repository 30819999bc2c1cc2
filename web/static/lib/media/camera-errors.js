// What to do where the device or its owner refuses the camera, in a sentence a reason of camera.js.

import { t } from "../words.js";

/** @param {string | null | undefined} reason */
export function refusalWords(reason) {
  switch (reason) {
    case "insecure":
      return t(
        "Browsers allow the camera on secure pages only. Open this page at its https:// address.",
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
        "Camera access is blocked. Tap the lock or the “aA” next to the address, allow camera and microphone, then try again.",
      );
    case "missing":
      return t("No camera was found on this device. Connect one, or use a phone.");
    case "busy":
      return t("Another app is using the camera. Close it, or end the call, and try again.");
    default:
      return t("The camera isn't responding. Close other apps that use it and try again.");
  }
}
