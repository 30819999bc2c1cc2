// Phone numbers as people type them: what the server refuses, and what is worth a second look. Decides
// only. Any 7 to 15 digits are taken, since which numbers there are nobody's list knows.

import { t } from "../words.js";

/** @param {string} phone */
const plain = (phone) => phone.normalize("NFKC").replace(/[\s().-]/g, "");

/**
 * Why the server refuses a number, in words; nothing where it takes it.
 * @param {string} phone
 */
export function phoneProblem(phone) {
  if (!phone.trim())
    return t("Enter a phone number, so that the courier or the pick-up point can call you.");
  const number = plain(phone);
  if (!/^\+?[0-9]+$/.test(number))
    return t("That isn't a phone number. Enter digits, such as 138 0000 0000.");
  const { length } = number.replace("+", "");
  if (length < 7) return t("That phone number is too short: 7 digits at least.");
  return length > 15 ? t("That phone number is too long: 15 digits at most.") : "";
}

/**
 * Whether a number with its country, such as +49 or 0049, begins with none of these prefixes.
 * @param {string} phone
 * @param {string[]} prefixes
 */
export function isOutside(phone, prefixes) {
  const number = plain(phone.trim()).replace(/^00/, "+");
  // One that is being typed may still become one of them.
  /** @param {string} prefix */
  const fits = (prefix) => number.startsWith(prefix) || prefix.startsWith(number);
  return /^\+[0-9]/.test(number) && prefixes.length > 0 && !prefixes.some(fits);
}

/**
 * What looks mistyped in a number that the server takes; nothing where nothing does.
 * @param {string} phone
 */
export function phoneDoubt(phone) {
  const number = plain(phone);
  return /^1[0-9]*$/.test(number) && number.length !== 11
    ? t("A mobile number has 11 digits; this one has %(count)s. If it is right, tap again.", {
        count: number.length,
      })
    : "";
}
