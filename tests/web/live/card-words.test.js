// What the card says of a lot, and names whose numbers and units stay together.

import assert from "node:assert/strict";
import { test } from "node:test";

import "../support/english-page.js";

const { freshInWords, pickedInWords, unbroken } = await import(
  "../../../web/static/pages/live/offers/card.js"
);
const NOON = Date.parse("2026-11-28T12:00:00+08:00");
const at = (time) => Date.parse(`${time}+08:00`);

test("a lot was picked so many hours ago, and days after a night", () => {
  assert.equal(pickedInWords(at("2026-11-28T11:30"), NOON), "picked within the hour");
  assert.equal(pickedInWords(at("2026-11-28T03:00"), NOON), "picked 9 h ago");
  assert.equal(pickedInWords(at("2026-11-27T12:01"), NOON), "picked 23 h ago");
  assert.equal(pickedInWords(at("2026-11-27T09:00"), NOON), "picked yesterday");
  assert.match(pickedInWords(at("2026-11-20T08:00"), NOON), /^picked on 20 Nov/);
});

test("a day without a time of day is no number of hours", () => {
  assert.equal(pickedInWords(at("2026-11-28T00:00"), NOON), "picked today");
  assert.equal(pickedInWords(at("2026-11-27T00:00"), NOON), "picked yesterday");
});

test("a test that was passed is said, and one that is not there is not", () => {
  const lot = { code: "1123", harvested_at: at("2026-11-20T08:00") };
  assert.match(freshInWords({ ...lot, tested: true }), / · test passed$/);
  assert.doesNotMatch(freshInWords({ ...lot, tested: false }), /test/);
  assert.equal(freshInWords({ code: "1123", tested: false }), "Lot 1123");
});

test("a number and its unit are never broken apart", () => {
  assert.equal(unbroken("Kumquats · 2.5 kg box"), "Kumquats · 2.5\u00a0kg box");
  assert.equal(unbroken("金柑 · 5 斤"), "金柑 · 5\u00a0斤");
  assert.equal(unbroken("金柑 · 5 斤 / 箱"), "金柑 · 5\u00a0斤\u00a0/\u2060\u00a0箱");
  assert.equal(unbroken("金柑 5斤装"), "金柑 5\u2060斤装");
});
