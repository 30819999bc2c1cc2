// Signing out is over once the server has said so: until then the page stays, and says it.

import { stand } from "../support/page.js";
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

stand("en");
const real = globalThis.fetch;
const clicks = [];
/** Stands for any element; keeps what is said in it. */
const element = () => ({
  children: [],
  classList: { add: () => {} },
  setAttribute: () => {},
  addEventListener: () => {},
  remove: () => {},
  get childElementCount() {
    return this.children.length;
  },
  append(...parts) {
    this.children.push(...parts);
  },
});
let toasts;
let left;
const STILL = "You are still signed in. Check the network and sign out again.";
const button = {
  dataset: { signOut: STILL },
  addEventListener: (_, listener) => clicks.push(listener),
};
document.querySelector = (selector) => {
  if (selector === "[data-sign-out]") return button;
  return selector === "#toasts" ? toasts : null;
};
document.querySelectorAll = () => [];
document.createElement = element;
globalThis.HTMLElement = Object;
globalThis.location = { assign: (url) => left.push(url) };
await import("../../../web/static/lib/ui/page.js");

beforeEach(() => {
  toasts = element();
  left = [];
  globalThis.setTimeout = () => 0;
  localStorage.setItem("farmlive.prepare", "{}");
});
afterEach(() => {
  globalThis.fetch = real;
});

/** Press the button where the server answers the sign-out so. */
async function signOut(answer) {
  globalThis.fetch = async (_, { method = "GET" } = {}) =>
    method === "DELETE" ? answer() : Response.json({ csrf: "a" });
  await clicks[0]();
  return toasts.children.map(({ children }) => children[0].children.join(""));
}

for (const [what, answer] of [
  ["a server that can't be reached", () => Promise.reject(new TypeError("no network"))],
  ["a server that is starting", () => new Response(null, { status: 503 })],
]) {
  test(`${what} signs nobody out: the page says so and forgets nothing`, async () => {
    assert.deepEqual(await signOut(answer), [STILL]);
    assert.deepEqual(left, []);
    assert.equal(localStorage.getItem("farmlive.prepare"), "{}");
  });
}

for (const status of [204, 401]) {
  test(`${status} is the end of the sign-in: the page is left`, async () => {
    assert.deepEqual(await signOut(() => new Response(null, { status })), []);
    assert.deepEqual(left, ["/"]);
  });
}
