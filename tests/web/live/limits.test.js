import { stand } from "../support/page.js";

stand("en", { order_boxes: 20 });

import assert from "node:assert/strict";
import { mock, test } from "node:test";

const { mostOf, mostOfFlash, mostOfOrder } = await import(
  "../../../web/static/pages/live/buying/basket/box-limits.js"
);
const { PriceGuard } = await import("../../../web/static/pages/live/buying/price-guard.js");
const { now } = await import("../../../web/static/lib/channel/server-clock.js");
const { card, cny } = await import("../support/samples.js");

const basket = (cards, lines = [], more = {}) => ({
  lines: new Map(lines),
  hold: null,
  scene: { offers: new Map(cards.map((each) => [each.id, each])), orders: new Map() },
  ...more,
});
const flash = (more = {}) => ({
  id: "f",
  state: "running",
  price: cny(1_990),
  boxes: 5,
  per_buyer: null,
  starts_at: 0,
  ends_at: now() + 60_000,
  ...more,
});

test("an order holds so many boxes beside its other lines", () => {
  const lines = [
    ["a", { quantity: 4 }],
    ["b", { quantity: 15 }],
  ];
  assert.equal(mostOfOrder("a", basket([], lines)), 5);
  assert.equal(mostOfOrder("c", basket([], lines)), 1);
});

test("no more is wanted than is left of the offer, and what is held already", () => {
  assert.equal(mostOf("a", basket([card("a", { released: 10, sold: 7 })])), 3);
  const hold = { id: "h", lines: new Map([["a", { quantity: 2 }]]) };
  const held = card("a", { released: 10, sold: 7, held: 2 });
  assert.equal(mostOf("a", basket([held], [["a", { quantity: 2 }]], { hold })), 3);
  assert.equal(mostOf("gone", basket([])), 0);
});

test("a lot is shared by the lines of all its boxes", () => {
  const lot = { left_g: 12_000 };
  const cards = [card("a", { lot }), card("b", { net_weight_g: 5_000, lot })];
  assert.equal(mostOf("a", basket(cards, [["b", { quantity: 1 }]])), 2);
  assert.equal(mostOf("a", basket(cards)), 4);
});

test("at a flash price the batch's boxes count, and what a buyer had of it", () => {
  const cards = [card("a", { kept: 5, released: 20, flash: flash({ per_buyer: 3 }) })];
  const lines = [["a", { quantity: 1, flash: "f" }]];
  assert.equal(mostOf("a", basket(cards, lines)), 3);
  const scene = basket(cards).scene;
  scene.orders.set("1", { id: "1", state: "placed", lines: [{ flash: "f", quantity: 2 }] });
  scene.orders.set("2", { id: "2", state: "cancelled", lines: [{ flash: "f", quantity: 1 }] });
  assert.equal(mostOf("a", basket(cards, lines, { scene })), 1);
  assert.equal(mostOfFlash(flash(), basket(cards)), Infinity);
});

test("a batch that is over gives what is held of it, and no more", () => {
  const over = [card("a", { released: 20, flash: null })];
  const lines = [["a", { quantity: 2, flash: "f" }]];
  assert.equal(mostOf("a", basket(over, lines)), 0);
  const hold = { id: "h", lines: new Map([["a", { quantity: 2, flash: "f" }]]) };
  assert.equal(mostOf("a", basket(over, lines, { hold })), 2);
});

test("a press takes the amount under the thumb, and never a higher one that came meanwhile", () => {
  const button = new EventTarget();
  const guard = new PriceGuard(button);
  let time = 10_000;
  mock.method(performance, "now", () => time);
  guard.show(100);
  time += 5_000;
  button.dispatchEvent(new Event("pointerdown"));
  guard.show(200);
  assert.equal(guard.take(), 100);
  // A price that has just risen is taken as it was before.
  assert.equal(guard.take(), 100);
  time += 700;
  assert.equal(guard.take(), 200);
  // One that has just fallen is taken as it is.
  guard.show(150);
  assert.equal(guard.take(), 150);
  button.dispatchEvent(new Event("pointerdown"));
  button.dispatchEvent(new Event("pointercancel"));
  guard.clear();
  guard.show(300);
  assert.equal(guard.take(), 300);
  mock.restoreAll();
});
