import "../support/english-page.js";
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { api, forgetSession, Problem } from "../../../web/static/lib/channel/api.js";

const OLD = { status: 403, type: "/problems/csrf" };
const real = globalThis.fetch;
/** What was fetched, each as `GET /path` and its token. */
let fetched;

const answer = (status, body) =>
  new Response(body === undefined ? null : JSON.stringify(body), {
    status,
    headers: body === undefined ? {} : { "content-type": "application/json" },
  });

/** Let a server answer: `sessions` one after another to who asks for its session, the last for ever. */
function serve(sessions, change) {
  globalThis.fetch = async (path, { method = "GET", headers = {} } = {}) => {
    const token = headers["x-csrf-token"];
    fetched.push(`${method} ${path}${token ? ` ${token}` : ""}`);
    if (path === "/api/v1/session") {
      const session = sessions.length > 1 ? sessions.shift() : sessions[0];
      if (session instanceof Error) throw session;
      return session.clone();
    }
    return change(token);
  };
}

const signedIn = (csrf) => answer(200, { csrf });
const accepts = (valid) => (token) => (token === valid ? answer(204) : answer(403, OLD));
const change = () => api("POST", "/api/v1/farms", {}, { staff: true });

beforeEach(() => {
  fetched = [];
  forgetSession();
});
afterEach(() => {
  globalThis.fetch = real;
});

test("the token is asked for once, and goes with each change of the team's", async () => {
  serve([signedIn("a")], accepts("a"));
  await change();
  await change();
  assert.deepEqual(fetched, [
    "GET /api/v1/session",
    "POST /api/v1/farms a",
    "POST /api/v1/farms a",
  ]);
});

test("a server that can't say the token now is asked again by the next change", async () => {
  serve(
    [answer(503, { type: "/problems/starting" }), new TypeError("no network"), signedIn("a")],
    accepts("a"),
  );
  await assert.rejects(change(), { slug: "starting", status: 503 });
  await assert.rejects(change(), { slug: "offline" });
  await change();
  assert.equal(fetched.pop(), "POST /api/v1/farms a");
  assert.equal(fetched.length, 3);
});

test("a token that another tab's sign-in made old is asked for again, unseen", async () => {
  let valid = "a";
  serve([signedIn("a"), signedIn("b")], (token) => accepts(valid)(token));
  await change();
  valid = "b";
  await change();
  assert.deepEqual(fetched.slice(2), [
    "POST /api/v1/farms a",
    "GET /api/v1/session",
    "POST /api/v1/farms b",
  ]);
});

test("a token that is refused anew is asked for once more, not for ever", async () => {
  serve([signedIn("a")], accepts("never"));
  await assert.rejects(
    change(),
    (problem) => problem instanceof Problem && problem.slug === "csrf",
  );
  assert.equal(fetched.length, 4);
});

test("who is not signed in sends none, and one who signs in later does", async () => {
  serve([answer(401, { type: "/problems/not-signed-in" }), signedIn("a")], (token) =>
    token ? answer(204) : answer(401, { type: "/problems/not-signed-in" }),
  );
  await assert.rejects(change(), { status: 401 });
  await change();
  assert.equal(fetched.pop(), "POST /api/v1/farms a");
});
