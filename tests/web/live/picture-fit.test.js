// An upright picture fills the screen of a phone where little of it is cut.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fitOf } from "../../../web/static/pages/live/stage/picture-fit.js";

const PHONE = { width: 390, height: 844 };

test("a phone's upright picture fills a phone, whichever way it is held", () => {
  assert.equal(fitOf(720, 1280, PHONE), "standing");
  assert.equal(fitOf(1080, 2400, PHONE), "standing");
  assert.equal(fitOf(720, 1280, { width: 844, height: 390 }), "standing");
  assert.equal(fitOf(720, 1280, { width: 320, height: 568 }), "standing");
});

test("what would be cut by more than a quarter is shown whole, and so is what lies", () => {
  assert.equal(fitOf(480, 640, PHONE), "lying");
  assert.equal(fitOf(640, 640, PHONE), "lying");
  assert.equal(fitOf(1280, 720, PHONE), "lying");
});
