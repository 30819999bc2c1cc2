import "../support/english-page.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorWords } from "../../../web/static/lib/orders/errors.js";
import { isDone, isToLookAt, matches, SETS } from "../../../web/static/lib/orders/match.js";
import { place, spans } from "../../../web/static/lib/orders/order-numbers.js";
import { both, cny, order } from "../support/samples.js";

const finds = (find, more = {}) => matches(order(more), { find });

test("an order is found by number, name, product and phone, in any writing", () => {
  for (const find of ["a0001", "lin", "mei lin", "KUMQUAT", "ｌｉｎ", " lin  mei ", ""])
    assert.ok(finds(find), find);
  for (const find of ["A0002", "lin wei", "apple"]) assert.ok(!finds(find), find);
});

test("what one dials first does not count in a phone number", () => {
  for (const find of ["138 0000", "013800000000", "0086 138-0000-0000", "+8613800000000"])
    assert.ok(finds(find), find);
  const buyer = { name: "Ann", phone: "13800000000" };
  assert.ok(finds("+86 138 0000 0000", { buyer }));
  assert.ok(!finds("+49 138 0000 0000", { buyer }));
  assert.ok(!finds("1390000"));
});

test("an order is narrowed by way, centre, payment, mark and claim", () => {
  const fits = (wanted, more = {}) => matches(order(more), { find: "", ...wanted });
  const pickup = { delivery: { way: "pickup", centre: { id: "c1", name: both("C") } } };
  assert.ok(fits({ way: "parcel" }) && !fits({ way: "pickup" }));
  assert.ok(fits({ centre: "c1" }, pickup) && !fits({ centre: "c2" }, pickup));
  assert.ok(!fits({ centre: "c1" }));
  assert.ok(fits({ payment: "due" }) && !fits({ payment: "paid" }));
  assert.ok(fits({ payment: "owed" }, { state: "cancelled", payment: "paid" }));
  assert.ok(!fits({ payment: "owed" }, { state: "cancelled", payment: "due" }));
  assert.ok(fits({ payment: "refunded" }, { payment: "part_refunded" }));
  assert.ok(fits({ flagged: true }, { flags: ["big"] }) && !fits({ flagged: true }));
  assert.ok(!fits({ flagged: true }, { flags: ["big"], state: "shipped" }));
  assert.ok(fits({ claimed: true }, { claims: [{ state: "open" }] }));
  assert.ok(!fits({ claimed: true }, { claims: [{ state: "refunded" }] }));
});

test("an order is done with once it is with the buyer and paid, or gone and owes nobody", () => {
  assert.ok(!isDone(order({ state: "received" })));
  assert.ok(isDone(order({ state: "received", payment: "paid" })));
  assert.ok(!isDone(order({ state: "received", payment: "paid", claims: [{ state: "open" }] })));
  assert.ok(isDone(order({ state: "cancelled" })));
  assert.ok(!isDone(order({ state: "cancelled", payment: "paid" })));
  assert.ok(isDone(order({ state: "cancelled", payment: "refunded", refunded: cny(5_980) })));
  assert.ok(SETS.open(order()) && !SETS.open(order({ state: "expired" })));
  assert.ok(isToLookAt({ flags: ["big"], state: "packed" }));
});

test("numbers go on from Z9999 with two letters", () => {
  assert.deepEqual(["A0001", "A9999", "B0001", "Z9999"].map(place), [1, 9_999, 10_000, 259_974]);
  assert.equal(place("AA0001"), place("Z9999") + 1);
});

test("a choice of orders is written as few spans, in the order of their numbers", () => {
  assert.equal(spans(["A0003", "A0001", "A0002", "A0052"]), "A0001-A0003,A0052");
  assert.equal(spans(["B0001", "A9999"]), "A9999-B0001");
  assert.equal(spans([]), "");
});

test("a refused move says in the staff's words how the order stands", () => {
  const said = (slug, more) => errorWords({ type: `/problems/${slug}`, ...more });
  assert.match(
    said("not-in-state", { state: "at_centre" }),
    /^The order is now “at the pick-up point”/,
  );
  assert.match(said("sold-out", {}), /Tell the buyer\.$/);
  assert.match(said("sold-out", { alone: true }), /changes the money alone\.$/);
  assert.match(said("refund-too-high", {}), /^That is more than what is left/);
});
