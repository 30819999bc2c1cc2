// What a basket takes up as its hold, and what becomes of it where the server or the log says otherwise.

import { stand } from "../support/page.js";

stand("en", { order_boxes: 20 });

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

// Nothing comes by itself: each test says when the basket looks.
Object.assign(globalThis, {
  setInterval: () => 0,
  setTimeout: () => 0,
});

const { Basket } = await import("../../../web/static/pages/live/buying/basket/basket.js");
const { changesOf } = await import("../../../web/static/pages/live/buying/basket/hold-refusal.js");
const { BroadcastState } = await import("../../../web/static/lib/state/broadcast-state.js");
const { Problem } = await import("../../../web/static/lib/channel/api.js");
const { now } = await import("../../../web/static/lib/channel/server-clock.js");
const { card, cny, offer } = await import("../support/samples.js");

/** A channel that is out of reach and keeps what it is asked. */
class Link {
  constructor() {
    this.state = "open";
    this.asked = [];
  }
  ask(message) {
    this.asked.push(message);
    return new Promise(() => {});
  }
}

let link;
let scene;
let basket;

beforeEach(() => {
  link = new Link();
  scene = new BroadcastState();
  basket = new Basket("B", link, scene);
  Object.defineProperty(globalThis.navigator, "onLine", { value: true, configurable: true });
});

const add = (id, more) =>
  scene.apply({ seq: 1, at: now(), kind: "offer.added", data: offer(id, more) });
const held = (order, lines, more = {}) => ({
  order,
  state: "held",
  lines: lines.map(([id, quantity, price]) => ({
    offer: id,
    lot: "LOT",
    farm: "youxi",
    quantity,
    price,
    total: quantity * price,
  })),
  total: cny(0),
  payment: "due",
  until: now() + 300_000,
  ...more,
});

test("boxes from the waiting list are a hold that can be named: given back, and ordered", async () => {
  add("a");
  const event = held("h1", [["a", 2, 2_990]], { waited: true });
  scene.apply({ seq: 2, at: now(), kind: "order.held", data: event });
  basket.served({ ...event, waited: event.lines });
  assert.equal(basket.hold.id, "h1");
  assert.equal(basket.state, "held");
  assert.deepEqual([...basket.lines], [["a", { quantity: 2, price: 2_990, flash: undefined }]]);
  basket.drop();
  assert.deepEqual(link.asked, [{ type: "hold.drop", order: "h1" }]);
});

test("what is held by the log is the basket after a reload, and no more once it is over", () => {
  add("a");
  scene.apply({ seq: 2, at: now(), kind: "order.held", data: held("h1", [["a", 1, 2_990]]) });
  basket.sync();
  assert.equal(basket.hold.id, "h1");
  scene.apply({
    seq: 3,
    at: now(),
    kind: "order.expired",
    data: { order: "h1", state: "expired" },
  });
  basket.sync();
  assert.equal(basket.hold, null);
  assert.equal(basket.state, "over");
});

test("a lower price than the held one is asked for at once", () => {
  add("a");
  basket.adopt({ id: "h1", ...held("h1", [["a", 1, 2_990]]) });
  scene.apply({
    seq: 2,
    at: now(),
    kind: "offer.changed",
    data: { offer: "a", price: cny(2_490) },
  });
  basket.sync();
  assert.equal(basket.lines.get("a").price, 2_490);
  assert.equal(basket.state, "asking");
  assert.equal(basket.following, "price");
  // It can't be had: what is held stays as it was.
  basket.refused(new Problem({ type: "/problems/sold-out", offers: [] }));
  assert.equal(basket.lines.get("a").price, 2_990);
  assert.equal(basket.state, "held");
});

test("a wrong price that was put right asks whoever pays more now", () => {
  add("a");
  basket.adopt({ id: "h1", ...held("h1", [["a", 1, 990]]) });
  basket.corrected(held("other", [["a", 1, 2_990]]));
  assert.equal(basket.hold.lines.get("a").price, 990);
  basket.corrected(held("h1", [["a", 1, 2_990]]));
  assert.equal(basket.hold.lines.get("a").price, 2_990);
  assert.deepEqual(basket.changes, [{ offer: "a", was: 990, now: 2_990, over: "wrong" }]);
  assert.ok(basket.blocked);
  basket.accept();
  assert.equal(basket.lines.get("a").price, 2_990);
});

test("the clock's step moves the end of what is held", () => {
  add("a");
  basket.adopt({ id: "h1", ...held("h1", [["a", 1, 2_990]], { until: 1_000 }) });
  basket.moved(500);
  assert.equal(basket.hold.until, 1_500);
});

test("a stopped lot goes out of the basket and is given back", () => {
  add("a");
  add("b", { lot: { id: "OTHER" } });
  basket.add("a");
  basket.add("b");
  const told = [];
  basket.addEventListener("stopped", ({ detail }) => told.push(...detail.map(({ id }) => id)));
  const reasons = [{ kind: "test_failed", at: 0 }];
  scene.apply({ seq: 9, at: now(), kind: "lot.stopped", data: { lot: "LOT", reasons } });
  basket.sync();
  assert.deepEqual(told, ["a"]);
  assert.deepEqual([...basket.lines.keys()], ["b"]);
});

const lines = (...each) => new Map(each);
const offers = (...cards) => new Map(cards.map((each) => [each.id, each]));

test("what a lot gives is shared by the lines in their order", () => {
  const cards = offers(card("a"), card("b", { net_weight_g: 5_000 }));
  const problem = { slug: "lot-spent", body: { lot: "LOT", left_g: 7_500 } };
  const wanted = lines(["a", { quantity: 2 }], ["b", { quantity: 2 }]);
  assert.deepEqual(changesOf(problem, { lines: wanted, hold: null, offers: cards }), [
    { offer: "b", left: 0, why: "lot-spent", lot: "YX-1" },
  ]);
  const hold = { lines: lines(["b", { quantity: 2 }]) };
  assert.deepEqual(changesOf(problem, { lines: wanted, hold, offers: cards }), []);
});

test("a refused price and a limit say what was and what is", () => {
  const wanted = lines(["a", { quantity: 2, price: 1_990, flash: "f" }]);
  const basketOf = { lines: wanted, hold: null, offers: offers(card("a")) };
  const price = {
    slug: "price-changed",
    body: { offers: [{ offer: "a", price: cny(2_990), flash: { why: "sold_out" } }] },
  };
  assert.deepEqual(changesOf(price, basketOf), [
    { offer: "a", was: 1_990, now: 2_990, over: "sold_out" },
  ]);
  const limit = { slug: "limit-reached", body: { offer: "a", limit: 3, had: 2 } };
  assert.deepEqual(changesOf(limit, basketOf), [
    { offer: "a", left: 1, why: "limit-reached", limit: 3, had: 2, flash: "f" },
  ]);
  const unknown = { slug: "box-limit", body: { offer: "a", limit: 3, left: null } };
  assert.deepEqual(changesOf(unknown, basketOf), []);
});
