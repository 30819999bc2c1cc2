// Tells beside an offer that new devices take it in a rush, and so do a proof of work for it.

import { count } from "../../../lib/format/format.js";
import { t } from "../../../lib/words.js";

/**
 * Puts a note beside each offer that has a rush, and takes away those that are over.
 * @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene
 * @param {import("./offer-notices.js").OfferNotices} notes
 */
export function showRushes(scene, notes) {
  for (const offer of scene.offers.keys()) {
    const rush = scene.rushes.get(offer);
    if (!rush) {
      notes.drop(offer, "rush");
      continue;
    }
    notes.put(offer, "rush", {
      icon: "warning",
      kind: "kumquat",
      words: t(
        "Devices that never had an order packed took %(boxes)s of it within a minute. They now do a calculation of about a second before each order, which slows bots. It ends automatically five minutes after the rush.",
        { boxes: count(rush.boxes) },
      ),
    });
  }
}
