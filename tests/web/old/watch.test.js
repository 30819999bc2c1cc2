// The notice that a browser is too old: what lib/old/watch.js does with what a page fails to read.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

const SOURCE = readFileSync(
  new URL("../../../web/static/lib/old/watch.js", import.meta.url),
  "utf8",
);

/** A page with one script of its own beside page.js, which the watch looks at. */
function open() {
  const heard = {};
  const hear = (type, call) => {
    heard[type] = [...(heard[type] ?? []), call];
  };
  const scripts = ["page.js", "own.js"].map((src) => ({ tagName: "SCRIPT", type: "module", src }));
  const notice = { hidden: true };
  const document = {
    currentScript: { noModule: false, inert: false },
    readyState: "complete",
    getElementById: () => notice,
    querySelectorAll: () => scripts,
    addEventListener: hear,
  };
  const window = { AbortSignal: { timeout() {} }, addEventListener: hear };
  runInNewContext(SOURCE, {
    document,
    window,
    AbortSignal: window.AbortSignal,
    setInterval: () => 1,
    clearInterval: () => {},
  });
  const tell = (type, event) => {
    for (const call of heard[type]) call(event);
  };
  return {
    notice,
    begin: () => tell("load", { target: scripts[1] }),
    throws: (error) => tell("error", { target: window, error, filename: "/static/own.js" }),
    rejects: (reason) => tell("unhandledrejection", { reason }),
  };
}

const syntax = () => new SyntaxError("Unexpected token '<' in JSON at position 0");

test("a script that can't be read shows the notice", () => {
  for (const fails of ["throws", "rejects"]) {
    const page = open();
    page[fails](syntax());
    assert.equal(page.notice.hidden, false, fails);
  }
});

test("a page that has begun is not too old, whatever it fails to read later", () => {
  for (const fails of ["throws", "rejects"]) {
    const page = open();
    page.begin();
    page[fails](syntax());
    assert.equal(page.notice.hidden, true, fails);
  }
});

test("what throws while it begins has not begun", () => {
  const page = open();
  page.throws(new TypeError("x is undefined"));
  page.begin();
  assert.equal(page.notice.hidden, false);
});
