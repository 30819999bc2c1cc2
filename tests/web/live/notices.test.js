// What the buying sheet says where something went wrong or changed, and the taps that answer it.

import "../support/english-page.js";

import assert from "node:assert/strict";
import { test } from "node:test";

const { noticeOf } = await import("../../../web/static/pages/live/buying/notices.js");
const { card, cny } = await import("../support/samples.js");

const situation = (changes, more = {}, basket = {}) => {
  const cards = [card("a", { price: cny(2_990) }), card("b")];
  const lines = new Map([["a", { quantity: 2, price: 1_990 }]]);
  return {
    basket: { changes, lines, hold: null, problem: null, state: "held", ...basket },
    scene: { offers: new Map(cards.map((each) => [each.id, each])) },
    failed: null,
    taken: null,
    raised: null,
    heavy: undefined,
    act: { elsewhere: () => "bag", wait: (offer, quantity) => [offer, quantity] },
    ...more,
  };
};
/** What the taps of a notice did, in their order. */
const pressed = ({ acts }) => acts.map(([, run]) => run());
const does = Object.fromEntries(
  ["accept", "keepHeld", "without", "drop", "again", "ordinary"].map((name) => [name, () => name]),
);
const total = (basket) => ({ ...basket, total: cny(3_980), currency: "CNY", ...does });
const names = ({ acts }) => acts.map(([name]) => name);

test("a price that changed is taken for the whole sum, or not at all", () => {
  const changes = [{ offer: "a", was: 1_990, now: 2_990, over: "sold_out" }];
  const notice = noticeOf(situation(changes, {}, total({})));
  assert.match(notice.words, /Kumquats.*19\.90.*29\.90/);
  assert.match(names(notice)[0], /59\.80/);
  assert.deepEqual(pressed(notice), ["accept", "drop"]);
});

test("where more is in the basket one may order without it, and keep what is held", () => {
  const changes = [{ offer: "a", was: 1_990, now: 2_990 }];
  const lines = new Map([
    ["a", { quantity: 1, price: 1_990 }],
    ["b", { quantity: 1, price: 2_990 }],
  ]);
  assert.deepEqual(pressed(noticeOf(situation(changes, {}, total({ lines })))), [
    "accept",
    "without",
  ]);
  const hold = { lines: new Map([["a", { quantity: 1, price: 1_990 }]]) };
  const kept = noticeOf(situation(changes, {}, total({ lines, hold })));
  assert.deepEqual(pressed(kept), ["accept", "keepHeld"]);
});

test("what is sold out can be waited for, for as many as were wanted", () => {
  const gone = situation([{ offer: "a", left: 0, why: "sold-out", held: 0 }]);
  gone.scene.offers.get("a").left = 0;
  gone.scene.offers.get("a").released = 0;
  const notice = noticeOf(gone);
  assert.deepEqual(pressed(notice), [["a", 2], "bag"]);
});

test("of what fewer are left the order has those, without a question", () => {
  const notice = noticeOf(situation([{ offer: "a", left: 1, why: "sold-out" }]));
  assert.match(notice.words, / 1 .*Kumquats/);
  assert.deepEqual(notice.acts, []);
});

test("a stopped lot stands before a raised total, and that before a heavy parcel", () => {
  const raised = { was: "¥10", now: "¥12" };
  const all = { taken: "Out.", raised, heavy: 10_000 };
  assert.equal(noticeOf(situation([], all)).words, "Out.");
  assert.match(noticeOf(situation([], { ...all, taken: null })).words, /¥12.*¥10/);
  assert.match(noticeOf(situation([], { heavy: 10_000 })).words, /10 kg/);
  assert.equal(noticeOf(situation([])).words, "");
});

test("a hold that could not be had is asked for again, unless no asking helps", () => {
  const problem = (slug) => ({ slug, body: {}, message: "No." });
  const loose = (slug) => situation([], {}, { ...does, state: "loose", problem: problem(slug) });
  assert.deepEqual(pressed(noticeOf(loose("offline"))), ["again"]);
  assert.deepEqual(pressed(noticeOf(loose("hold-share"))), []);
  assert.deepEqual(noticeOf(loose("unknown-message-type")), { words: "", acts: [] });
});
