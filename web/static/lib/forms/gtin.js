// GTINs as people type them: what is wrong with one, in words. Decides only (GS1 General
// Specifications, section 7.9); the server decides again.

import { t } from "../words.js";

/**
 * The check digit that follows these digits.
 * @param {string} digits
 */
export function checkDigit(digits) {
  const sum = [...digits]
    .reverse()
    .reduce((all, digit, place) => all + Number(digit) * (place % 2 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10;
}

/**
 * What is wrong with a GTIN, or nothing.
 * @param {string} text
 */
export function complaint(text) {
  const gtin = text.trim();
  if (!gtin) return "";
  if (!/^(\d{8}|\d{12,14})$/.test(gtin)) return t("A GTIN is 8, 12, 13 or 14 digits.");
  const right = checkDigit(gtin.slice(0, -1));
  if (Number(gtin.slice(-1)) === right) return "";
  return t(
    "It ends in %(last)s, but its other digits give %(right)s. Read it from the label once more.",
    {
      last: gtin.slice(-1),
      right,
    },
  );
}

/**
 * Checks the field while it is typed in.
 * @param {HTMLInputElement} field
 */
export function setUpGtin(field) {
  field.addEventListener("input", () => field.setCustomValidity(complaint(field.value)));
  field.form?.addEventListener("filled", () => field.setCustomValidity(""));
}
