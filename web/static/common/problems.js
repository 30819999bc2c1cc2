// A problem in the reader's words. The server says its `detail` in English; a `type` is stable, so
// the sentences that buyers meet stand here.

import { n, t } from "./words.js";

const sentences = {
  "broadcast-ended": () => t("This broadcast has ended, so nothing more can be ordered in it."),
  "broadcast-not-live": () => t("This broadcast has not started yet."),
  "key-reused": () => t("This order was sent before with other contents. Send it once more."),
  muted: () => t("The host has muted you here. You can still watch and buy."),
  "too-many-requests": () => t("That was very fast. Wait a moment and try again."),
  "unknown-centre": () => t("That service centre is not open any more. Choose another one."),
  "unknown-offer": () => t("That is not on offer here any more."),
  unavailable: () => t("The server is busy. Nothing was changed; try again in a moment."),
  internal: () => t("Something went wrong on our side. Try again in a moment."),
  "sold-out": ({ offers = [] }) => {
    const left = Math.min(...offers.map((offer) => offer.left));
    return left > 0 && Number.isFinite(left)
      ? n(
          "Only %(left)s is left. Nothing was ordered.",
          "Only %(left)s are left. Nothing was ordered.",
          left,
          { left },
        )
      : t("It has just sold out. Nothing was ordered; more may be released, so keep watching.");
  },
  "price-changed": () => t("The price changed while you were ordering. Nothing was ordered yet."),
};

/** The sentence for a Problem. */
export function sentence(problem) {
  const known = sentences[problem.slug];
  return known ? known(problem.body ?? {}) : problem.message;
}
