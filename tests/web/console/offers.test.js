// What a host is told and proposed of offers: flash batches, wrong prices, what waits.

import "../support/english-page.js";

import assert from "node:assert/strict";
import { test } from "node:test";

const flash = await import("../../../web/static/pages/console/offers/flash-plan.js");
const { sliceOf } = await import("../../../web/static/pages/console/offers/flash-batches.js");
const { lineAt, takenAt } = await import(
  "../../../web/static/pages/console/offers/mispriced-orders.js"
);
const { notesOf } = await import("../../../web/static/pages/console/offers/bag-notes.js");
const { neededMore } = await import("../../../web/static/pages/console/offers/release.js");
const { OfferNotices } = await import("../../../web/static/pages/console/offers/offer-notices.js");
const { card } = await import("../support/samples.js");

test("a flash's price is about an eighth lower, with the ending of the present one", () => {
  const prices = [
    [2990, 2],
    [5400, 2],
    [690, 2],
    [3000, 0],
  ].map(([amount, places]) => flash.proposedPrice(amount, places));
  assert.deepEqual(prices, [2590, 4700, 600, 2640]);
  assert.equal(flash.proposedPrice(1, 2), 1);
});

test("so many boxes as viewers and those who wait make likely, and the lot gives", () => {
  const some = { viewers: 0, waiting: 0, left: 20, most: 200 };
  const boxes = [{}, { viewers: 1204 }, { waiting: 30 }, { left: 12 }, { most: 4 }, { most: null }];
  assert.deepEqual(
    boxes.map((each) => flash.proposedBoxes({ ...some, ...each })),
    [10, 50, 30, 12, 4, 10],
  );
});

test("a flash takes what is left, then what its lot gives", () => {
  const of = (...each) => {
    const { fromLeft, released, rest, lotRest } = flash.outcome(...each);
    return [fromLeft, released, rest, lotRest];
  };
  assert.deepEqual(of(10, 20, 200), [10, 0, 10, 190]);
  assert.deepEqual(of(30, 20, 200), [20, 10, 0, 170]);
  assert.deepEqual(of(30, 20, 25), [20, 5, 0, 0]);
  assert.deepEqual(of(30, 20, null), [20, 10, 0, null]);
});

test("only a vast flash is asked for once more", () => {
  const vast = [
    [10, 20, 200],
    [20, 20, 200],
    [50, 20, 200],
    [51, 20, 200],
    [25, 20, 25],
    [51, 20, null],
  ].map((each) => flash.isVast(flash.outcome(...each), 10));
  assert.deepEqual(vast, [false, false, false, true, true, true]);
});

test("a start is proposed on a round five minutes", () => {
  const minute = 60_000;
  assert.equal(flash.roundMoment(1, 10), 15 * minute);
  assert.equal(flash.roundMoment(5 * minute, 10), 15 * minute);
});

test("what of a running flash is sold, held and left adds up to its boxes", () => {
  const held = [
    {
      lines: [
        { flash: "f", quantity: 2 },
        { flash: "g", quantity: 9 },
      ],
    },
    {},
  ];
  assert.deepEqual(sliceOf({ id: "f", boxes: 10 }, 5, held), {
    released: 10,
    left: 5,
    held: 2,
    sold: 3,
  });
  assert.deepEqual(sliceOf({ id: "f", boxes: 10 }, -1, []).left, 0);
});

const line = (price, more = {}) => ({ offer: "a", quantity: 1, price, ...more });
const order = (id, lines, more = {}) => ({
  id,
  number: id,
  state: "placed",
  at: 100,
  lines,
  ...more,
});

test("an order is at a wrong price by its line, and at a flash's by the batch", () => {
  const priced = { offer: "a", price: 990 };
  assert.ok(lineAt(order("1", [line(990)]), priced));
  assert.equal(lineAt(order("1", [line(990, { flash: "f" })]), priced), undefined);
  assert.ok(lineAt(order("1", [line(500, { flash: "f" })]), { ...priced, flash: "f" }));
  assert.equal(lineAt(order("1", [line(990, { offer: "b" })]), priced), undefined);
});

test("orders since a price began are counted, those known before it too, and what is held", () => {
  const orders = [
    order("1", [line(990)], { at: 50 }),
    order("2", [line(990)]),
    order("3", [line(990)], { state: "held", number: undefined }),
    order("4", [line(1_990)]),
  ];
  const taken = takenAt(orders, { offer: "a", price: 990, from: 100, known: ["1"] });
  assert.deepEqual([...taken.orders], ["1", "2"]);
  assert.deepEqual(
    taken.held.map(({ id }) => id),
    ["3"],
  );
});

test("so many more serve all who wait, as the lot gives them", () => {
  assert.equal(neededMore({ waiting: 5, left: 2 }, null), 3);
  assert.equal(neededMore({ waiting: 5, left: -2 }, null), 5);
  assert.equal(neededMore({ waiting: 5, left: 0 }, 2), 2);
  assert.equal(neededMore({ left: 0 }, 2), 0);
});

const bagOf = (cards, more = {}) => ({
  scene: { pinned: null, offers: new Map(cards.map((each) => [each.id, each])) },
  deeds: { releases: { release: () => {} } },
  notes: new OfferNotices(),
  takeDown: () => {},
  ...more,
});
const keys = (notes) => notes.map(({ key }) => key);

test("the notes of an offer stand in the order in which they matter", () => {
  const offer = card("a", { waiting: 3, left: 0, released: 0 });
  const bag = bagOf([offer]);
  for (const key of ["flash", "price", "refused"])
    bag.notes.put("a", key, { icon: "tag", words: key });
  assert.deepEqual(keys(notesOf(offer, false, bag)), ["refused", "price", "waiting", "flash"]);
  assert.deepEqual(keys(notesOf(offer, true, bag)), []);
  assert.deepEqual(keys(notesOf(offer, false, { ...bag, deeds: null })), []);
});

test("a stopped lot is all that is told of its offer, with the way to take its card down", () => {
  const stopped = [{ kind: "test_failed", at: 0 }];
  const offer = card("a", { lot: { stopped } });
  const bag = bagOf([offer], { deeds: null });
  bag.scene.pinned = "a";
  const [note, ...more] = notesOf(offer, false, bag);
  assert.deepEqual(more, []);
  assert.deepEqual(
    note.acts.map(({ words }) => words),
    ["Unpin"],
  );
  assert.deepEqual(notesOf(offer, true, bag)[0].acts, []);
});

test("a note that says the same again changes nothing", () => {
  const notes = new OfferNotices();
  let changes = 0;
  notes.addEventListener("change", () => {
    changes += 1;
  });
  notes.put("a", "price", { icon: "tag", words: "One" });
  notes.put("a", "price", { icon: "tag", words: "One" });
  notes.put("a", "price", { icon: "tag", words: "Two" });
  notes.drop("a", "none");
  assert.equal(changes, 2);
  notes.drop("a", "price");
  assert.deepEqual(notes.of("a"), []);
});
