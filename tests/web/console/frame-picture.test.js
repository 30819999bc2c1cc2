// Which pictures are kept as a broadcast's frame, and how large.

import assert from "node:assert/strict";
import { test } from "node:test";
import { showsAnything, sizeOf } from "../../../web/static/pages/console/cameras/frame-picture.js";

/** @param {number[]} lights */
const grey = (lights) =>
  new Uint8ClampedArray(lights.flatMap((light) => [light, light, light, 255]));

test("a covered lens and a blank wall show nothing", () => {
  assert.equal(showsAnything(grey([0, 2, 5, 3])), false);
  assert.equal(showsAnything(grey([250, 252, 255, 251])), false);
  assert.equal(showsAnything(grey([20, 90, 160, 30])), true);
});

test("a frame keeps its shape, and is never made larger", () => {
  assert.deepEqual(sizeOf(1080, 1920), { width: 540, height: 960 });
  assert.deepEqual(sizeOf(1280, 720), { width: 960, height: 540 });
  assert.deepEqual(sizeOf(320, 240), { width: 320, height: 240 });
});
