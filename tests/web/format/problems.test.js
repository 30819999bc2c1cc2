import "../support/english-page.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../../web/static/lib/channel/api.js";
import {
  reasonsInWords,
  stopInWords,
  stopMeans,
} from "../../../web/static/lib/format/lot-stops.js";
import { fieldErrors, isUnknown, sentence } from "../../../web/static/lib/format/problems.js";
import { pictureOf } from "../../../web/static/lib/format/product-picture.js";
import { rejection, spoken, wrongField } from "../../../web/static/lib/format/staff-sentences.js";

const problem = (slug, more = {}) => new Problem({ type: `/problems/${slug}`, ...more });

test("a problem's slug is the end of its type, and its message the server's detail", () => {
  const { slug, message, status } = problem("sold-out", { detail: "None left.", status: 409 });
  assert.deepEqual([slug, message, status], ["sold-out", "None left.", 409]);
  assert.equal(new Problem({}).slug, "");
});

test("what is left decides the sentence of what is sold out", () => {
  const left = (...each) => ({ offers: each.map((boxes) => ({ left: boxes })) });
  assert.match(sentence(problem("sold-out", left(3, 1))), /only 1 is left\./);
  assert.match(sentence(problem("sold-out", left(3, 2))), /only 2 are left\./);
  assert.match(sentence(problem("sold-out", left(3, 0))), /it has just sold out\./);
  assert.match(sentence(problem("sold-out")), /it has just sold out\./);
});

test("a problem that nobody wrote a sentence for is said in the server's words", () => {
  assert.equal(sentence(problem("unheard-of", { detail: "As it is." })), "As it is.");
});

test("a mute of less than an hour is counted in minutes, from the server's time", () => {
  const until = (minutes) => new Date(Date.parse("2026-11-28T12:00:00Z") + minutes * 60_000);
  const said = (minutes) => sentence(problem("muted", { until: until(minutes).toISOString() }));
  assert.match(said(0.5), /in 1 minute\./);
  assert.match(said(30), /in 30 minutes\./);
  assert.match(said(90), /has muted you until /);
  assert.match(sentence(problem("muted")), /for the rest of this broadcast/);
  assert.match(sentence(problem("muted", { reason: "likeness" })), /nickname like yours/);
});

test("only no answer, or that of a server which does not know, leaves open what was done", () => {
  const known = (slug, status) => isUnknown({ slug, status });
  assert.deepEqual(
    [known("offline", 0), known("internal", 500), known("x", 408), known("sold-out", 409)],
    [true, true, true, false],
  );
});

test("a problem names the fields of the form by the last part of their path", () => {
  const errors = [
    { field: "buyer.phone", message: "too short" },
    { field: "delivery", message: "Say where." },
    { field: "lines.0.quantity", message: "Fewer, please." },
  ];
  assert.deepEqual(fieldErrors(problem("invalid", { errors }), { delivery: "address" }), {
    phone: "Enter a phone number of 7 to 15 digits.",
    address: "Enter the postal address, 2 to 300 characters.",
    quantity: "Fewer, please.",
  });
  assert.deepEqual(Object.keys(fieldErrors(problem("unknown-centre"))), ["centre"]);
});

test("staff hear of a lot that only lacks a test what to record, of a finding why", () => {
  const stopped = (reasons) => spoken(problem("lot-stopped", { reasons }));
  assert.match(stopped([{ kind: "test_missing", at: 0 }]), /record its passed test/);
  assert.match(
    stopped([{ kind: "test_failed", finding: "f", at: 0, result: { en: "too much." } }]),
    /^Nothing of this lot is sold or handed over\. Its test of .* failed: too much\.$/,
  );
});

test("the first reason stands on the card, all of them in the sheet", () => {
  const spray = { kind: "waiting_period", finding: "f", at: 0, until: 86_400_000, substance: null };
  const missing = { kind: "test_missing", at: 0 };
  assert.equal(stopInWords([spray, missing]), "Stopped: picked too soon after spraying");
  assert.equal(stopInWords([missing]), "Not sold yet: waiting for its test");
  assert.equal(stopInWords([]), "Stopped: its test failed");
  assert.match(reasonsInWords([spray, missing]), /ended on .*\. No passed test/);
  assert.equal(stopMeans([missing]), "This lot is not sold yet.");
  assert.equal(stopMeans([missing, spray]), "Nothing of this lot is sold or handed over.");
});

test("a product without a picture has the drawing of its kind, or always the same box", () => {
  assert.equal(pictureOf({ picture: "/p/1" }), "/p/1");
  assert.equal(pictureOf({ name: { en: "Rongan Kumquats" } }), "/pictures/produce/citrus.svg");
  const boxed = pictureOf({ name: { en: "Ab", zh: "" } });
  assert.equal(boxed, pictureOf({ name: { en: "Ab", zh: "" } }));
  assert.match(boxed, /^\/pictures\/[ab]\.svg$/);
  assert.notEqual(boxed, pictureOf({ name: { en: "Ac", zh: "" } }));
});

test("what is wrong with a field is said by its code, and in the server's words where it has none", () => {
  const wrong = (code, message = "As it is.") => wrongField({ field: "name", code, message });
  assert.equal(wrong("invisible-name"), "Enter a visible name.");
  assert.equal(wrong("unheard-of"), "As it is.");
  const errors = [{ field: "story", code: "contains-phone", message: "As it is." }];
  assert.match(spoken(problem("invalid", { errors })), /remove the phone number/);
  assert.match(spoken(problem("invalid", { errors: [] })), /Check what you entered/);
});

test("why a stream was not accepted is said by the code of the reason", () => {
  assert.match(rejection({ reason: "b-frames", detail: "" }), /^The stream has B-frames/);
  assert.equal(rejection({ reason: null, detail: "As it is." }), "As it is.");
});
