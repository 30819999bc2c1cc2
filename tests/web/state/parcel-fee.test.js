// What a parcel costs: by region and weight, and from how much on where its region is not known.

import assert from "node:assert/strict";
import { test } from "node:test";

import "../support/english-page.js";

const { feeOf, leastFee } = await import("../../../web/static/lib/state/parcel-fee.js");

const ONE = [{ region: "", upto_g: 10_000, fee: 800 }];
const BY_REGION = [
  { region: "", upto_g: 10_000, fee: 1500 },
  { region: "35", upto_g: 5_000, fee: 600 },
  { region: "350426", upto_g: 2_500, fee: 0 },
];

test("the longest fitting region counts alone", () => {
  assert.deepEqual(feeOf(BY_REGION, "350426", 2_500), { fee: 0 });
  assert.deepEqual(feeOf(BY_REGION, "350426", 2_501), { most: 2_500 });
  assert.deepEqual(feeOf(BY_REGION, "350400", 2_501), { fee: 600 });
  assert.deepEqual(feeOf([], "", 1), { fee: 0 });
});

test("where no region matters the fee is exact", () => {
  assert.deepEqual(leastFee([], 2_500), { fee: 0, depends: false });
  assert.deepEqual(leastFee(ONE, 2_500), { fee: 800, depends: false });
  const same = [...ONE, { region: "35", upto_g: 10_000, fee: 800 }];
  assert.deepEqual(leastFee(same, 2_500), { fee: 800, depends: false });
});

test("where it does the least is said, of those that hold so much", () => {
  assert.deepEqual(leastFee(BY_REGION, 2_500), { fee: 0, depends: true });
  assert.deepEqual(leastFee(BY_REGION, 2_501), { fee: 600, depends: true });
  assert.deepEqual(leastFee(BY_REGION, 6_000), { fee: 1500, depends: true });
});

test("what is too heavy everywhere has no least fee", () => {
  assert.deepEqual(leastFee(ONE, 10_001), { fee: undefined, depends: false });
});
