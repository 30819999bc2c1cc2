import "../support/english-page.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { BroadcastState, isStopped } from "../../../web/static/lib/state/broadcast-state.js";
import { card, cny, events, offer } from "../support/samples.js";

function begin(more = {}) {
  const state = new BroadcastState();
  state.load({
    broadcast: { id: "B", title: {}, state: "live" },
    paused: false,
    source: null,
    pinned: null,
    offers: [],
    chat: [],
    audience: { viewers: 0, reactions: 0 },
    ...more,
  });
  return state;
}

function after(state, ...each) {
  for (const event of events(...each)) state.apply(event);
  return state;
}

const stock = (name, more) => [
  "stock.changed",
  { offer: name, released: 10, sold: 0, left: 0, ...more },
];

test("the bag is in the order of its places, whenever an offer came", () => {
  const state = after(
    begin(),
    ["offer.added", offer("b", { position: 2 })],
    ["offer.added", offer("a", { position: 1 })],
    ["offer.changed", { offer: "b", position: 1 }],
    ["offer.changed", { offer: "a", position: 2 }],
  );
  assert.deepEqual([...state.offers.keys()], ["b", "a"]);
});

test("a card shows no more than its lot still gives, of all boxes of the lot", () => {
  const state = after(begin({ offers: [card("a"), card("b", { net_weight_g: 5_000 })] }), [
    "stock.changed",
    { offer: "a", released: 10, sold: 0, left: 10, lot: "LOT", lot_sold_g: 0, lot_left_g: 12_000 },
  ]);
  assert.deepEqual([state.offers.get("a").left, state.offers.get("b").left], [4, 2]);
});

test("the moment when the last box went is kept until there are some again", () => {
  const state = begin({ offers: [card("a")] });
  after(state, stock("a", { sold: 10 }));
  assert.equal(state.offers.get("a").gone_at, 1_000);
  after(state, stock("a", { sold: 10 }), stock("a", { sold: 10 }));
  assert.equal(state.offers.get("a").gone_at, 1_000);
  after(state, stock("a", { sold: 9 }));
  assert.equal(state.offers.get("a").gone_at, undefined);
});

test("a card that was sold out before the page was opened went at no known time", () => {
  assert.equal(begin({ offers: [card("a", { sold: 10, left: 0 })] }).offers.get("a").gone_at, null);
});

test("a stopped lot stands on each of its cards until it is lifted", () => {
  const state = begin({ offers: [card("a"), card("b"), card("c", { lot: { id: "OTHER" } })] });
  after(state, ["lot.stopped", { lot: "LOT", reasons: [{ kind: "test_failed", at: 1 }] }]);
  assert.deepEqual([...state.offers.values()].map(isStopped), [true, true, false]);
  after(state, ["lot.resumed", { lot: "LOT", tested: true, sentence: "All is well." }]);
  assert.deepEqual([...state.offers.values()].map(isStopped), [false, false, false]);
  assert.deepEqual(state.offers.get("a").lot.lifted, { sentence: "All is well.", at: 1_000 });
});

test("a flash batch is over only by the event of its own", () => {
  const batch = { flash: "f", offer: "a", price: cny(1_990), boxes: 5, per_buyer: null };
  const times = { starts_at: 10_000, ends_at: 20_000 };
  const state = after(begin({ offers: [card("a")] }), ["flash.started", { ...batch, ...times }]);
  assert.equal(state.offers.get("a").flash.state, "running");
  after(state, ["flash.ended", { flash: "older", offer: "a", sold: 0, why: "time" }]);
  assert.equal(state.offers.get("a").flash.id, "f");
  after(state, ["flash.ended", { flash: "f", offer: "a", sold: 0, why: "time" }]);
  assert.equal(state.offers.get("a").flash, null);
});

test("when the server's clock was set, what runs keeps its remaining time and what is planned its hour", () => {
  const flash = (state) => ({ id: "f", state, price: cny(1), boxes: 1, starts_at: 1, ends_at: 2 });
  const state = begin({
    offers: [card("a", { flash: flash("running") }), card("b", { flash: flash("planned") })],
    orders: [
      { id: "held", state: "held", until: 500, at: 1 },
      { id: "placed", state: "placed", at: 1 },
    ],
  });
  after(state, ["clock.moved", { by: 100 }]);
  assert.equal(state.offers.get("a").flash.ends_at, 102);
  assert.equal(state.offers.get("b").flash.ends_at, 2);
  assert.equal(state.orders.get("held").until, 600);
});

test("a hold that is placed is an order among the latest, without its time to run", () => {
  const lines = [{ offer: "a", lot: "LOT", farm: "f", quantity: 1, price: 1, total: 1 }];
  const held = { order: "o", state: "held", payment: "due", lines, until: 9_000 };
  const state = after(
    begin({ orders: [{ id: "older", state: "placed", at: 1 }] }),
    ["order.held", held],
    ["order.held", { ...held, order: "other" }],
    ["order.placed", { order: "o", state: "placed", payment: "due", number: "A0001", lines }],
  );
  assert.deepEqual([...state.orders.keys()], ["older", "other", "o"]);
  assert.equal(state.orders.get("o").until, undefined);
  assert.equal(state.orders.get("o").at, 3_000);
});

test("a hold that came to nothing is no order any more, and known as such", () => {
  const state = after(
    begin(),
    ["order.held", { order: "o", state: "held", payment: "due", lines: [], until: 9_000 }],
    ["order.expired", { order: "o", state: "expired", payment: "due" }],
  );
  assert.deepEqual([...state.orders.keys()], []);
  assert.equal(state.over.get("o").state, "expired");
});

test("a step of an order that is older than the snapshot tells nothing", () => {
  const state = after(begin(), ["order.packed", { order: "o", state: "packed", payment: "due" }]);
  assert.equal(state.orders.size, 0);
});

test("a cancelled order stays an order, and one placed again keeps its place and time", () => {
  const state = after(
    begin({
      orders: [
        { id: "a", state: "placed", at: 1 },
        { id: "b", state: "placed", at: 2 },
      ],
    }),
    ["order.cancelled", { order: "a", state: "cancelled", payment: "due" }],
    ["order.placed", { order: "a", state: "placed", payment: "due", undone: true }],
  );
  assert.deepEqual([...state.orders.keys()], ["a", "b"]);
  assert.equal(state.orders.get("a").at, 1);
});

test("the chat keeps its last fifty lines, and loses what is hidden", () => {
  const state = begin();
  const said = Array.from({ length: 52 }, (_, index) => [
    "chat.said",
    { nickname: "n", text: String(index) },
  ]);
  after(state, ...said);
  assert.deepEqual([state.chat.length, state.chat[0].text], [50, "2"]);
  state.apply({ seq: 53, at: 1, kind: "chat.hidden", data: { message: 52 } });
  assert.equal(state.chat[state.chat.length - 1].text, "50");
  state.apply({ seq: 54, at: 1, kind: "chat.said", data: {} });
  assert.equal(state.chat.length, 49);
});

test("a source that takes over ends a pause, and the end takes the card away", () => {
  const state = after(
    begin({ pinned: "a", offers: [card("a")] }),
    ["broadcast.paused", { reason: "source" }],
    ["source.switched", { source: "s", label: "Camera 1" }],
  );
  assert.equal(state.paused, false);
  assert.equal(state.card.id, "a");
  after(state, ["source.left", { source: "other" }]);
  assert.equal(state.source.id, "s");
  after(state, ["source.left", { source: "s" }], ["broadcast.ended", {}]);
  assert.deepEqual([state.source, state.card, state.broadcast.state], [null, null, "ended"]);
});
