// Simulcast (RFC 8853): in how many sizes a camera's picture is sent, so that a viewer with a narrow
// link gets a small one whole; and in how many temporal layers (W3C webrtc-svc), so that one whose
// link carries a little less gets half of the frames. Decides only; whip-publisher.js sends. The
// lowest layer comes first.

const MAX_BITRATE = 2_500_000;
const FPS = 30;
// Two layers: no frame refers to every second one, which can be left out.
const SCALABILITY_MODE = "L1T2";

/** By how many lines the short side of the camera's picture has: the layers, the smallest first. */
/** @type {[number, [string, number, number][]][]} */
const LAYERS = [
  [
    540,
    [
      ["q", 4, 150_000],
      ["h", 2, 500_000],
      ["f", 1, 1_850_000],
    ],
  ],
  [
    320,
    [
      ["h", 2, 250_000],
      ["f", 1, 1_250_000],
    ],
  ],
];

/**
 * The encodings for a track; one alone where the picture is too small to be made smaller.
 * @param {MediaStreamTrack | undefined} track
 * @returns {RTCRtpEncodingParameters[]}
 */
function encodingsOf(track) {
  const { width = 0, height = 0 } = track?.getSettings() ?? {};
  const [, layers] = LAYERS.find(([lines]) => Math.min(width, height) >= lines) ?? [];
  if (!layers) return [{ maxBitrate: MAX_BITRATE, maxFramerate: FPS }];
  return layers.map(([rid, scaleResolutionDownBy, maxBitrate]) => ({
    rid,
    scaleResolutionDownBy,
    maxBitrate,
    maxFramerate: FPS,
  }));
}

/**
 * Whether the browser encodes this codec, one of `RTCRtpSender.getCapabilities`, in temporal layers:
 * not where it would do so without the hardware that it has for the codec.
 * @param {RTCRtpCodec & { scalabilityModes?: string[] }} codec
 */
export async function hasTemporalLayers(codec) {
  if (codec.scalabilityModes) return codec.scalabilityModes.includes(SCALABILITY_MODE);
  const { mimeType, sdpFmtpLine } = codec;
  const contentType = sdpFmtpLine ? `${mimeType};${sdpFmtpLine}` : mimeType;
  const plain = { contentType, width: 1280, height: 720, bitrate: MAX_BITRATE, framerate: FPS };
  /** @param {any} video with `scalabilityMode`, which the types of browsers do not have yet */
  const info = (video) => navigator.mediaCapabilities.encodingInfo({ type: "webrtc", video });
  try {
    const [layered, whole] = await Promise.all([
      info({ ...plain, scalabilityMode: SCALABILITY_MODE }),
      info(plain),
    ]);
    return layered.supported && (layered.powerEfficient || !whole.powerEfficient);
  } catch {
    return false;
  }
}

/**
 * Adds the picture to a connection, in layers where the browser can: one that can't refuses them or
 * leaves them out. `temporal`: each encoding in temporal layers, too.
 * @param {RTCPeerConnection} peer
 * @param {MediaStreamTrack | undefined} track
 * @param {MediaStream[]} streams
 */
export function addPicture(peer, track, streams, temporal = false) {
  const one = [{ maxBitrate: MAX_BITRATE, maxFramerate: FPS }];
  const choices = [encodingsOf(track), one];
  if (temporal) {
    const scalabilityMode = SCALABILITY_MODE;
    choices.unshift(encodingsOf(track).map((each) => ({ ...each, scalabilityMode })));
  }
  /** @param {RTCRtpEncodingParameters[]} sendEncodings */
  const add = (sendEncodings) =>
    peer.addTransceiver(track ?? "video", { direction: "sendonly", streams, sendEncodings });
  for (const encodings of choices.slice(0, -1)) {
    try {
      return add(encodings);
    } catch {
      // The next choice asks for less.
    }
  }
  return add(one);
}

/**
 * After the answer. A server that takes one stream leaves the first layer, the smallest: that one is
 * then sent whole.
 * @param {RTCRtpSender} sender
 * @param {string} answer
 */
export async function settle(sender, answer) {
  if (/^a=simulcast:recv /m.test(answer)) return;
  const parameters = sender.getParameters();
  const [first] = parameters.encodings ?? [];
  if (!first || (first.scaleResolutionDownBy ?? 1) === 1) return;
  first.scaleResolutionDownBy = 1;
  first.maxBitrate = MAX_BITRATE;
  await sender.setParameters(parameters);
}
