// What the check of styles finds beyond Chromium 80 and Safari 14, and what it lets pass.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inStyles } from "../../../web/floor/css.js";

const names = (text) => inStyles(text).map(({ name }) => name);

const BEYOND = {
  ".a:has(.b) { color: red; }": [":has"],
  ".a:is(.b, .c) { color: red; }": [":is"],
  ".a:not(.b, .c) { color: red; }": [":not(a, b)"],
  ".a { inset: 0; }": ["inset"],
  ".a { padding-inline: 4px; }": ["padding-inline"],
  ".a { height: 50dvh; }": ["dvh"],
  ".a { color: color-mix(in srgb, red, blue); }": ["color-mix()"],
  ".a { aspect-ratio: 1; }": ["aspect-ratio"],
  ".a { display: flex; gap: 4px; }": ["gap between flex items"],
  "@media (width >= 600px) { .a { color: red; } }": ["media range"],
  ".a { & .b { color: red; } }": ["nesting"],
  "@layer base { .a { color: red; } }": ["@layer"],
  "@container (min-width: 1px) { .a { color: red; } }": ["@container"],
};
for (const [text, found] of Object.entries(BEYOND))
  test(`it finds ${found} in ${text}`, () => assert.deepEqual(names(text), found));

const WITHIN = [
  ".a { padding-inline-start: 4px; display: grid; gap: 4px; width: min(10px, 2vw); }",
  ".a { height: 50vh; height: 50dvh; }",
  ".a { -webkit-appearance: none; appearance: none; }",
  ".a:not(.b):not(.c)::before { color: rgb(0 0 0 / 40%); }",
  "@media (min-width: 600px) { .a { color: var(--x); } }",
  ".a { height: 9px; } @supports (aspect-ratio: 1) { .a { height: auto; aspect-ratio: 1; } }",
];
for (const text of WITHIN) test(`it lets pass ${text}`, () => assert.deepEqual(names(text), []));

test("a fallback is none before a value with var(), which is dropped too late", () => {
  assert.deepEqual(names(".a { height: 5vh; height: calc(5dvh - var(--x)); }"), ["dvh"]);
});

test("it says the line and the browsers", () => {
  const [found] = inStyles(".a {\n  inset: 0;\n}");
  assert.equal(found.line, 2);
  assert.deepEqual(found.browsers, ["chrome 80", "safari 14", "safari_ios 14"]);
});
