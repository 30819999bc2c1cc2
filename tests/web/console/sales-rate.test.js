import assert from "node:assert/strict";
import { test } from "node:test";
import { SalesRate } from "../../../web/static/pages/console/offers/sales-rate.js";

const MINUTE = 60_000;

test("an offer that sells fast is gone in so many minutes", () => {
  const rate = new SalesRate();
  assert.equal(rate.minutesLeft({ released: 100, left: 100 }, 0), null);
  assert.equal(rate.minutesLeft({ released: 100, left: 98 }, MINUTE), null); // too few
  assert.equal(rate.minutesLeft({ released: 100, left: 90 }, 2 * MINUTE), null); // not soon
  assert.equal(rate.minutesLeft({ released: 100, left: 40 }, 3 * MINUTE), 2);
  assert.equal(rate.minutesLeft({ released: 100, left: 0 }, 3 * MINUTE), null);
});

test("a burst of seconds is not taken for a rate", () => {
  const rate = new SalesRate();
  rate.minutesLeft({ released: 100, left: 100 }, 0);
  // As if its three boxes had taken twenty seconds.
  assert.equal(rate.minutesLeft({ released: 100, left: 97 }, 1_000), null);
  assert.equal(rate.minutesLeft({ released: 100, left: 60 }, 2_000), 1);
});

test("two sales are too few to tell, however little is left", () => {
  const rate = new SalesRate();
  rate.minutesLeft({ released: 4, left: 4 }, 0);
  assert.equal(rate.minutesLeft({ released: 4, left: 2 }, MINUTE), null);
  assert.equal(rate.minutesLeft({ released: 4, left: 1 }, MINUTE), 1);
});

test("what sold longer than three minutes ago no longer counts", () => {
  const rate = new SalesRate();
  rate.minutesLeft({ released: 100, left: 100 }, 0);
  assert.equal(rate.minutesLeft({ released: 100, left: 50 }, MINUTE), 1);
  assert.equal(rate.minutesLeft({ released: 100, left: 50 }, 5 * MINUTE), null);
});
