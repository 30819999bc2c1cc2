// A frame of the show is taken by the console alone, so that nobody's sign-in goes on by it.

import "../support/english-page.js";
import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { forgetSession } from "../../../web/static/lib/channel/api.js";
import { keepFrames } from "../../../web/static/pages/console/cameras/frame-keeper.js";

const real = globalThis.fetch;
const video = { videoWidth: 1280, videoHeight: 720 };

afterEach(() => {
  globalThis.fetch = real;
  mock.restoreAll();
});

/** Stand for a canvas that shows something. */
function canvas() {
  const data = Uint8ClampedArray.from({ length: 16 * 16 * 4 }, (_, index) => (index * 7) % 256);
  return {
    getContext: () => ({ drawImage: () => {}, getImageData: () => ({ data }) }),
    toBlob: (done) => done(new Blob(["frame"], { type: "image/jpeg" })),
  };
}

test("each request for a frame says that nobody asked for it", async () => {
  document.createElement = canvas;
  forgetSession();
  const asked = [];
  globalThis.fetch = async (path, { method = "GET", headers }) => {
    asked.push([`${method} ${path}`, headers["x-unattended"]]);
    return Response.json({ csrf: "a", picture: "/pictures/1.jpg" });
  };
  const after = await new Promise((resolve) => {
    // The first frame is due at once; the next one never.
    mock.method(globalThis, "setTimeout", (take, ms) => {
      if (ms === 10_000) queueMicrotask(take);
      else resolve(ms);
    });
    keepFrames("B1", video, () => true);
  });
  assert.equal(after, 600_000);
  assert.deepEqual(asked, [
    ["GET /api/v1/session", "1"],
    ["POST /api/v1/pictures", "1"],
    ["GET /api/v1/session", "1"],
    ["PUT /api/v1/broadcasts/B1/frame", "1"],
  ]);
});
