// "3 people just bought" is told of several, and no purchase twice.

import assert from "node:assert/strict";
import { test } from "node:test";

import "../support/english-page.js";

const { isTold } = await import("../../../web/static/pages/live/stage/just-bought.js");

test("fewer than two are not told", () => {
  assert.equal(isTold(undefined, 60_000, 0), false);
  assert.equal(isTold(1, 60_000, 0), false);
  assert.equal(isTold(2, 60_000, 0), true);
});

test("one count in twenty seconds, as far as each looks back", () => {
  assert.equal(isTold(5, 70_000, 60_000), false);
  assert.equal(isTold(5, 80_000, 60_000), true);
  assert.equal(isTold(5, 0, Number.NEGATIVE_INFINITY), true);
});
