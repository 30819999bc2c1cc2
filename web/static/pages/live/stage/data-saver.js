// "Save data": the smallest size that the camera sends, for whoever pays by the megabyte. Remembered
// on this device; on from the start where the browser itself saves data.

import { recall, remember } from "../../../lib/state/device-memory.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";

const SMALLEST = 0;

/** The highest layer to begin with, for a Player: null is the best that the link carries. */
export function mostWanted() {
  const isSaving = recall("thrift") ?? navigator.connection?.saveData ?? false;
  return isSaving ? SMALLEST : null;
}

/** The button that switches it; `player` is asked at once and keeps to it. */
export function setUpDataSaver(button, player) {
  const draw = () => button.setAttribute("aria-pressed", String(player.most === SMALLEST));
  button.addEventListener("click", () => {
    const isSaving = player.most !== SMALLEST;
    remember("thrift", isSaving);
    player.prefer(isSaving ? SMALLEST : null);
    draw();
    toast(
      isSaving
        ? t("The picture comes as small as the camera sends it and needs less data.")
        : t("The picture comes as sharp as your connection carries it."),
    );
  });
  draw();
}
