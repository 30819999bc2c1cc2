// A list that is loaded from the server, in a page of nothing but its parts.

import "../support/english-page.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../../web/static/lib/channel/api.js";

class Part {
  constructor() {
    this.hidden = false;
    this.textContent = "";
    this.children = [];
    this.parts = {};
  }
  querySelector(selector) {
    this.parts[selector] = this.parts[selector] ?? new Part();
    return this.parts[selector];
  }
  addEventListener() {}
  removeAttribute() {}
  replaceChildren(...children) {
    this.children = children;
  }
}
globalThis.HTMLElement = Part;
const { RemoteList } = await import("../../../web/static/lib/ui/remote-list.js");

/** A list whose loads are answered by hand, in any order. */
function begin() {
  const root = new Part();
  document.querySelector = () => root;
  const loads = [];
  const load = () => new Promise((resolve, reject) => loads.push({ resolve, reject }));
  const list = new RemoteList("things", load, (item) => item);
  return { list, loads, part: (name) => root.querySelector(`[data-${name}]`) };
}

/** Until all that is due now has been done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("two loads land in the order in which they were asked for", async () => {
  const { list, loads, part } = begin();
  const first = list.reload();
  await settled();
  const second = list.reload();
  const third = list.reload();
  await settled();
  assert.equal(loads.length, 1, "one at a time");
  loads[0].resolve(["old"]);
  await first;
  await settled();
  assert.equal(loads.length, 2, "those that waited are one");
  loads[1].resolve(["new"]);
  assert.deepEqual(await Promise.all([second, third]), [["new"], ["new"]]);
  assert.deepEqual(part("items").children, ["new"]);
});

test("what the server refuses is said, and tried again", async () => {
  const { list, loads, part } = begin();
  const failed = list.reload();
  await settled();
  loads[0].reject(new Problem({ detail: "Not now." }));
  assert.deepEqual(await failed, []);
  assert.deepEqual([part("failed").hidden, part("loading").hidden], [false, true]);
  const again = list.reload();
  await settled();
  loads[1].resolve(["new"]);
  await again;
  assert.equal(part("failed").hidden, true);
});

test("a fault of the page is no sentence of the server's, and ends the waiting", async () => {
  const { list, loads, part } = begin();
  const failed = list.reload();
  await settled();
  loads[0].reject(new TypeError("x is undefined"));
  await assert.rejects(failed, TypeError);
  assert.equal(part("failed-words").textContent, "Something went wrong. Try again.");
  assert.equal(part("loading").hidden, true);
  const again = list.reload();
  await settled();
  loads[1].resolve(["new"]);
  assert.deepEqual(await again, ["new"]);
});
