import "../support/english-page.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { adjustTo, now } from "../../../web/static/lib/channel/server-clock.js";
import {
  flashInWords,
  flashOf,
  leftOf,
  priceOf,
  running,
  wasOf,
} from "../../../web/static/lib/state/flash-batch.js";
import {
  balanceOf,
  gives,
  lotWords,
  releasable,
  spentWords,
} from "../../../web/static/lib/state/lot-balance.js";
import { forgetLinks, keepLink, linksOfOrders } from "../../../web/static/lib/state/order-links.js";
import { feeOf } from "../../../web/static/lib/state/parcel-fee.js";
import {
  firstBack,
  heldOf,
  isLow,
  isOut,
  leftOfWords,
  parts,
} from "../../../web/static/lib/state/stock-parts.js";
import { card, cny } from "../support/samples.js";

const flash = (more = {}) => ({
  id: "f",
  state: "running",
  price: cny(1_990),
  boxes: 5,
  per_buyer: null,
  starts_at: now() - 60_000,
  ends_at: now() + 60_500,
  ...more,
});
const inFlash = (more = {}, card_ = {}) =>
  card("a", { kept: 5, left: 5, flash: flash(more), ...card_ });

test("a flash batch gives its price while it runs, is cheaper and has boxes", () => {
  assert.equal(priceOf(inFlash()).amount, 1_990);
  assert.equal(wasOf(inFlash()).amount, 2_990);
  assert.equal(leftOf(inFlash()), 5);
  for (const dear of [
    inFlash({ state: "planned" }),
    inFlash({ price: cny(2_990) }),
    inFlash({}, { kept: 0 }),
    inFlash({ ends_at: now() - 10_001 }),
  ])
    assert.equal(flashOf(dear), null);
  // Its end is told a little after its time.
  assert.equal(running(inFlash({ ends_at: now() - 5_000 }))?.id, "f");
});

test("a flash batch gives no more than its lot, and of a stopped lot nothing", () => {
  assert.equal(leftOf(inFlash({}, { lot: { left_g: 5_000 } })), 2);
  assert.equal(leftOf(inFlash({}, { lot: { stopped: [{ kind: "test_failed" }] } })), 0);
});

test("a batch's line says what is coming, what runs and what is taken", () => {
  assert.deepEqual(flashInWords(card("a")), { state: "none", words: "", time: "" });
  const runs = flashInWords(inFlash({ per_buyer: 2 }));
  assert.deepEqual(
    [runs.state, runs.words, runs.time],
    ["running", "Flash price · 2 per buyer", "1:01"],
  );
  const taken = flashInWords(inFlash({}, { kept: 0 }));
  assert.deepEqual([taken.state, taken.words], ["taken", "All at ¥19.90 are taken for the moment"]);
  const soon = flashInWords(inFlash({ state: "planned", starts_at: now() + 30_000 }));
  assert.match(soon.words, /^¥19\.90 from \d\d:\d\d · 5 boxes$/);
  assert.equal(soon.time, "0:30");
  const late = flashInWords(inFlash({ state: "planned", starts_at: now() - 1 }));
  assert.match(late.words, /about to start/);
});

test("the server's clock goes on from what it said last, and back only anew", () => {
  const before = now();
  adjustTo(before + 60_000);
  assert.ok(now() >= before + 60_000);
  adjustTo(before);
  assert.ok(now() >= before + 60_000);
  adjustTo(before, true);
  assert.ok(now() < before + 30_000);
});

test("of what was released each box is sold, held, kept or left", () => {
  assert.deepEqual(parts({ released: 10, left: 4, held: 1, kept: 2 }), {
    released: 10,
    left: 4,
    held: 1,
    kept: 2,
    sold: 3,
  });
  assert.equal(parts({ released: 10, left: -1, sold: 11 }).left, 0);
});

test("little is left from fifteen of a hundred on; none is out only without a flash", () => {
  assert.ok(isLow({ released: 100, left: 15 }) && !isLow({ released: 100, left: 16 }));
  assert.ok(!isLow({ released: 100, left: 0 }));
  assert.ok(isOut({ left: 0 }) && !isOut({ left: 0, kept: 1 }));
  assert.equal(leftOfWords(card("a", { left: 3 })), "3 left");
  assert.equal(leftOfWords(card("a", { left: 0, kept: 2 })), "All in the flash batch");
  assert.equal(leftOfWords(card("a", { left: 0 })), "Sold out");
  assert.equal(leftOfWords(card("a", { lot: { stopped: [{}] } })), "Stopped");
});

