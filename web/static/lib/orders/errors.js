// Why an order stayed as it was, in words for staff: what buyers are told of the same problem is
// another thing, as who takes a cancellation back orders nothing.

import { Problem } from "../channel/api.js";
import { t } from "../words.js";
import { spoken } from "../format/staff-sentences.js";
import { stateWords } from "./order-states.js";

/**
 * `refused`: the problem of an order as the answer to a move has it.
 * @param {import("../channel/api.js").ProblemBody} refused
 */
export function errorWords(refused) {
  const problem = new Problem(refused);
  switch (problem.slug) {
    case "not-in-state":
      return t("It is “%(state)s” now, so this is no longer possible.", {
        state: stateWords(problem.body.state),
      });
    case "sold-out":
      if (refused.alone)
        return t(
          "Its boxes have been sold meanwhile, so it stays unchanged. Correct the refund instead: only its money comes back.",
        );
      return t("Its boxes have been sold meanwhile, so it stays unchanged. Tell the buyer.");
    case "lot-spent":
      if (refused.alone)
        return t(
          "The lot has no boxes left for it, so it stays unchanged. Correct the refund instead: only its money comes back.",
        );
      return t("The lot has no boxes left for it, so it stays unchanged. Tell the buyer.");
    default:
      return spoken(problem);
  }
}
