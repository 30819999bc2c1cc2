import "../support/english-page.js";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Problem } from "../../../web/static/lib/channel/api.js";
import {
  keepPending,
  newKey,
  recallPending,
} from "../../../web/static/lib/channel/pending-requests.js";
import { proven } from "../../../web/static/lib/channel/proof-of-work.js";
import { search } from "../../../web/static/lib/channel/proof-of-work-search.js";
import { request } from "../../../web/static/lib/channel/request.js";
import { retryUntilAnswered } from "../../../web/static/lib/channel/retry.js";

const refused = (slug, more = {}) => new Problem({ type: `/problems/${slug}`, ...more });

const zeroBits = (text) => {
  const digest = createHash("sha256").update(text).digest("hex");
  return BigInt(`0x1${digest}`).toString(2).slice(1).indexOf("1");
};

test("a proof is the first number whose hash begins with enough zero bits", async () => {
  for (const bits of [0, 3, 8, 11]) {
    const found = Number(await search("b:key:", bits));
    assert.ok(zeroBits(`b:key:${found}`) >= bits);
    for (let before = 0; before < found; before += 1) assert.ok(zeroBits(`b:key:${before}`) < bits);
  }
});

test("a proof is searched only where the server asks for one, and sent once", async () => {
  const sent = [];
  const send = async (proof) => {
    sent.push(proof);
    if (proof === undefined) throw refused("proof-needed", { bits: 4 });
    return "done";
  };
  const asked = [];
  const find = async (...what) => {
    asked.push(what);
    return "17";
  };
  assert.equal(await proven("B", "K", send, { search: find }), "done");
  assert.deepEqual([sent, asked], [[undefined, "17"], [["B:K:", 4]]]);
});

test("a proof that is refused is not searched again, nor another problem answered by one", async () => {
  const search_ = () => assert.fail("nothing is searched");
  const never = (slug) => async () => {
    throw refused(slug, { bits: 4 });
  };
  const options = { search: search_ };
  await assert.rejects(proven("B", "K", never("sold-out"), options), { slug: "sold-out" });
  await assert.rejects(proven("B", "K", never("proof-needed"), { ...options, proof: "1" }));
  const none = { search: async () => null };
  await assert.rejects(proven("B", "K", never("proof-needed"), none), { slug: "proof-needed" });
});

test("over HTTP is asked only what the channel could not answer", async () => {
  const ask = (result) => ({ state: "open", ask: async () => result() });
  const fail = (problem) => () => {
    throw problem;
  };
  Object.defineProperty(globalThis.navigator, "onLine", { value: true, configurable: true });
  const http = async () => "by HTTP";
  assert.equal(
    await request(
      ask(() => "by channel"),
      {},
      http,
    ),
    "by channel",
  );
  assert.equal(await request(ask(fail(refused("offline"))), {}, http), "by HTTP");
  await assert.rejects(request(ask(fail(refused("sold-out"))), {}, http), { slug: "sold-out" });
  assert.equal(await request({ state: "waiting" }, {}, http), "by HTTP");
});

test("what has no answer is sent again until it has one, whatever that says", async () => {
  const answers = [refused("offline"), refused("internal", { status: 502 }), "done"];
  const lost = [];
  const pauses = { pause: async () => {} };
  const send = async () => {
    const answer = answers.shift();
    if (answer instanceof Problem) throw answer;
    return answer;
  };
  assert.equal(await retryUntilAnswered(send, ({ slug }) => lost.push(slug), pauses), "done");
  assert.deepEqual(lost, ["offline", "internal"]);
  const no = async () => {
    throw refused("sold-out", { status: 409 });
  };
  await assert.rejects(retryUntilAnswered(no, assert.fail, pauses), { slug: "sold-out" });
});

test("an order without an answer is kept with its key until it is forgotten", () => {
  const pending = { key: newKey(), body: { lines: [] } };
  assert.match(pending.key, /^[\w-]{24}$/);
  assert.notEqual(newKey(), pending.key);
  keepPending("B", pending);
  assert.deepEqual(recallPending("B"), pending);
  assert.equal(recallPending("C"), null);
  keepPending("B", null);
  assert.equal(recallPending("B"), null);
});
