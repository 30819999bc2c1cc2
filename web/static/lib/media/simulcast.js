// Simulcast (RFC 8853): in how many sizes a camera's picture is sent, so that a viewer with a narrow
// link gets a small one whole. Decides only; whip-publisher.js sends. The lowest layer comes first.

const MAX_BITRATE = 2_500_000;
const FPS = 30;

/** By how many lines the short side of the camera's picture has: the layers, the smallest first. */
const LAYERS = [
  [540, [["q", 4, 150_000], ["h", 2, 500_000], ["f", 1, 1_850_000]]],
  [320, [["h", 2, 250_000], ["f", 1, 1_250_000]]],
];

/** The encodings for a track; one alone where the picture is too small to be made smaller. */
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
 * Adds the picture to a connection, in layers where the browser can: one that can't refuses them or
 * leaves them out.
 */
export function addPicture(peer, track, streams) {
  const init = { direction: "sendonly", streams };
  try {
    return peer.addTransceiver(track ?? "video", { ...init, sendEncodings: encodingsOf(track) });
  } catch {
    const one = [{ maxBitrate: MAX_BITRATE, maxFramerate: FPS }];
    return peer.addTransceiver(track ?? "video", { ...init, sendEncodings: one });
  }
}

/**
 * After the answer. A server that takes one stream leaves the first layer, the smallest: that one is
 * then sent whole.
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
