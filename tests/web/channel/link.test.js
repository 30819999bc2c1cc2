// A console's link on which the heartbeat is missed: the server hangs, or the link is dead.

import "../support/english-page.js";
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Channel } from "../../../web/static/lib/channel/channel.js";

const SECOND = 1_000;
const SIGNED_OUT = 4401;
/** Each socket that was opened, in order. */
let sockets;

class Socket extends EventTarget {
  static OPEN = 1;
  constructor(url) {
    super();
    this.url = new URL(url);
    this.readyState = 0;
    this.sent = [];
    sockets.push(this);
  }
  /** What the server says by it. */
  say(frame) {
    this.readyState = 1;
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(frame) }));
  }
  send(message) {
    this.sent.push(JSON.parse(message));
  }
  /** The server's end of it. */
  end(code) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
  close() {
    this.end(1005);
  }
  get isClosed() {
    return this.readyState === 3;
  }
}

const welcome = (to) => ({ type: "events", to, events: [] });
const beat = { type: "heartbeat" };

/** A channel that was welcomed, and the states it has gone through since. */
function open(options = { heartbeat: true }) {
  const channel = new Channel("B", "host", options);
  sockets[0].say({
    ...welcome(7),
    type: "welcome",
    you: { role: "host" },
    snapshot: { broadcast: { state: "live" } },
  });
  const states = [];
  channel.addEventListener("state", ({ detail }) => states.push(detail));
  return { channel, states };
}

function pass(seconds, each = () => {}) {
  for (let second = 0; second < seconds; second += 1) {
    mock.timers.tick(SECOND);
    each();
  }
}

beforeEach(() => {
  sockets = [];
  mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"], now: 1_700_000_000_000 });
  globalThis.WebSocket = Socket;
  globalThis.location = { href: "https://farm.example/studio/B", protocol: "https:" };
});
afterEach(() => mock.timers.reset());

test("a link whose heartbeat is heard stays the only one", () => {
  open();
  pass(60, () => sockets[0].say(beat));
  assert.equal(sockets.length, 1);
});

test("a dead link is replaced within seven seconds, from what was heard last", async () => {
  const { channel, states } = open();
  const asked = channel.ask({ type: "offer.pin", offer: "a" }, 60 * SECOND);
  await Promise.resolve();
  pass(7);
  assert.equal(sockets.length, 2);
  assert.equal(sockets[1].url.searchParams.get("after"), "7");
  sockets[1].say(welcome(9));
  assert.ok(sockets[0].isClosed && !sockets[1].isClosed);
  assert.ok(channel.isOpen);
  assert.equal(channel.to, 9);
  assert.deepEqual(states, []);
  await assert.rejects(asked, { slug: "offline" });
});

test("a server that hangs keeps its link, and answers what was asked by it", async () => {
  const { channel, states } = open();
  const asked = channel.ask({ type: "offer.pin", offer: "a" }, 60 * SECOND);
  await Promise.resolve();
  pass(20);
  assert.ok(!sockets[0].isClosed);
  assert.ok(sockets.slice(1, -1).every((spare) => spare.isClosed));
  sockets[0].say({ type: "reply", id: sockets[0].sent[0].id, ok: true, result: "done" });
  assert.equal(await asked, "done");
  assert.ok(sockets.slice(1).every((spare) => spare.isClosed));
  // One that comes through too late is nobody's.
  sockets[1].say(welcome(99));
  assert.equal(channel.to, 7);
  assert.deepEqual(states, []);
});

test("a spare link that ends leaves the first one, and is tried again", () => {
  const { channel } = open();
  pass(7);
  sockets[1].end(1006);
  assert.equal(channel.state, "open");
  pass(1);
  assert.equal(sockets.length, 3);
  assert.ok(!sockets[0].isClosed);
});

test("who is signed out hears it by the spare link", () => {
  const { channel, states } = open();
  pass(7);
  sockets[1].end(SIGNED_OUT);
  assert.deepEqual(states, ["refused"]);
  assert.equal(channel.refusal, SIGNED_OUT);
  assert.ok(sockets[0].isClosed);
  pass(60);
  assert.equal(sockets.length, 2);
  assert.equal(channel.state, "refused");
});

test("without a heartbeat silence says nothing for forty seconds", () => {
  open({});
  pass(39);
  assert.equal(sockets.length, 1);
  pass(12);
  assert.ok(sockets[0].isClosed);
});
