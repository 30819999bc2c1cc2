// Why a lot is stopped, in words: the reasons of `lot.stopped`, a card or a refusal.

import { day } from "./format.js";
import { page, t, text } from "./words.js";

function reasonInWords({ kind, at, result, substance, until }) {
  if (kind === "test_failed") {
    return t("Its residue test of %(day)s failed: %(result)s.", { day: day(at), result: text(result).replace(/[.。]$/, "") });
  }
  const words = { day: day(at), until: day(until), substance: text(substance) };
  return substance
    ? t("It was sprayed with %(substance)s on %(day)s and picked before the waiting period ended on %(until)s.", words)
    : t("It was sprayed on %(day)s and picked before the waiting period ended on %(until)s.", words);
}

/** A sentence a reason, one after the other. */
export const reasonsInWords = (reasons = []) =>
  reasons.map(reasonInWords).join(page.language === "zh" ? "" : " ");

/** The first reason in a few words, for a card. */
export function stopInWords([first] = []) {
  if (first?.kind === "waiting_period") return t("Stopped: picked too soon after spraying");
  return t("Stopped: its residue test failed");
}
