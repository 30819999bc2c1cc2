import "../support/english-page.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { stepOf } from "../../../web/static/lib/orders/order-row.js";
import {
  isDue,
  isStopped,
  mayPay,
  nextStep,
  payment,
  refundWords,
  stoppedLines,
} from "../../../web/static/lib/orders/order-states.js";
import {
  amountPayable,
  remainingTotal,
  toGiveBack,
} from "../../../web/static/lib/orders/order-sums.js";
import { cny, order } from "../support/samples.js";

const finding = [{ kind: "test_failed", finding: "f", at: 0 }];
const stopped = (more = {}) =>
  order({ lines: [{ offer: "a", quantity: 2, lot_stopped: finding, ...more }] });
const pickup = { way: "pickup", address: null, centre: { id: "c", name: { en: "Centre" } } };

test("what remains of an order is never negative", () => {
  assert.equal(remainingTotal(order({ refunded: cny(1_000) })), 4_980);
  assert.equal(remainingTotal(order({ refunded: cny(9_000) })), 0);
  assert.equal(remainingTotal({ total: cny(500) }), 500);
});

test("what was taken off before anyone paid lowers the sum to pay; what was given back does not", () => {
  const of = (state) => amountPayable(order({ refunded: cny(1_000), payment: state })).amount;
  assert.deepEqual(
    ["due", "paid", "part_refunded", "refunded"].map(of),
    [4_980, 4_980, 5_980, 5_980],
  );
});

test("only what was paid for a cancelled order is to be given back, and not by a seller", () => {
  const of = (more) => toGiveBack(order({ state: "cancelled", payment: "paid", ...more }));
  assert.equal(of(), 5_980);
  assert.equal(of({ payment: "part_refunded", refunded: cny(980) }), 5_000);
  assert.equal(of({ payment: "due" }), 0);
  assert.equal(of({ payment: "refunded" }), 0);
  assert.equal(of({ state: "received" }), 0);
  assert.equal(of({ buyer: null }), 0);
});

test("an order is due while something of it is to be paid", () => {
  assert.ok(isDue(order()));
  assert.ok(!isDue(order({ payment: "paid" })));
  assert.ok(!isDue(order({ state: "cancelled" })));
  assert.ok(!isDue(order({ refunded: cny(5_980) })));
  assert.equal(payment(order({ refunded: cny(5_980) })), "nothing to pay");
  assert.equal(payment(order({ state: "cancelled", payment: "paid" })), "refund ¥59.80");
});

test("the next step follows the way of delivery", () => {
  const next = (state, delivery) => nextStep(order({ state, ...(delivery && { delivery }) }))?.[0];
  const states = ["placed", "packed", "shipped", "at_centre", "received", "cancelled"];
  assert.deepEqual(
    states.map((state) => next(state)),
    ["packed", "shipped", "received", "received", undefined, undefined],
  );
  assert.equal(next("packed", pickup), "at_centre");
});

test("a clerk hands over what has come, a seller moves nothing", () => {
  const may = (state, role) => stepOf(order({ state }), { isStaff: role === "host", role })?.[0];
  assert.deepEqual(
    ["host", "clerk", "seller"].map((role) => may("placed", role)),
    ["packed", undefined, undefined],
  );
  assert.deepEqual(
    ["host", "clerk", "seller"].map((role) => may("packed", role)),
    ["shipped", "shipped", undefined],
  );
});

test("a stopped lot keeps an order from going on, unless its boxes came back already", () => {
  assert.ok(isStopped(stopped()));
  assert.equal(nextStep(stopped()), null);
  assert.deepEqual(stoppedLines(stopped({ returned: 2 })), []);
  assert.equal(stoppedLines(stopped({ returned: 1 })).length, 1);
  assert.ok(!isStopped({ ...stopped(), state: "cancelled" }));
});

test("of a stopped lot only what has left already may be taken as paid", () => {
  const may = (state) => mayPay({ ...stopped(), state });
  assert.deepEqual(["placed", "packed", "shipped", "received"].map(may), [
    false,
    false,
    true,
    true,
  ]);
});

test("a refund is called after when it was made", () => {
  const change = (more) => ({ state: "placed", payment: "due", ...more });
  assert.equal(refundWords(order()), "Deducted");
  const paid = (history) => refundWords(order({ payment: "part_refunded", history }));
  assert.equal(paid([change(), change({ payment: "paid" })]), "Refunded");
  assert.equal(paid([change(), change(), change({ payment: "paid" })]), "Reduced and refunded");
  assert.equal(paid([change(), change({ undone: true })]), "Refunded");
  assert.equal(paid(undefined), "Refunded");
});
