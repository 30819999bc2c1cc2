// How late viewers see the picture, in a sentence that also says from where on that is measured.

import { t } from "../../../lib/words.js";

/**
 * Seconds with as many places as tell something: 0.4, 0.08.
 * @param {number} ms
 */
const seconds = (ms) => (ms / 1_000).toFixed(ms < 100 ? 2 : 1);

/**
 * `delay` of the health answer, null while no viewer has reported.
 * @param {import("../types").Delay | null | undefined} delay
 */
export function delayWords(delay) {
  if (!delay) return "";
  const values = { median: seconds(delay.median_ms), tenth: seconds(delay.slowest_tenth_ms ?? 0) };
  const hasTenth = delay.slowest_tenth_ms != null;
  switch (delay.from) {
    case "camera":
      return hasTenth
        ? t(
            "From camera to screen: %(median)s s, for the slowest tenth %(tenth)s s or more",
            values,
          )
        : t("From camera to screen: %(median)s s", values);
    case "sender":
      return hasTenth
        ? t(
            "From the sending device to screen: %(median)s s, for the slowest tenth %(tenth)s s or more",
            values,
          )
        : t("From the sending device to screen: %(median)s s", values);
    default:
      return hasTenth
        ? t(
            "From the server to screen: %(median)s s, for the slowest tenth %(tenth)s s or more. The camera does not say when it took a picture.",
            values,
          )
        : t(
            "From the server to screen: %(median)s s. The camera does not say when it took a picture.",
            values,
          );
  }
}
