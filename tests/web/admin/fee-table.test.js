// What is typed as the parcels' fees: taken as the server has it, and checked while one types.

import { stand } from "../support/page.js";

stand("en", { decimals: 2 });

import assert from "node:assert/strict";
import { test } from "node:test";

const { grams, grouped, rowsOf, wrong } = await import(
  "../../../web/static/pages/admin/broadcast/fee-table.js"
);
const { cny } = await import("../support/samples.js");

const group = (...bands) => ({
  region: "",
  bands: bands.map(([weight, fee]) => ({ weight, fee })),
});
/** What is wrong with the last band of a group. */
const last = (all, isFinal = false) => wrong(all, all.bands[all.bands.length - 1], isFinal);

test("a weight is kilograms with a point or a comma, to the gram", () => {
  assert.deepEqual(["5", " 2,5 ", "0.001", "1000"].map(grams), [5_000, 2_500, 1, 1_000_000]);
  for (const written of ["", "0", "-1", "1000.1", "2.5 kg", "1.2345"])
    assert.ok(Number.isNaN(grams(written)), written);
});

test("what the server has comes back as it was", () => {
  const fees = [
    { region: "", upto_g: 5_000, fee: cny(1_800) },
    { region: "", upto_g: 10_000, fee: cny(2_850) },
    { region: "35", upto_g: 2_500, fee: cny(0) },
  ];
  const groups = grouped(fees);
  assert.deepEqual(groups[1], { region: "35", bands: [{ weight: "2.5", fee: "0.00" }] });
  assert.deepEqual(
    rowsOf(groups),
    fees.map(({ fee, ...row }) => ({ ...row, fee: fee.amount })),
  );
});

test("a row that is not whole is no row yet", () => {
  assert.deepEqual(rowsOf([group(["5", ""], ["", "18"], ["x", "18"], ["10", "y"])]), []);
});

test("what is only empty waits for its keeping", () => {
  assert.equal(last(group(["", ""])), "");
  assert.ok(last(group(["", "18"]), true));
  assert.ok(last(group(["5", ""]), true));
  assert.equal(last(group(["5", "0"]), true), "");
});

test("a weight stands once, and a heavier parcel costs no less", () => {
  assert.ok(last(group(["5", "18"], ["5.0", "20"])));
  assert.match(last(group(["3", "20"], ["5", "18"])), /3 kg.*20/);
  assert.equal(last(group(["3", "18"], ["5", "18"])), "");
  // The lighter one is not to blame.
  const all = group(["3", "20"], ["5", "18"]);
  assert.equal(wrong(all, all.bands[0], false), "");
});
