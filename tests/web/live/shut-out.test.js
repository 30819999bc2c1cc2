// What stands in the picture's place, and what its button does.

import "../support/english-page.js";
import assert from "node:assert/strict";
import { test } from "node:test";

const { placeholderOf } = await import("../../../web/static/pages/live/stage/placeholder.js");
const live = { broadcast: { state: "live" } };

test("who is shut out is not told that there is no such broadcast", () => {
  const unknown = placeholderOf(live, "playing", 4404);
  assert.deepEqual([unknown.title, unknown.act], ["There is no such broadcast", "home"]);
  for (const code of [4401, 4403]) {
    const shut = placeholderOf(live, "playing", code);
    assert.deepEqual([shut.title, shut.act], ["This page no longer updates", "reload"]);
  }
  assert.equal(placeholderOf(live, "playing", null), null);
});
