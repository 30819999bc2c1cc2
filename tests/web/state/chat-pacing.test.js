// A busy chat is drawn no faster than people read, and in frames of a few lines.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import {
  ChatPacing,
  hiddenSince,
  LINES_A_FRAME,
} from "../../../web/static/lib/state/chat-pacing.js";

const FRAME = 1000 / 60;
/** As a chat of five hundred lines a second has it, or a quiet one. */
const FLOOD = 2;
const QUIET = 1_000;
let gap = FLOOD;
beforeEach(() => {
  gap = FLOOD;
});
const line = (seq, more = {}) => ({
  seq,
  at: seq * gap,
  nickname: "Fang",
  text: String(seq),
  ...more,
});
const lines = (from, to) => Array.from({ length: to - from }, (_, each) => line(from + each));

/** Draw frames from `now` on until `until`; what came may grow by `grow(now)`. */
function play(pacing, now, until, grow = () => []) {
  const drawn = [];
  for (let at = now; at < until; at += FRAME) {
    const fresh = grow(at);
    if (fresh.length > 0) pacing.offer(fresh, at);
    const frame = pacing.take(at);
    assert.ok(frame.length <= LINES_A_FRAME, `a frame drew ${frame.length} lines`);
    drawn.push(...frame);
  }
  return drawn;
}

test("five hundred lines a second are drawn four a second, a few a frame", () => {
  const pacing = new ChatPacing({ perSecond: 4, burst: 6 });
  pacing.offer([line(1)], 0);
  let seq = 2;
  let due = 0;
  const drawn = play(pacing, 0, 10_000, (now) => {
    due = Math.floor(now / 2) + 2 - seq;
    const fresh = lines(seq, seq + due);
    seq += due;
    return fresh;
  });
  assert.ok(drawn.length <= 1 + 6 + 4 * 10, `${drawn.length} lines were drawn`);
  assert.ok(drawn.length >= 40, `${drawn.length} lines were drawn`);
  const seqs = drawn.map((each) => each.seq);
  assert.deepEqual(
    seqs,
    [...seqs].sort((one, other) => one - other),
  );
  // What is drawn last is from the last seconds, not from a queue that grows.
  assert.ok(seqs[seqs.length - 1] > seq - 1_500);
  assert.ok(pacing.skipped > 4_800);
});

test("a quiet chat loses nothing and waits for nothing", () => {
  gap = QUIET;
  const pacing = new ChatPacing();
  pacing.offer([line(1)], 0);
  for (let each = 2; each < 30; each += 1) {
    pacing.offer([line(each)], each * 400);
    const seqs = pacing.take(each * 400).map(({ seq }) => seq);
    assert.equal(seqs[seqs.length - 1], each);
  }
  assert.equal(pacing.skipped, 0);
});

test("the team's lines are all drawn, however many others come", () => {
  const pacing = new ChatPacing();
  pacing.offer([line(1)], 0);
  let seq = 2;
  const drawn = play(pacing, 0, 8_000, (now) => {
    if (now > 5_000) return [];
    const fresh = lines(seq, seq + 8);
    seq += 9;
    return [...fresh, line(seq - 1, { role: "host" })];
  });
  const said = drawn.filter(({ role }) => role === "host").length;
  assert.ok(said > 250);
  assert.equal(said, (seq - 2) / 9);
});

test("what the reader wrote comes in the next frame, also where its answer came later", () => {
  for (const isEarly of [true, false]) {
    const pacing = new ChatPacing();
    pacing.offer(lines(1, 40), 0);
    play(pacing, 0, 500);
    if (isEarly) pacing.own(60);
    pacing.offer(lines(40, 61), 600);
    if (!isEarly) pacing.own(60);
    const drawn = [];
    for (let frame = 0; frame < 5; frame += 1) drawn.push(...pacing.take(600 + frame * FRAME));
    assert.equal(drawn[drawn.length - 1].seq, 60);
  }
});

test("a hidden line that waits is not drawn, and the first ones are the latest", () => {
  gap = QUIET;
  const pacing = new ChatPacing({ first: 10 });
  pacing.offer(lines(1, 51), 0);
  pacing.remove(45);
  const drawn = play(pacing, 0, 200).map(({ seq }) => seq);
  assert.deepEqual(drawn, [41, 42, 43, 44, 46, 47, 48, 49, 50]);
  assert.equal(pacing.isWaiting, false);
});

test("of what is drawn, a snapshot that goes back so far and lacks it says that it was hidden", () => {
  const now = [line(20), line(22)];
  assert.deepEqual(hiddenSince([3, 20, 21, 22], now), [21]);
  assert.deepEqual(hiddenSince([20, 22], now), []);
  assert.deepEqual(hiddenSince([3, 4], []), [3, 4], "a snapshot without lines has none to show");
});

test("lines that wait for their turn can be told and taken away", () => {
  gap = QUIET;
  const pacing = new ChatPacing({ perSecond: 1, burst: 1, first: 5 });
  pacing.offer(lines(1, 6), 0);
  const drawn = pacing.take(0);
  assert.deepEqual([...drawn.map(({ seq }) => seq), ...pacing.waiting], [1, 2, 3, 4, 5]);
  pacing.remove(5);
  assert.ok(!pacing.waiting.includes(5));
});
