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
      return t("The order is now “%(state)s”, so this is no longer possible.", {
        state: stateWords(problem.body.state),
      });
    case "sold-out":
      if (refused.alone)
        return t(
          "The order stays unchanged: its boxes have been sold since. Correct the refund instead, which changes the money alone.",
        );
      return t("The order stays unchanged: its boxes have been sold since. Tell the buyer.");
    case "lot-spent":
      if (refused.alone)
        return t(
          "The order stays unchanged: the lot has no boxes left. Correct the refund instead, which changes the money alone.",
        );
      return t("The order stays unchanged: the lot has no boxes left. Tell the buyer.");
    default:
      return spoken(problem);
  }
}
