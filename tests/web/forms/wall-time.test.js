// Times in fields are those of the page's zone: the device of this test is set to New York's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stand } from "../support/page.js";

process.env.TZ = "America/New_York";
stand("en", {}, { time_zone: "Europe/Berlin" });
const { momentOf, wallTime } = await import("../../../web/static/lib/forms/wall-time.js");

const utc = (value) => new Date(momentOf(value)).toISOString().slice(0, 16);

test("a time is read and written in the page's zone, in winter and in summer", () => {
  assert.equal(new Date(2026, 0, 15, 12).getTimezoneOffset(), 300, "the device is elsewhere");
  assert.equal(utc("2026-01-15T08:30"), "2026-01-15T07:30");
  assert.equal(utc("2026-07-15T00:10"), "2026-07-14T22:10");
  assert.equal(wallTime(Date.parse("2026-01-15T07:30:59Z")), "2026-01-15T08:30");
  assert.equal(wallTime(Date.parse("2026-07-14T22:10Z")), "2026-07-15T00:10");
});

test("a time that is written is the one that was read, on the days when clocks are set too", () => {
  const hours = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));
  for (const day of ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25"])
    for (const hour of hours)
      if (`${day}T${hour}` !== "2026-03-29T02")
        assert.equal(wallTime(momentOf(`${day}T${hour}:15`)), `${day}T${hour}:15`);
});

test("a time that the clocks skip is as far behind the skip, and of two the first is meant", () => {
  assert.equal(utc("2026-03-29T02:30"), "2026-03-29T01:30");
  assert.equal(utc("2026-10-25T02:30"), "2026-10-25T00:30");
});

test("seconds are read, and what is no time is none", () => {
  assert.equal(momentOf("2026-01-15T08:30:15"), Date.parse("2026-01-15T07:30:15Z"));
  assert.ok(Number.isNaN(momentOf("")));
});
