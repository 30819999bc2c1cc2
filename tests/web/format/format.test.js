import "../support/english-page.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clock,
  day,
  dayAndClock,
  decimals,
  duration,
  kilograms,
  listed,
  megabits,
  money,
  perKilogram,
  weight,
} from "../../../web/static/lib/format/format.js";

const MOMENT = Date.parse("2026-11-23T12:14:00Z");

test("money has the currency's own decimals", () => {
  assert.equal(money({ amount: 2_990, currency: "CNY" }), "¥29.90");
  assert.equal(money({ amount: 2_990, currency: "JPY" }), "¥2,990");
  assert.equal(money({ amount: 5, currency: "EUR" }), "€0.05");
  // By the page's table, whatever this browser's own says.
  assert.match(money({ amount: 2_990, currency: "ISK" }), /2,990$/);
  assert.match(money({ amount: 2_990, currency: "UGX" }), /2,990$/);
  assert.match(money({ amount: 2_990, currency: "KWD" }), /2\.990$/);
  assert.match(money({ amount: 2_990, currency: "HUF" }), /29\.90$/);
  assert.deepEqual(["CNY", "JPY", "KWD", "HUF"].map(decimals), [2, 0, 3, 2]);
});

test("a weight is in grams below half a kilogram, a harvest in whole kilograms from ten on", () => {
  assert.equal(weight(499), "499 g");
  assert.equal(weight(500), "0.5 kg");
  assert.equal(weight(2_500), "2.5 kg");
  assert.equal(kilograms(9_960), "10 kg");
  assert.equal(kilograms(9_940), "9.9 kg");
  assert.equal(kilograms(4_200_400), "4,200 kg");
});

test("a price per kilogram is rounded, and left out of less than half a kilogram", () => {
  assert.equal(perKilogram({ amount: 2_990, currency: "CNY" }, 2_500), "¥11.96/kg");
  assert.equal(perKilogram({ amount: 1_000, currency: "CNY" }, 300), "");
  assert.equal(perKilogram({ amount: 1_000, currency: "CNY" }, 499), "");
});

test("moments are in the zone of the pages, wherever the reader is", () => {
  assert.equal(clock(MOMENT), "20:14");
  assert.match(day(MOMENT), /^Mon,? 23 November$/);
  assert.match(dayAndClock(MOMENT), /^Mon,? 23 November 20:14$/);
});

test("a length of time has hours only where there are some, and is never negative", () => {
  assert.equal(duration(59_999), "0:59");
  assert.equal(duration(60_000), "1:00");
  assert.equal(duration(3_730_000), "1:02:10");
  assert.equal(duration(-5), "0:00");
});

test("megabits have as many decimals as their size needs", () => {
  assert.equal(megabits(40), "0.04");
  assert.equal(megabits(400), "0.4");
  assert.equal(megabits(2_140), "2.1");
  assert.equal(megabits(9_949), "9.9");
  assert.equal(megabits(9_950), "10");
});

test("names follow one another", () => {
  assert.equal(listed([]), "");
  assert.equal(listed(new Set(["a", "b", "c"])), "a, b, c");
});
