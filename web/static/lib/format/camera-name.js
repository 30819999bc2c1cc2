// What a camera is called.

import { t } from "../words.js";

/**
 * A camera's label; the one that the server gives to a camera without a name is put into words.
 * @param {string | null | undefined} label
 */
export function cameraName(label) {
  const [, number] = /^Camera (\d+)$/.exec(label ?? "") ?? [];
  return number ? t("Camera %(number)s", { number }) : (label ?? "");
}
