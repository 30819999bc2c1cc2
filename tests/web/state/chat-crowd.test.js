// Whatever some viewer reads in a flood, the host finds on the console, to hide it or mute its sender.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatPacing, rank } from "../../../web/static/lib/state/chat-pacing.js";

const SNAPSHOT = 50;
const VIEWERS = 50;
const STEP = 50;
const SECONDS = 40;
/** What stands on the console's page, as pages/console/chat.js has it. */
const KEPT = 300;
const CONSOLE = { perSecond: 8, burst: 15, first: 50, keeps: 300 };

/** Numbers between 0 and 1, the same in each run. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A chat at a rate, in which each line comes by chance and a tenth of the log is no line at all. */
function* said(perSecond, random) {
  let at = 1_000_000;
  for (let seq = 1; ; seq += random() < 0.1 ? 2 : 1) {
    at += (-Math.log(1 - random()) * 1_000) / perSecond;
    yield { seq, at: Math.floor(at), nickname: "Fang", text: String(seq) };
  }
}

/** Play the flood: what viewers drew that could not be found, and how much all drew. */
function play(perSecond, { hidden = () => false } = {}) {
  const random = numbers(perSecond);
  const log = said(perSecond, random);
  const chat = [];
  const end = 1_000_000 + SECONDS * 1_000;
  const page = (options) => ({ pacing: new ChatPacing(options), drawn: [] });
  const host = page(CONSOLE);
  const viewers = Array.from({ length: VIEWERS }, (_, index) => ({
    ...page(),
    joins: 1_000_000 + (index * SECONDS * 1_000) / VIEWERS + random() * 500,
    seen: 0,
  }));
  let next = log.next().value;
  const lost = new Set();
  for (let now = 1_000_000; now < end; now += STEP) {
    const fresh = [];
    for (; next.at <= now; next = log.next().value) fresh.push(next);
    chat.push(...fresh);
    const snapshot = chat.slice(-SNAPSHOT);
    const look = (each, isHidden) => {
      each.pacing.offer(each.isThere ? fresh : snapshot, now);
      each.isThere = true;
      if (isHidden) each.drawn.push(...each.pacing.takeAll());
      // Three frames of a viewer's in each step; a console draws less often.
      else for (let frame = 0; frame < 3; frame += 1) each.drawn.push(...each.pacing.take(now));
    };
    if (hidden(now - 1_000_000)) look(host, true);
    else {
      host.pacing.offer(host.isThere ? fresh : snapshot, now);
      host.isThere = true;
      if (now % 150 === 0) host.drawn.push(...host.pacing.take(now));
    }
    const found = new Set([
      ...host.drawn.slice(-KEPT).map(({ seq }) => seq),
      ...host.pacing.waiting,
      ...host.pacing.passed.map(({ seq }) => seq),
    ]);
    for (const viewer of viewers) {
      if (now < viewer.joins) continue;
      const before = viewer.drawn.length;
      look(viewer, viewer.joins % 2 > 1);
      for (const { seq } of viewer.drawn.slice(before)) if (!found.has(seq)) lost.add(seq);
    }
  }
  return { lost, host, viewers, lines: chat.length };
}

for (const perSecond of [10, 20, 60, 500]) {
  test(`${perSecond} lines a second: each that some viewer drew is on the console`, () => {
    const { lost, viewers, lines } = play(perSecond);
    assert.deepEqual([...lost], []);
    const drawn = viewers[0].drawn.length;
    assert.ok(drawn >= SECONDS, `${drawn} of ${lines} lines were drawn`);
    assert.ok(drawn <= 6 * SECONDS, `${drawn} of ${lines} lines were drawn`);
  });

  test(`${perSecond} lines a second: so it is while the console stands behind other windows`, () => {
    const { lost } = play(perSecond, { hidden: (since) => since > 10_000 && since < 30_000 });
    assert.deepEqual([...lost], []);
  });
}

test("many lines at once into an empty chat are new ones: some are drawn, all others are kept", () => {
  const pacing = new ChatPacing(CONSOLE);
  pacing.begin([], 0);
  pacing.offer(
    Array.from({ length: 300 }, (_, index) => ({ seq: index + 1, at: 5, text: "" })),
    0,
  );
  const drawn = pacing.takeAll().length;
  assert.ok(drawn >= 32 && drawn < 120, String(drawn));
  assert.equal(drawn + pacing.passed.length, 300);
});

test("a page whose link was gone takes the rate from what came since, and draws no flood", () => {
  const pacing = new ChatPacing();
  const log = said(500, numbers(7));
  const lines = Array.from({ length: 6_000 }, () => log.next().value);
  pacing.offer(lines.slice(0, 50), 0);
  for (let each = 50; each < 2_000; each += 1) pacing.offer(lines.slice(each, each + 1), each * 2);
  pacing.takeAll();
  // Four seconds of lines are missing before the snapshot.
  pacing.begin(lines.slice(4_000, 4_050), 8_000);
  for (let each = 4_050; each < 6_000; each += 1)
    pacing.offer(lines.slice(each, each + 1), each * 2);
  const drawn = pacing.takeAll();
  assert.ok(drawn.length > 4 && drawn.length < 32, `${drawn.length} in four seconds`);
  assert.ok(drawn.every(({ seq }) => rank(seq) >= 6));
});

test("viewers who have been there a while draw the same lines", () => {
  const { viewers } = play(20);
  const [one, other] = [viewers[0], viewers[10]];
  const from = other.joins + 10_000;
  const later = ({ drawn }) => drawn.filter(({ at }) => at > from).map(({ seq }) => seq);
  const [all, some] = [new Set(later(one)), later(other)];
  const same = some.filter((seq) => all.has(seq)).length;
  assert.ok(same > some.length * 0.8, `${same} of ${some.length}`);
});

test("the console keeps the last lines that it passed over, but none that was hidden", () => {
  const { host } = play(60);
  assert.equal(host.pacing.passed.length, 300);
  assert.ok(host.pacing.skipped > 1_500);
  const { seq } = host.pacing.passed[299];
  host.pacing.remove(seq);
  assert.ok(host.pacing.passed.every((line) => line.seq !== seq));
});

test("each rank has half as many lines as the one before", () => {
  const ranks = Array.from({ length: 32_000 }, (_, seq) => rank(seq * 2 + 1));
  for (const least of [1, 2, 3, 4, 5]) {
    const share = (ranks.filter((each) => each >= least).length / 32_000) * 2 ** least;
    assert.ok(share > 0.9 && share < 1.1, `${share} of those of rank ${least}`);
  }
});
