// What stands in the picture's place, and how long it must last that less than all comes.

import "../support/english-page.js";

import assert from "node:assert/strict";
import { test } from "node:test";

const { placeholderOf } = await import("../../../web/static/pages/live/stage/placeholder.js");
const { deliveryWords, Lasting } = await import(
  "../../../web/static/pages/live/stage/quality-notice.js"
);
const { transportWords } = await import("../../../web/static/pages/live/stage/transport-notice.js");

const scene = (state, more = {}) => ({
  broadcast: { id: "B", state, starts_at: null },
  paused: false,
  source: { id: "s", codec: "H265" },
  ...more,
});
const of = (state, picture, more = {}) => placeholderOf(scene(state, more), picture, null);

test("nothing stands over a picture that plays", () => {
  assert.equal(of("live", "playing"), null);
});

test("what matters more stands before what matters less", () => {
  assert.equal(placeholderOf(scene("ended"), "playing", 4404).act, "home");
  assert.deepEqual([of("ended", "playing").icon, of("ended", "playing").act], ["check", "home"]);
  assert.equal(of("scheduled", "stopped").icon, "clock");
  // The browser's own lack is told before the camera's.
  assert.equal(of("live", "unsupported", { paused: true }).icon, "warning");
  const paused = of("live", "lost", { paused: true });
  assert.deepEqual([paused.over, paused.icon], ["over", "clock"]);
});

test("a codec that the browser lacks is named", () => {
  assert.match(of("live", "other").words, /H265/);
  assert.match(placeholderOf(scene("live"), "unsupported", null, "AV1").words, /AV1/);
});

test("each state of the player has its words, and a tap where one helps", () => {
  assert.equal(of("live", "tap").act, "play");
  assert.equal(of("live", "blocked").act, "again");
  assert.equal(of("live", "sound").act, "picture");
  for (const state of ["waiting", "busy", "lost", "connecting", "unseen"])
    assert.ok(of("live", state).title, state);
});

const less = { choice: "auto", gets: "fewer_frames", limited_by: "link", estimated_kbps: 400 };
const still = { ...less, gets: "still_pictures" };
const all = { choice: "auto", gets: "all", limited_by: null };

test("fewer frames are told once they have lasted, a picture that stands sooner", () => {
  const lasting = new Lasting();
  assert.equal(lasting.take(less, 0), false);
  assert.equal(lasting.look(5_900), false);
  assert.equal(lasting.look(6_000), true);
  assert.equal(lasting.shown, less);
  assert.equal(lasting.take(still, 10_000), false);
  assert.equal(lasting.look(12_000), true);
  assert.equal(lasting.take(all, 13_000), false);
  assert.equal(lasting.left(14_000), 5_000);
  // What comes back in between begins anew.
  lasting.take(still, 15_000);
  lasting.take(all, 16_000);
  assert.equal(lasting.look(20_000), false);
  assert.equal(lasting.look(22_000), true);
});

test("a number that moves by little is the same", () => {
  const lasting = new Lasting();
  lasting.take(less, 0);
  lasting.look(6_000);
  assert.equal(lasting.take({ ...less, estimated_kbps: 450 }, 7_000), false);
  assert.equal(lasting.take({ ...less, estimated_kbps: 600 }, 8_000), true);
});

test("a picture that moves now and then is not told as one that stands", () => {
  const choppy = { ...less, gets: "choppy_picture" };
  assert.match(deliveryWords(choppy), /0\.4 Mbit\/s: sound and a choppy picture/);
  assert.match(deliveryWords({ ...choppy, estimated_kbps: null }), /choppy/);
  const lasting = new Lasting();
  lasting.take(choppy, 0);
  lasting.look(6_000);
  // It stands: that is told soon.
  lasting.take(still, 10_000);
  assert.equal(lasting.look(12_000), true);
});

test("what one chose oneself is no news, unless the picture stands still", () => {
  assert.equal(deliveryWords({ ...less, limited_by: "choice" }), null);
  assert.match(deliveryWords({ ...still, limited_by: "choice" }), /./);
  assert.match(deliveryWords(less), /0\.4 Mbit\/s/);
  assert.equal(deliveryWords(all), null);
  assert.equal(deliveryWords(null), null);
});

test("a way that is not the usual one is told", () => {
  assert.equal(transportWords("udp"), null);
  assert.match(transportWords("tcp"), /TCP/);
  assert.match(transportWords("relay"), /relay/);
});
