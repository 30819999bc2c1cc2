// How cameras stand and do, and what is said of it.

import "../support/english-page.js";

import assert from "node:assert/strict";
import { test } from "node:test";

const { ruleWords, standingOf } = await import(
  "../../../web/static/pages/console/cameras/source-standing.js"
);
const { bars, HealthWatch, onAir } = await import(
  "../../../web/static/pages/console/cameras/stream-health.js"
);
const { countWords, LastingCounts } = await import(
  "../../../web/static/pages/console/cameras/viewer-delivery.js"
);
const { delayWords } = await import("../../../web/static/pages/console/cameras/delay-words.js");
const guests = await import("../../../web/static/pages/console/cameras/guests.js");

const own = (label, more = {}) => ({ id: label, label, ...more });
const on = { on_air: true };

test("which camera is on air and why is one sentence, where there is a choice", () => {
  const told = [
    [own("A", on)],
    [own("A", { ...on, holds_air: true }), own("B")],
    [own("A", { holds_air: true, away: true }), own("B", on)],
    [own("A", { ...on, picked: true }), own("B")],
    [own("A", { picked: true, away: true }), own("B", on)],
    [own("A", { picked: true, away: true })],
    [own("A", on), own("G", { guest: true })],
  ].map((sources) => ruleWords(sources, true).split(/[.:]/)[0]);
  const stays = "A stays until you tap another";
  assert.deepEqual(told, [
    "",
    stays,
    "A is disconnected",
    stays,
    "A is disconnected",
    "A is disconnected",
    "",
  ]);
  assert.match(ruleWords([own("A"), own("B")], false), /first camera that sends/);
});

test("a camera on air in place of one that is away is there meanwhile", () => {
  const held = own("A", { picked: true, away: true });
  const other = own("B", on);
  assert.equal(standingOf(other, [held, other]), "meanwhile");
  assert.equal(standingOf(held, [held, other]), "away");
  assert.equal(standingOf(other, [other]), "air");
  assert.equal(standingOf(own("C", { objection: "B-frames" }), []), "unfit");
  assert.equal(standingOf(own("C"), []), "ready");
});

test("what would be on air is the host's choice, else the first own camera that sends", () => {
  const away = own("A", { holds_air: true, away: true });
  const guest = own("G", { guest: true });
  assert.equal(onAir([away, guest, own("B")]).id, "B");
  assert.equal(onAir([own("B"), own("C", { picked: true })]).id, "C");
  assert.equal(onAir([away, guest]), undefined);
});

test("advice troubles the host only once it has lasted", () => {
  const soft = { code: "loss", level: "fair", percent: 4 };
  const few = { code: "few-frames", level: "poor", fps: 5 };
  const narrow = { code: "narrow-uplink", level: "poor", kbps: 90 };
  const unfit = { code: "b-frames", level: "poor" };
  const viewers = { code: "viewers", level: "poor" };
  for (const [source, looks, level, codes] of [
    [{ advice: [] }, 3, "good", []],
    [{ advice: [soft] }, 2, "good", []],
    [{ advice: [soft] }, 3, "fair", ["loss"]],
    [{ advice: [few, soft] }, 3, "poor", ["few-frames", "loss"]],
    // A camera that has just come in grows sharper.
    [{ advice: [narrow] }, 6, "good", []],
    [{ advice: [narrow] }, 7, "poor", ["narrow-uplink"]],
    [{ advice: [unfit], objection: "B-frames" }, 1, "poor", ["b-frames"]],
    [{ advice: [soft], away: true }, 3, "away", []],
    // The viewers' own links are no fault of the camera.
    [{ advice: [viewers] }, 7, "good", ["viewers"]],
  ]) {
    const watch = new HealthWatch();
    let last;
    for (let look = 0; look < looks; look += 1) last = watch.take({ id: "a", ...source });
    assert.equal(last.level, level);
    assert.deepEqual(
      last.advice.map(({ code }) => code),
      codes,
    );
  }
  assert.deepEqual(new HealthWatch().take(undefined), { level: "none", advice: [] });
});

test("another camera begins anew", () => {
  const watch = new HealthWatch();
  const soft = [{ code: "loss", level: "fair" }];
  for (const id of ["a", "a", "b"]) watch.take({ id, advice: soft });
  assert.equal(watch.take({ id: "b", advice: soft }).level, "good");
  assert.deepEqual(["none", "poor", "fair", "good"].map(bars), [0, 1, 2, 4]);
});

const delivery = (counted, all, more = {}) => ({
  counted,
  gets: { all, smaller_picture: counted - all, fewer_frames: 0, still_pictures: 0, sound: 0 },
  limited_by: { link: counted - all, choice: 0 },
  ...more,
});

test("who gets less is counted once that has lasted, and no more once nobody does", () => {
  const counts = new LastingCounts();
  for (let look = 0; look < 4; look += 1) assert.equal(counts.take(delivery(10, 7), 10), null);
  const told = counts.take(delivery(10, 7), 10);
  assert.equal(told.about, false);
  assert.match(countWords(told), /^3 of 10 viewers .* 3 a smaller picture/);
  for (let look = 0; look < 4; look += 1) assert.ok(counts.take(delivery(10, 10), 10));
  assert.equal(counts.take(delivery(10, 10), 10), null);
  assert.equal(countWords(null), "");
});

test("of a part of the viewers that was counted it is said about how many", () => {
  const counts = new LastingCounts();
  let told = null;
  for (let look = 0; look < 5; look += 1) told = counts.take(delivery(100, 90), 1_000);
  assert.match(countWords(told), /^About 100 of 1,000 /);
});

test("a delay says from where on it is measured", () => {
  assert.equal(delayWords(null), "");
  const delay = { from: "camera", median_ms: 412, slowest_tenth_ms: null };
  assert.equal(delayWords(delay), "From camera to screen: 0.4 s");
  assert.match(delayWords({ ...delay, slowest_tenth_ms: 80 }), /tenth 0\.08 s or more$/);
  assert.match(delayWords({ ...delay, from: "server" }), /does not say/);
});

test("a guest is invited, waits, or is on air", () => {
  const guest = { source: "g" };
  assert.equal(guests.standingOf(guest, []), "invited");
  assert.equal(guests.standingOf(guest, [{ id: "g" }]), "waiting");
  assert.equal(guests.standingOf(guest, [{ id: "g", on_air: true }]), "air");
  assert.equal(guests.standingOf(guest, [{ id: "g", away: true }]), "away");
  assert.equal(guests.standingOf(guest, [{ id: "g", away: true, refused: {} }]), "invited");
});
