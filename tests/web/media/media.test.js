import "../support/english-page.js";
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { iceServers, linked } from "../../../web/static/lib/media/connection-path.js";
import { delayOf, median } from "../../../web/static/lib/media/delay-report.js";
import { Delivery } from "../../../web/static/lib/media/delivery.js";
import { adaptJitterBuffer } from "../../../web/static/lib/media/jitter-buffer.js";
import { namesOneNetwork, withoutHandshake } from "../../../web/static/lib/media/try-way.js";
import {
  inPreferredOrder,
  withoutVideoOrientation,
  withStartBitrate,
} from "../../../web/static/lib/media/whip-publisher.js";

test("H264 baseline comes first, what repairs follows what it repairs", () => {
  const h264 = (sdpFmtpLine) => ({ mimeType: "video/H264", sdpFmtpLine });
  const baseline = h264("packetization-mode=1;profile-level-id=42e01f");
  const high = h264("packetization-mode=1;profile-level-id=640c1f");
  const single = h264("packetization-mode=0;profile-level-id=42e01f");
  const of = (mimeType) => ({ mimeType });
  const [vp8, vp9, av1, rtx] = ["video/VP8", "video/VP9", "video/AV1", "video/rtx"].map(of);
  const codecs = [rtx, av1, vp8, single, high, vp9, baseline];
  assert.deepEqual(inPreferredOrder(codecs), [baseline, high, single, vp8, av1, vp9, rtx]);
  assert.equal(codecs[0], rtx); // what was given is left as it is
});

test("an offer is sent without the orientation of its picture", () => {
  const sdp = [
    "a=extmap:3 urn:3gpp:video-orientation",
    "a=extmap:4/sendonly urn:3gpp:video-orientation",
    "a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:mid",
    "",
  ].join("\r\n");
  assert.equal(withoutVideoOrientation(sdp), "a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:mid\r\n");
});

test("each H264 of an answer begins with a bit rate, and nothing else does", () => {
  const sdp =
    "a=rtpmap:96 H264/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:96 packetization-mode=1\r\na=fmtp:97 apt=96\r\n";
  assert.equal(
    withStartBitrate(sdp),
    sdp.replace("packetization-mode=1", "packetization-mode=1;x-google-start-bitrate=1200"),
  );
});

test("servers and addresses are read from Link headers", () => {
  globalThis.location = new URL("https://farm.example/live/1");
  const link = [
    '<stun:stun.example>; rel="ice-server"',
    '<turn:turn.example?transport=udp>; rel="ice-server"; username="u\\"x"; credential="a, b"; credential-type="password"',
    "</whep/1/layer>; rel=layer",
  ].join(", ");
  const headers = new Headers({ link });
  assert.deepEqual(iceServers(headers), [
    { urls: "stun:stun.example" },
    { urls: "turn:turn.example?transport=udp", username: 'u"x', credential: "a, b" },
  ]);
  assert.equal(linked(headers, "layer"), "https://farm.example/whep/1/layer");
  assert.equal(linked(headers, "other"), null);
  assert.deepEqual(iceServers(new Headers()), []);
});

test("a frame's delay is told only where it can be true", () => {
  const of = (captureTime, expectedDisplayTime) => delayOf({ captureTime, expectedDisplayTime });
  assert.equal(of(1_000, 1_350), 350);
  assert.equal(of(1_000, 950), 0); // a clock that is a little wrong
  assert.equal(of(1_000, 800), null);
  assert.equal(of(0, 60_001), null);
  assert.equal(of(undefined, 1_000), null);
});

test("the median is the lower one of two in the middle", () => {
  assert.equal(median([9, 1, 10]), 9);
  assert.equal(median([4, 1, 3, 2]), 2);
  assert.equal(median([]), null);
});

test("an answer with addresses of one network alone is known", () => {
  const answer = (...addresses) =>
    addresses.map((at, i) => `a=candidate:${i} 1 udp 2130706431 ${at} 8189 typ host\r\n`).join("");
  for (const at of [
    "10.0.0.4",
    "127.0.0.1",
    "192.168.1.7",
    "172.31.0.1",
    "100.64.0.1",
    "fd00::1",
    "fe80::1",
  ])
    assert.equal(namesOneNetwork(answer(at)), true, at);
  for (const at of ["203.0.113.7", "172.32.0.1", "100.128.0.1", "2001:db8::1"])
    assert.equal(namesOneNetwork(answer(at)), false, at);
  assert.equal(namesOneNetwork(answer("192.168.1.7", "203.0.113.7")), false);
  assert.equal(namesOneNetwork(""), false); // nothing is known
});

test("a try's answer has the other role in each part, and is else the same", () => {
  const lines = (...roles) => roles.map((role) => `m=video\r\na=setup:${role}\r\n`).join("");
  assert.equal(withoutHandshake(lines("passive", "active")), lines("active", "passive"));
});

test("of keyframes, how many frames come between them tells whether the picture stands", () => {
  const delivery = new Delivery(/** @type {any} */ ({}), "https://farm.example/delivery");
  delivery.close();
  const narrow = { choice: "auto", gets: "still_pictures", limited_by: "link", link: "narrow" };
  const after = (perSecond, said) => {
    delivery._counts = [];
    for (let at = 0; at <= 4; at += 1) {
      const video = { type: "inbound-rtp", kind: "video", framesDecoded: at * perSecond };
      delivery._take(new Map([["v", video]]), at * 1_000);
    }
    delivery._said = said;
    return delivery.latest.gets;
  };
  assert.equal(after(30, { ...narrow, gets: "all", limited_by: null }), "all");
  assert.equal(after(0.5, narrow), "still_pictures");
  assert.equal(after(0.5, { ...narrow, gets: "all", limited_by: null }), "still_pictures");
  assert.equal(after(8, narrow), "choppy_picture");
  assert.equal(after(8, { ...narrow, limited_by: "choice" }), "still_pictures");
  assert.equal(after(0, { ...narrow, gets: "sound" }), "sound");
});

test("the picture is held where packets are sent again, and not on a link that is full", async () => {
  mock.timers.enable({ apis: ["setInterval"] });
  const pair = { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.1 };
  const video = { type: "inbound-rtp", kind: "video", packetsReceived: 0, packetsLost: 0 };
  Object.assign(video, { retransmittedPacketsReceived: 0, nackCount: 0 });
  const receiver = { jitterBufferTarget: null };
  const connection = {
    getReceivers: () => [receiver],
    getStats: async () =>
      new Map([
        ["p", pair],
        ["v", { ...video }],
      ]),
  };
  const end = adaptJitterBuffer(/** @type {any} */ (connection));
  const second = async (received, lost, repaired) => {
    video.packetsReceived += received;
    video.packetsLost += lost;
    video.retransmittedPacketsReceived += repaired;
    video.nackCount += lost + repaired;
    mock.timers.tick(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    return receiver.jitterBufferTarget;
  };
  await second(0, 0, 0);
  // A link that is full: most of what is lost is not sent again. Nor soon after it.
  assert.equal(await second(60, 90, 5), null);
  assert.equal(await second(60, 0, 2), null);
  end();
  const other = adaptJitterBuffer(/** @type {any} */ (connection));
  await second(200, 0, 0);
  // What was sent again stays counted as lost, and comes a round trip later.
  for (const repaired of [4, 12, 8, 11, 9]) assert.equal(await second(200, 10, repaired), 500); // 200, and three round trips of 100 ms
  // It is full now: what was held is let go.
  assert.equal(await second(60, 120, 5), null);
  other();
  mock.timers.reset();
});