test("boxes come back when the first hold of the offer ends", () => {
  const order = (id, until, name, state = "held") => [
    id,
    { id, state, at: 1, until, lines: [{ offer: name }] },
  ];
  const orders = new Map([
    order("1", 900, "a"),
    order("2", 500, "a"),
    order("3", 100, "b"),
    order("4", 50, "a", "placed"),
  ]);
  assert.equal(firstBack(heldOf(orders), "a"), 500);
  assert.equal(firstBack(heldOf(orders), "c"), null);
});

test("a lot's balance adds up to its harvest", () => {
  const lot = { harvested_g: 100_000, wasted_g: 5_000, sold_g: 20_000, left_g: 70_000 };
  const offers = [
    card("a", { held: 2, sold: 8, released: 20, lot }),
    card("b", { net_weight_g: 5_000, released: 4, lot }),
    card("c", { lot: { id: "OTHER" } }),
  ];
  const balance = balanceOf(offers[0], offers);
  const { wasted, sold, held, left } = balance;
  assert.equal(wasted + sold + held + left, 100_000);
  assert.equal(held, 5_000);
  assert.deepEqual(
    balance.boxes.map(({ offer, left: boxes, gives: most }) => [offer, boxes, most]),
    [
      ["a", 10, 28],
      ["b", 4, 14],
    ],
  );
  assert.equal(gives(offers[1], offers), 14);
  assert.equal(releasable(offers[0], offers), 18);
  assert.equal(lotWords(balance), "Lot YX-1: 70 kg left of 100 kg");
});

test("a lot without a harvest has no balance; one without a rest is counted by its boxes", () => {
  const unknown = card("a", { lot: { harvested_g: 0 } });
  assert.equal(balanceOf(unknown, [unknown]), null);
  assert.equal(releasable(unknown, [unknown]), null);
  const older = card("a", { held: 2, lot: { sold_g: 10_000, left_g: undefined } });
  assert.equal(balanceOf(older, [older]).left, 85_000);
  assert.match(spentWords(older, 3_000, 1), /enough for 1 more/);
  assert.match(spentWords(older, 3_000, 0), /all of it already on sale/);
});

test("a parcel's fee is that of the longest region that fits, and of its first band that holds", () => {
  const fees = [
    { region: "", upto_g: 50_000, fee: 2_000 },
    { region: "35", upto_g: 10_000, fee: 1_500 },
    { region: "35", upto_g: 3_000, fee: 800 },
  ];
  assert.deepEqual(feeOf(fees, "350426", 3_000), { fee: 800 });
  assert.deepEqual(feeOf(fees, "350426", 3_001), { fee: 1_500 });
  assert.deepEqual(feeOf(fees, "350426", 10_001), { most: 10_000 });
  assert.deepEqual(feeOf(fees, "110101", 10_001), { fee: 2_000 });
  assert.deepEqual(feeOf(fees, "", 60_000), { most: 50_000 });
  assert.deepEqual(feeOf([], "350426", 1), { fee: 0 });
});

beforeEach(() => {
  localStorage.kept.clear();
  sessionStorage.kept.clear();
});

test("the address of an order for someone else is kept nowhere, only that it was ordered", () => {
  keepLink({ id: "1", url: "/order/1" }, {});
  keepLink({ id: "2", url: "/order/2" }, { remembered: false });
  keepLink({ id: "3", url: "/order/3" }, { remembered: null });
  assert.deepEqual(linksOfOrders(), { 1: "/order/1", 2: "/order/2", 3: "" });
  assert.deepEqual(JSON.parse(localStorage.getItem("farmlive.orders")), { 1: "/order/1" });
  assert.ok(!JSON.stringify([...sessionStorage.kept.values()]).includes("/order/3"));
  forgetLinks();
  assert.deepEqual(linksOfOrders(), { 1: "", 2: "", 3: "" });
});
