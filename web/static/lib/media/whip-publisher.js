// Publishes a MediaStream by WHIP (RFC 9725) and keeps it published: after a drop, a locked screen
// or a lost network it posts again with the same source's key, which takes up the same place.
// Leaves the camera to camera.js, the way that packets take to connection-path.js and every word to the page.

import { ConnectionPath, iceServers } from "./connection-path.js";
import { addPicture, hasTemporalLayers, settle } from "./simulcast.js";

const START_KBPS = 1_200;
const ANSWER_MS = 10_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000];

/** Codecs in the order wanted: H264 baseline first, so that HLS and recording need no encoder. */
export function inPreferredOrder(codecs) {
  const rank = ({ mimeType, sdpFmtpLine = "" }) => {
    const type = mimeType.toLowerCase();
    if (type === "video/h264") {
      const wanted = sdpFmtpLine.includes("packetization-mode=1") ? 0 : 2;
      return wanted + (/profile-level-id=42e0/i.test(sdpFmtpLine) ? 0 : 1);
    }
    if (type === "video/vp8") return 10;
    // rtx, red and ulpfec follow what they repair.
    return type === "video/vp9" || type === "video/av1" ? 20 : 30;
  };
  return codecs
    .map((codec, index) => [rank(codec), index, codec])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .map(([, , codec]) => codec);
}

/**
 * The offer without CVO: where it is not negotiated the sender turns the picture itself, so that it
 * is upright for every viewer and in every recording.
 */
export function withoutVideoOrientation(sdp) {
  return sdp
    .split("\r\n")
    .filter((line) => !/^a=extmap:\S+ urn:3gpp:video-orientation/.test(line))
    .join("\r\n");
}

/**
 * The answer with Chrome's own word for the bit rate to begin with: without it the first viewers
 * get a quarter of a minute of a very small picture. It falls at once where the way up is narrow.
 */
