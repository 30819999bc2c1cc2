// A refusal that comes late, by HTTP, does not stand against what the log told meanwhile.

import "../support/english-page.js";
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Problem } from "../../../web/static/lib/channel/api.js";
import { BroadcastState } from "../../../web/static/lib/state/broadcast-state.js";
import { Basket } from "../../../web/static/pages/live/buying/basket/basket.js";
import { card, events } from "../support/samples.js";

const soldOut = () =>
  new Problem({ type: "/problems/sold-out", status: 409, offers: [{ offer: "a", left: 0 }] });
let scene;
let basket;

/** Events reach the scene, then the basket, as shop.js has it. */
function tell(...each) {
  for (const event of events(...each)) {
    scene.apply(event);
    basket.log.hear(event);
  }
}
const stock = (left) => ["stock.changed", { offer: "a", released: 10, sold: 10 - left, left }];

beforeEach(() => {
  mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  scene = new BroadcastState();
  scene.load({
    broadcast: { id: "B", title: {}, state: "live" },
    offers: [card("a"), card("b", { lot: { id: "OTHER" } })],
    chat: [],
    audience: { viewers: 0, reactions: 0 },
  });
  basket = new Basket("B", { state: "open", ask: () => new Promise(() => {}) }, scene);
  basket.add("a", 2_990);
});
afterEach(() => mock.timers.reset());

test("what a refusal tells stands on the card until the log tells more", () => {
  const asked = basket.log.now;
  tell(["stock.changed", { offer: "b", released: 10, sold: 1, left: 9 }]);
  basket.refused(soldOut(), asked);
  assert.equal(scene.offers.get("a").left, 0);
  tell(stock(4));
  assert.equal(scene.offers.get("a").left, 4);
});

test("a late refusal changes no card that the log told of since", () => {
  const asked = basket.log.now;
  tell(stock(4));
  basket.refused(soldOut(), asked);
  assert.equal(scene.offers.get("a").left, 4);
  assert.deepEqual(
    basket.changes.map(({ offer, left }) => [offer, left]),
    [["a", 0]],
    "the buyer is told all the same",
  );
});

test("nor one of before a snapshot", () => {
  const asked = basket.log.now;
  basket.log.hearAll();
  basket.refused(soldOut(), asked);
  assert.equal(scene.offers.get("a").left, 10);
});

test("a lot that was resumed meanwhile is not stopped by a late refusal", () => {
  const asked = basket.log.now;
  const lot = scene.offers.get("a").lot.id;
  tell(["lot.resumed", { lot, tested: true }]);
  const problem = new Problem({ type: "/problems/lot-stopped", lot, reasons: ["test"] });
  basket.refused(problem, asked);
  assert.deepEqual(scene.offers.get("a").lot.stopped, []);
  assert.ok(basket.lines.has("a"));
  basket.refused(problem, basket.log.now);
  assert.ok(!basket.lines.has("a"));
});
