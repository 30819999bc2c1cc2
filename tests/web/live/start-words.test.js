// When a broadcast begins, in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import "../support/english-page.js";

const { startInWords } = await import("../../../web/static/pages/live/stage/placeholder.js");

const at = (/** @type {string} */ time) => Date.parse(`${time}+08:00`);
const now = at("2026-11-29T21:00");

test("a start is named by its day as one says it", () => {
  assert.equal(startInWords(at("2026-11-29T22:30"), now), "Starts today at 22:30");
  assert.equal(startInWords(at("2026-11-30T20:00"), now), "Starts tomorrow at 20:00");
  assert.match(startInWords(at("2026-12-04T20:00"), now), /^Starts on .*4.* at 20:00$/);
});

test("a start that is over or not set is soon", () => {
  assert.equal(startInWords(at("2026-11-29T20:00"), now), "Starts soon");
  assert.equal(startInWords(Number.NaN, now), "Starts soon");
});
