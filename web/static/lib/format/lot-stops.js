// Why a lot is stopped, in words: the reasons of `lot.stopped`, a card or a refusal.

import { day } from "./format.js";
import { page, t, text } from "../words.js";

/** @typedef {import("../state/api").StopReason} Reason */

/** @param {Reason} reason */
function reasonInWords({ kind, at, result, substance, until }) {
  if (kind === "test_failed") {
    return t("Its test of %(day)s failed: %(result)s.", {
      day: day(at),
      result: text(result).replace(/[.。]$/, ""),
    });
  }
  if (kind === "test_missing")
    return t("No passed test is recorded for it yet, and nothing is sold here without one.");
  if (kind === "certificate_missing")
    return t("It has no certificate yet, and nothing is sold here without one.");
  const words = { day: day(at), until: day(until ?? at), substance: text(substance) };
  return substance
    ? t(
        "It was sprayed with %(substance)s on %(day)s and picked before the waiting period ended on %(until)s.",
        words,
      )
    : t(
        "It was sprayed on %(day)s and picked before the waiting period ended on %(until)s.",
        words,
      );
}

/**
 * A sentence a reason, one after the other.
 * @param {Reason[]} [reasons]
 */
export const reasonsInWords = (reasons = []) =>
  reasons.map(reasonInWords).join(page.language === "zh" ? "" : " ");

/**
 * What a stop means: of one that only lacks a proof, what was sold before is handed over.
 * @param {Reason[]} reasons
 */
export const stopMeans = (reasons) =>
  reasons.every(({ finding }) => !finding)
    ? t("This lot is not sold yet.")
    : t("Nothing of this lot is sold or handed over.");

/**
 * The first reason in a few words, for a card.
 * @param {Reason[]} [reasons]
 */
export function stopInWords([first] = []) {
  if (first?.kind === "waiting_period") return t("Stopped: picked too soon after spraying");
  if (first && !first.finding) return t("Not sold yet: waiting for its test");
  return t("Stopped: its test failed");
}
