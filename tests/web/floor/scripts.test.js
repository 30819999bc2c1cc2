// What the check of scripts finds beyond Chromium 80 and Safari 14, and what it lets pass.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inScript, ownNames, parsed } from "../../../web/floor/scripts.js";

function names(text) {
  const tree = parsed(text);
  return inScript(tree, ownNames(tree)).map(({ name }) => name);
}

const BEYOND = {
  "let a; a ??= 1;": "??=",
  "/(?<=a)b/.test('')": "lookbehind",
  "[].at(-1)": ".at()",
  "[].findLast(Boolean)": ".findLast()",
  "''.replaceAll('a', 'b')": ".replaceAll()",
  "Object.hasOwn({}, 'a')": "Object.hasOwn",
  "structuredClone({})": "structuredClone",
  "crypto.randomUUID()": "crypto.randomUUID",
  "AbortSignal.timeout(9)": "AbortSignal.timeout",
  "document.body.replaceChildren()": ".replaceChildren()",
  "addEventListener('x', f, { signal })": "addEventListener({ signal })",
  "new Intl.ListFormat('en')": "Intl.ListFormat",
  "onsubmit = (event) => event.submitter": ".submitter",
  "onsubmit = ({ submitter }) => f(submitter)": ".submitter",
};
for (const [text, found] of Object.entries(BEYOND))
  test(`it finds ${found} in ${text}`, () => assert.ok(names(text).includes(found), names(text)));

const WITHIN = [
  "const a = b?.c ?? 1_000; Promise.allSettled([]);",
  "[].at?.(-1)",
  "if (AbortSignal.timeout) AbortSignal.timeout(9);",
  "class Place { at(x) { return x; } } new Place().at(1);",
  "const structuredClone = () => 1; structuredClone();",
];
for (const text of WITHIN) test(`it lets pass ${text}`, () => assert.deepEqual(names(text), []));

for (const text of [
  "class A { #b = 1; }",
  "class A { static c = 1; }",
  "await 1;",
  "a = class { static {} }",
])
  test(`${text} is beyond the parser`, () => assert.throws(() => parsed(text), SyntaxError));
