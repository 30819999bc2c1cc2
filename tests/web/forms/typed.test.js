import "../support/english-page.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDigit, complaint } from "../../../web/static/lib/forms/gtin.js";
import { isOutside, phoneDoubt, phoneProblem } from "../../../web/static/lib/forms/phone.js";
import { minor, stepOf, typed } from "../../../web/static/lib/forms/prices.js";

test("a price is read in minor units, with a comma or a sign as people write it", () => {
  assert.equal(minor("29.90", 2), 2_990);
  assert.equal(minor(" ¥29,9 ", 2), 2_990);
  assert.equal(minor("￥30", 2), 3_000);
  assert.equal(minor("0.29", 2), 29); // not 28.999…
  assert.equal(minor("1200", 0), 1_200);
  assert.equal(minor("  ", 2), null);
  for (const wrong of ["-1", "1.2.3", "1e3", "abc", "1 000"])
    assert.ok(Number.isNaN(minor(wrong, 2)));
});

test("a price is written as it is typed", () => {
  assert.equal(typed(2_990, 2), "29.90");
  assert.equal(typed(2_990, 0), "2990");
  assert.equal(typed(2_990, 3), "2.990");
});

test("a tap moves a price by about a thirtieth, a round sum", () => {
  assert.equal(stepOf(2_990, 2), 100);
  assert.equal(stepOf(1_999, 2), 50);
  assert.equal(stepOf(150, 2), 10);
  assert.equal(stepOf(20_000, 2), 1_000);
  assert.equal(stepOf(2_990, 0), 100);
  assert.equal(stepOf(1, 2), 10);
});

test("a GTIN's check digit is that of GS1", () => {
  assert.equal(checkDigit("629104150021"), 3); // GS1 General Specifications, 7.9.1
  assert.deepEqual(["400638133393", "9638507", "03600029145"].map(checkDigit), [1, 4, 2]);
  assert.equal(complaint("6291041500213"), "");
  assert.equal(complaint(""), "");
  assert.match(complaint("6291041500214"), /^It ends in 4, but its other digits give 3\./);
  assert.match(complaint("62910415002"), /8, 12, 13 or 14 digits/);
  assert.match(complaint("6291041x00213"), /8, 12, 13 or 14 digits/);
});

test("a phone number is refused only for what the server refuses", () => {
  assert.match(phoneProblem("  "), /^Enter a phone number/);
  assert.match(phoneProblem("ask me"), /isn't a phone number/);
  assert.match(phoneProblem("123456"), /too short/);
  assert.match(phoneProblem("+1234567890123456"), /too long/);
  assert.equal(phoneProblem("+44 (20) 7946-0000"), "");
  assert.equal(phoneProblem("１３８００００００００"), ""); // full-width digits
});

test("a mobile number of another length is doubted, not refused", () => {
  assert.match(phoneDoubt("1380000000"), /this one has 10/);
  assert.equal(phoneDoubt("13800000000"), "");
  assert.equal(phoneDoubt("05981234567"), "");
});

test("a number is outside only once it can't become one of those inside", () => {
  assert.ok(!isOutside("+", ["+86"]));
  assert.ok(!isOutside("+8", ["+86"]));
  assert.ok(!isOutside("0086 138", ["+86"]));
  assert.ok(!isOutside("13800000000", ["+86"]));
  assert.ok(isOutside("+49", ["+86"]));
  assert.ok(isOutside("0049 30", ["+86"]));
  assert.ok(!isOutside("+49", []));
});