export function withStartBitrate(sdp) {
  const types = [...sdp.matchAll(/^a=rtpmap:(\d+) H264\//gm)].map(([, type]) => type);
  return types.reduce(
    (whole, type) =>
      whole.replace(new RegExp(`^(a=fmtp:${type} [^\\r\\n]*)`, "m"), `$1;x-google-start-bitrate=${START_KBPS}`),
    sdp,
  );
}

const CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

/** Offers to say when each picture was captured, where the browser can, so that the server knows how
    late viewers see it. */
function sayWhenCaptured(transceiver) {
  try {
    const extensions = transceiver.getHeaderExtensionsToNegotiate();
    for (const each of extensions) if (each.uri === CAPTURE_TIME) each.direction = "sendrecv";
    transceiver.setHeaderExtensionsToNegotiate(extensions);
  } catch {
    // Then the delay counts from its sender reports.
  }
}

/**
 * `credentials(fresh)` resolves to `{key, whip_url, source, label}` or rejects with a Problem of
 * lib/channel/api.js; `fresh` asks for a new key.
 * Event `state`; `state` is `idle`, `connecting`, `live`, `reconnecting` or `refused`, and `problem`
 * then holds the problem details that the server gave. `way` is how the picture goes: `udp`, `tcp`,
 * `relay` (by a TURN server), or null while that is not known; `isBlocked` whether the last try found
 * no way out of this network at all.
 */
export class WhipPublisher extends EventTarget {
  state = "idle";
  problem = null;
  source = null;
  label = null;
  isBlocked = false;
  #credentials;
  #path = null;
  #servers = [];
  #stream = null;
  #peer = null;
  #session = null;
  #key = null;
  #attempt = 0;
  #failures = 0;
  #timer = null;
  #farewell = null; // a new session comes after the end of the old one

  constructor(credentials) {
    super();
    this.#credentials = credentials;
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.hurry();
    });
  }

  get way() {
    return this.#path?.way ?? null;
  }

  get isOn() {
    return this.state !== "idle" && this.state !== "refused";
  }

  start(stream) {
    this.#stream = stream;
    this.#failures = 0;
    this.#enter("connecting");
    this.#connect();
  }

  /** Sends the stream's present tracks in the place of the old ones, without a new session. */
  async replaceTracks(stream) {
    this.#stream = stream;
    const jobs = (this.#peer?.getTransceivers() ?? []).map((transceiver) => {
      const kind = transceiver.receiver.track.kind;
      const track = stream.getTracks().find((each) => each.kind === kind) ?? null;
      return transceiver.sender.track === track ? null : transceiver.sender.replaceTrack(track);
    });
    await Promise.all(jobs);
  }

  /** Ends the session, on the server too unless that has ended it already. */
  async stop({ isGone = false } = {}) {
    this.#attempt += 1;
    const session = this.#session;
    const peer = this.#peer;
    // By a closing connection the server would learn that it is over, and then know none to delete: this
    // one sends nothing more, and is closed once that is answered.
    const isKept = session !== null && !isGone && !this.#path?.isGone;
    if (isKept) this.#peer = null;
    this.#hangUp();
    this.#enter("idle");
    this.#session = null;
    if (!isKept) return;
    for (const sender of peer?.getSenders() ?? []) sender.replaceTrack(null).catch(() => {});
    const headers = { Authorization: `Bearer ${this.#key}` };
    const signal = AbortSignal.timeout?.(ANSWER_MS);
    this.#farewell = fetch(session, { method: "DELETE", headers, signal, keepalive: true }).catch(() => {});
    await this.#farewell;
    peer?.close();
  }

  /** Tries at once where the next attempt is being waited for. */
  hurry() {
    if (!this.isOn || this.#path) return;
    if (this.#timer === null && this.state === "connecting") return;
    this.#connect();
  }

  /** Told by the server's answers that it does not know of the session: a new one is made. */
  renew() {
    if (this.state === "live") this.#again(this.#attempt, 1);
  }

  #enter(state, problem = null) {
    this.state = state;
    this.problem = problem;
    this.dispatchEvent(new Event("state"));
  }

  #hangUp() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#path?.close();
    this.#path = null;
    if (!this.#peer) return;
    this.#peer.close();
    this.#peer = null;
  }

  async #connect(fresh = false) {
    const attempt = ++this.#attempt;
    const stale = () => attempt !== this.#attempt;
    this.#hangUp();
    const peer = new RTCPeerConnection({ iceServers: this.#servers, bundlePolicy: "max-bundle" });
    this.#peer = peer;
    try {
      await this.#farewell;
      const credentials = await this.#credentials(fresh);
      const codecs = inPreferredOrder(RTCRtpSender.getCapabilities?.("video")?.codecs ?? []);
      const temporal = codecs.length > 0 && (await hasTemporalLayers(codecs[0]));
      if (stale()) return;
      this.#addTracks(peer, codecs, temporal);
      await peer.setLocalDescription(await peer.createOffer());
      const answer = await this.#post(credentials, peer.localDescription.sdp);
      if (stale()) {
        // Stopped while the answer was under way: leave nothing behind on the server.
        const headers = { Authorization: `Bearer ${credentials.key}` };
        if (answer.session && this.state === "idle") {
          fetch(answer.session, { method: "DELETE", headers, keepalive: true }).catch(() => {});
        }
        return;
      }
      if (answer.problem) {
        this.#refuse(answer, fresh);
        return;
      }
      this.#session = answer.session;
      this.#key = credentials.key;
      this.source = credentials.source;
      this.label = credentials.label;
      await peer.setRemoteDescription({ type: "answer", sdp: withStartBitrate(answer.sdp) });
      await settle(peer.getSenders()[0], answer.sdp);
      if (stale()) return;
      this.#follow(peer, attempt, answer.servers);
    } catch (error) {
      if (stale()) return;
      // No key was given, and asking again gives none either.
      if (error.status >= 400 && error.status < 500 && error.status !== 429) {
        this.#attempt += 1;
        this.#hangUp();
        this.#enter("refused", error.body);
        return;
      }
      this.#again(attempt);
    }
  }

  #addTracks(peer, codecs, temporal) {
    const [video] = this.#stream.getVideoTracks();
    const [audio] = this.#stream.getAudioTracks();
    const streams = [this.#stream];
    const picture = addPicture(peer, video, streams, temporal);
    if (codecs.length > 0 && picture.setCodecPreferences) picture.setCodecPreferences(codecs);
    sayWhenCaptured(picture);
    // Offered without a microphone too: one that is allowed later needs no new session.
    peer.addTransceiver(audio ?? "audio", { direction: "sendonly", streams });
  }

  async #post({ whip_url: url, key }, sdp) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${key}` },
      body: withoutVideoOrientation(sdp),
      signal: AbortSignal.timeout?.(ANSWER_MS),
    });
    if (response.status === 201) {
      const location = response.headers.get("Location");
      const session = location ? new URL(location, response.url || url).href : null;
      return { session, sdp: await response.text(), servers: iceServers(response.headers) };
    }
    const problem = await response.json().catch(() => ({ detail: "", title: "" }));
    const wait = Number(response.headers.get("Retry-After")) * 1_000 || 0;
    return { problem: { ...problem, status: response.status }, wait };
  }

  #refuse({ problem, wait }, fresh) {
    if ((problem.status === 401 || problem.status === 403) && !fresh) {
      this.#connect(true);
    } else if (problem.status >= 500 || problem.status === 429 || problem.status === 408) {
      this.#again(this.#attempt, wait);
    } else {
      this.#attempt += 1;
      this.#hangUp();
      this.#enter("refused", problem);
    }
  }

  #follow(peer, attempt, servers) {
    const path = new ConnectionPath(peer, {
      session: this.#session,
      headers: { Authorization: `Bearer ${this.#key}` },
      servers,
    });
    this.#path = path;
    path.addEventListener("open", () => {
      this.#failures = 0;
      this.isBlocked = false;
      this.#servers = path.needed;
      this.#enter("live");
    });
    path.addEventListener("shaken", () => this.#enter("reconnecting"));
    path.addEventListener("lost", () => this.#again(attempt, 1));
    path.addEventListener("blocked", () => {
      this.isBlocked = true;
      this.#servers = [];
      this.#again(attempt);
    });
  }

  #again(attempt, wait = 0) {
    if (attempt !== this.#attempt) return;
    this.#attempt += 1;
    this.#hangUp();
    this.#enter("reconnecting");
    const delay = wait || RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#connect(), delay);
  }
}
