// What the console sends happens once, however often it is sent.

import "../support/english-page.js";

import assert from "node:assert/strict";
import { test } from "node:test";

const { sender } = await import("../../../web/static/pages/console/commands.js");
const { standing } = await import("../../../web/static/lib/channel/server-word.js");
const { Problem } = await import("../../../web/static/lib/channel/api.js");

/** A channel that answers as the test says. */
class Link extends EventTarget {
  constructor(...answers) {
    super();
    this.state = "open";
    this.asked = [];
    this.answers = answers;
  }
  async ask(message) {
    this.asked.push(message);
    const answer = this.answers.shift();
    if (answer instanceof Problem) throw answer;
    return answer;
  }
}

const offline = () => new Problem({ type: "/problems/offline" });
const release = { offer: "a", quantity: 10 };

test("what must not happen twice is sent again with its key", async () => {
  const link = new Link(offline(), { ok: true });
  const followed = [];
  const send = sender(link, (answer) => {
    followed.push(answer);
    return answer;
  });
  let lost = 0;
  const first = send("offer.release", release, () => {
    lost += 1;
    // The same once more is no second one; the link is back.
    assert.equal(send("offer.release", release), first);
    queueMicrotask(() => link.dispatchEvent(new Event("state")));
  });
  assert.deepEqual(await first, { ok: true });
  assert.equal(lost, 1);
  assert.equal(link.asked.length, 2);
  assert.ok(link.asked[0].key);
  assert.deepEqual(link.asked[0], link.asked[1]);
  assert.equal(followed.length, 1);
});

test("once it was answered, the same again is another one", async () => {
  const link = new Link(1, 2);
  const send = sender(link, (answer) => answer);
  assert.equal(await send("offer.release", release), 1);
  assert.equal(await send("offer.release", release), 2);
  assert.notEqual(link.asked[0].key, link.asked[1].key);
});

test("a refusal is no lost answer, and a pin needs no key", async () => {
  const spent = new Problem({ type: "/problems/lot-spent", status: 409 });
  const link = new Link(spent, null);
  const send = sender(link, (answer) => answer);
  await assert.rejects(send("offer.release", release), spent);
  await send("card.pin", { offer: "a" });
  assert.deepEqual(link.asked[1], { type: "card.pin", offer: "a" });
});

test("figures age: late after three seconds, silent after five", () => {
  assert.deepEqual([0, 2_999, 3_000, 4_999, 5_000].map(standing), [
    "now",
    "now",
    "late",
    "late",
    "silent",
  ]);
});
