// What one clerk pressed is never sent under the next one's name, and is told as not sent.

import { stand } from "../support/page.js";
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

stand("en", {}, { account: "ann" });
let online;
globalThis.addEventListener = (kind, listener) => {
  if (kind === "online") online = listener;
};
document.body = { hasAttribute: () => true };
const { page } = await import("../../../web/static/lib/words.js");
const { forgetStaff } = await import("../../../web/static/lib/state/device-memory.js");
const { forgetSession } = await import("../../../web/static/lib/channel/api.js");
const { PickupQueue } = await import("../../../web/static/pages/pickup/pickup-queue.js");
const { Transitions } = await import("../../../web/static/lib/orders/transitions.js");
const { foreignWords } = await import("../../../web/static/lib/orders/move-toasts.js");
const { order } = await import("../support/samples.js");

const PATH = "/api/v1/broadcasts/B1/orders";
const real = globalThis.fetch;
let sent;

/** Let the server answer each act with this status, and whoever asks for a session with one. */
function serve(status, body = {}) {
  forgetSession();
  sent = [];
  globalThis.fetch = async (path, { method = "GET" } = {}) => {
    if (method === "GET") return Response.json({ csrf: page.account, name: page.account });
    sent.push(`${method} ${path}`);
    return Response.json(body, { status });
  };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  sessionStorage.kept.clear();
  page.account = "ann";
});
afterEach(() => {
  globalThis.fetch = real;
});

/** Ann hands an order over while her sign-in is over. */
async function handOver() {
  serve(401);
  new PickupQueue().give(order({ id: "o1", number: "A0001", broadcast: "B1" }), { code: "123456" });
  await settled();
  assert.deepEqual(sent, ["POST /api/v1/handovers"]);
  assert.ok(sessionStorage.getItem("farmlive.handing").includes("123456"));
}

test("a hand-over goes on under the name of whoever pressed it", async () => {
  await handOver();
  serve(200, { id: "m1", until: null });
  const again = new PickupQueue();
  await settled();
  assert.deepEqual(sent, ["POST /api/v1/handovers"]);
  assert.deepEqual(again.foreign, []);
  assert.equal(sessionStorage.getItem("farmlive.handing"), null);
});

test("a hand-over that another one pressed is not sent, but named, and its code is gone", async () => {
  await handOver();
  page.account = "bo";
  serve(200, { id: "m1", until: null });
  const next = new PickupQueue();
  await settled();
  assert.deepEqual(sent, []);
  assert.deepEqual(
    next.foreign.map(({ number }) => number),
    ["A0001"],
  );
  assert.equal(sessionStorage.getItem("farmlive.handing"), null);
});

test("moves, payments and refunds that another one pressed are not sent, but named", async () => {
  serve(401);
  const numbers = { o1: "A0001", o2: "A0002" };
  const moves = new Transitions(PATH, (id) => numbers[id]);
  moves.make(["o1", "o2"], { state: "packed" });
  moves.make(["o1"], { payment: "paid" });
  moves.refund("o2", { amount: { amount: 500, currency: "CNY" } });
  await settled();
  assert.equal(sent.length > 0, true);
  page.account = "bo";
  serve(200, { id: "m1", moved: [], refused: [] });
  const next = new Transitions(PATH);
  await settled();
  assert.deepEqual(sent, []);
  assert.equal(next.waiting.size, 0);
  assert.deepEqual(foreignWords(next.foreign), [
    "packed: A0001, A0002",
    "Paid: A0001",
    "Refund ¥5.00: A0002",
  ]);
  assert.equal(sessionStorage.getItem(`farmlive.moves.${PATH}`), null);
});

test("what waits is not sent once another one has signed in beside the page", async () => {
  serve(503, { type: "/problems/starting" });
  const handing = new PickupQueue();
  handing.give(order({ id: "o1", number: "A0001", broadcast: "B1" }), { code: "123456" });
  await settled();
  assert.equal(handing.lost.length, 1);
  sent = [];
  let tried = 0;
  const isAsked = new Promise((resolve) => {
    globalThis.fetch = async (_, { method = "GET" } = {}) => {
      if (method === "GET") {
        setImmediate(resolve);
        return Response.json({ csrf: "bo", name: "bo" });
      }
      tried += 1;
      return Response.json({ type: "/problems/csrf" }, { status: 403 });
    };
  });
  online();
  await isAsked;
  await settled();
  assert.equal(tried, 1, "with the old token, which the server refuses");
  assert.ok(sessionStorage.getItem("farmlive.handing").includes("A0001"));
});

test("moves go on under the name of whoever made them", async () => {
  serve(401);
  new Transitions(PATH).make(["o1"], { state: "packed" });
  await settled();
  serve(200, { id: "m1", moved: [order({ id: "o1" })], refused: [] });
  assert.deepEqual(new Transitions(PATH).foreign, []);
  await settled();
  assert.deepEqual(sent, [`POST ${PATH}/bulk-transitions`]);
});

test("a sign-out forgets what waits in the tab, and keeps what is a buyer's", () => {
  const names = ["handing", `moves.${PATH}`, "pending.B1"].map((name) => `farmlive.${name}`);
  for (const name of [...names, "farmlive.orders"]) sessionStorage.setItem(name, "[]");
  forgetStaff();
  assert.deepEqual([...sessionStorage.kept.keys()], ["farmlive.orders"]);
});
