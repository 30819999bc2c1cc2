// The list of orders, read page by page while others are placed.

import "../support/english-page.js";
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { OrderStore } from "../../../web/static/pages/orders/order-store.js";
import { order } from "../support/samples.js";

const PAGE = 200;
const real = globalThis.fetch;
const number = (place) => `A${String(place).padStart(4, "0")}`;
const numbered = (place) => order({ id: `o${place}`, number: number(place) });
/** How many orders there are, the cursors that were asked for, and what is to happen before an answer. */
let placed;
let asked;
let before;

beforeEach(() => {
  placed = 500;
  asked = [];
  before = async () => {};
  globalThis.fetch = async (path) => {
    const from = Number(new URL(path, "http://farm.example").searchParams.get("cursor") ?? 0);
    asked.push(from);
    await before(from);
    const many = Math.min(PAGE, placed - from);
    const orders = Array.from({ length: many }, (_, index) => numbered(from + index + 1));
    const next = from + many < placed ? String(from + many) : null;
    return new Response(JSON.stringify({ orders, next }), {
      headers: { "content-type": "application/json" },
    });
  };
});
afterEach(() => {
  globalThis.fetch = real;
  mock.timers.reset();
});

test("two loads at a time skip no page", async () => {
  const store = new OrderStore("/orders");
  await store.load();
  placed = 900;
  // While all are read anew, the new ones come.
  let late;
  before = async (from) => {
    if (from !== PAGE) return;
    before = async () => {};
    late = store.load();
    await late;
  };
  await store.loadAgain();
  assert.equal(store.size, 900);
  assert.deepEqual(asked.slice(3), [0, 200, 500, 700, 400, 600, 800]);
});

test("a load that fails goes on where it was", async () => {
  const store = new OrderStore("/orders");
  before = async (from) => {
    if (from === 400) throw new TypeError("no network");
  };
  await assert.rejects(store.load(), { slug: "offline" });
  before = async () => {};
  await store.load();
  assert.deepEqual(asked, [0, 200, 400, 400]);
  assert.equal(store.size, 500);
});

test("what can't be read is tried again after pauses that grow", async () => {
  const store = new OrderStore("/orders");
  await store.load();
  asked = [];
  before = async () => {
    throw new TypeError("no network");
  };
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(Math, "random", () => 0.5);
  store.readSoon();
  const tries = [];
  for (let second = 1; second <= 40; second += 1) {
    mock.timers.tick(1_000);
    // Whatever an order that comes meanwhile asks for.
    store.readSoon();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    if (asked.length) tries.push(second);
    asked = [];
  }
  const gaps = tries.slice(1).map((at, index) => at - tries[index]);
  assert.ok(tries.length >= 4 && tries.length <= 8, String(tries));
  assert.ok(
    gaps.every((gap, index) => index === 0 || gap >= gaps[index - 1]),
    String(gaps),
  );
});
