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
      whole.replace(
        new RegExp(`^(a=fmtp:${type} [^\\r\\n]*)`, "m"),
        `$1;x-google-start-bitrate=${START_KBPS}`,
      ),
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
  constructor(credentials) {
    super();
    this.state = "idle";
    this.problem = null;
    this.source = null;
    this.label = null;
    this.isBlocked = false;
    this._credentials = undefined;
    this._path = null;
    this._servers = [];
    this._stream = null;
    this._peer = null;
    this._session = null;
    this._key = null;
    this._attempt = 0;
    this._failures = 0;
    this._timer = null;
    this._farewell = null; // a new session comes after the end of the old one
    this._credentials = credentials;
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.hurry();
    });
  }

  get way() {
    return this._path?.way ?? null;
  }

  get isOn() {
    return this.state !== "idle" && this.state !== "refused";
  }

  start(stream) {
    this._stream = stream;
    this._failures = 0;
    this._enter("connecting");
    this._connect();
  }

  /** Sends the stream's present tracks in the place of the old ones, without a new session. */
  async replaceTracks(stream) {
    this._stream = stream;
    const jobs = (this._peer?.getTransceivers() ?? []).map((transceiver) => {
      const kind = transceiver.receiver.track.kind;
      const track = stream.getTracks().find((each) => each.kind === kind) ?? null;
      return transceiver.sender.track === track ? null : transceiver.sender.replaceTrack(track);
    });
    await Promise.all(jobs);
  }

  /** Ends the session, on the server too unless that has ended it already. */
  async stop({ isGone = false } = {}) {
    this._attempt += 1;
    const session = this._session;
    const peer = this._peer;
    // By a closing connection the server would learn that it is over, and then know none to delete: this
    // one sends nothing more, and is closed once that is answered.
    const isKept = session !== null && !isGone && !this._path?.isGone;
    if (isKept) this._peer = null;
    this._hangUp();
    this._enter("idle");
    this._session = null;
    if (!isKept) return;
    for (const sender of peer?.getSenders() ?? []) sender.replaceTrack(null).catch(() => {});
    const headers = { Authorization: `Bearer ${this._key}` };
    const signal = AbortSignal.timeout?.(ANSWER_MS);
    this._farewell = fetch(session, { method: "DELETE", headers, signal, keepalive: true }).catch(
      () => {},
    );
    await this._farewell;
    peer?.close();
  }

  /** Tries at once where the next attempt is being waited for. */
  hurry() {
    if (!this.isOn || this._path) return;
    if (this._timer === null && this.state === "connecting") return;
    this._connect();
  }

  /** Told by the server's answers that it does not know of the session: a new one is made. */
  renew() {
    if (this.state === "live") this._again(this._attempt, 1);
  }

  _enter(state, problem = null) {
    this.state = state;
    this.problem = problem;
    this.dispatchEvent(new Event("state"));
  }

  _hangUp() {
    clearTimeout(this._timer);
    this._timer = null;
    this._path?.close();
    this._path = null;
    if (!this._peer) return;
    this._peer.close();
    this._peer = null;
  }

  async _connect(fresh = false) {
    const attempt = ++this._attempt;
    const stale = () => attempt !== this._attempt;
    this._hangUp();
    const peer = new RTCPeerConnection({ iceServers: this._servers, bundlePolicy: "max-bundle" });
    this._peer = peer;
    try {
      await this._farewell;
      const credentials = await this._credentials(fresh);
      const codecs = inPreferredOrder(RTCRtpSender.getCapabilities?.("video")?.codecs ?? []);
      const temporal = codecs.length > 0 && (await hasTemporalLayers(codecs[0]));
      if (stale()) return;
      this._addTracks(peer, codecs, temporal);
      await peer.setLocalDescription(await peer.createOffer());
      const answer = await this._post(credentials, peer.localDescription.sdp);
      if (stale()) {
        // Stopped while the answer was under way: leave nothing behind on the server.
        const headers = { Authorization: `Bearer ${credentials.key}` };
        if (answer.session && this.state === "idle") {
          fetch(answer.session, { method: "DELETE", headers, keepalive: true }).catch(() => {});
        }
        return;
      }
      if (answer.problem) {
        this._refuse(answer, fresh);
        return;
      }
      this._session = answer.session;
      this._key = credentials.key;
      this.source = credentials.source;
      this.label = credentials.label;
      await peer.setRemoteDescription({ type: "answer", sdp: withStartBitrate(answer.sdp) });
      await settle(peer.getSenders()[0], answer.sdp);
      if (stale()) return;
      this._follow(peer, attempt, answer.servers);
    } catch (error) {
      if (stale()) return;
      // No key was given, and asking again gives none either.
      if (error.status >= 400 && error.status < 500 && error.status !== 429) {
        this._attempt += 1;
        this._hangUp();
        this._enter("refused", error.body);
        return;
      }
      this._again(attempt);
    }
  }

  _addTracks(peer, codecs, temporal) {
    const [video] = this._stream.getVideoTracks();
    const [audio] = this._stream.getAudioTracks();
    const streams = [this._stream];
    const picture = addPicture(peer, video, streams, temporal);
    if (codecs.length > 0 && picture.setCodecPreferences) picture.setCodecPreferences(codecs);
    sayWhenCaptured(picture);
    // Offered without a microphone too: one that is allowed later needs no new session.
    peer.addTransceiver(audio ?? "audio", { direction: "sendonly", streams });
  }

  async _post({ whip_url: url, key }, sdp) {
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

  _refuse({ problem, wait }, fresh) {
    if ((problem.status === 401 || problem.status === 403) && !fresh) {
      this._connect(true);
    } else if (problem.status >= 500 || problem.status === 429 || problem.status === 408) {
      this._again(this._attempt, wait);
    } else {
      this._attempt += 1;
      this._hangUp();
      this._enter("refused", problem);
    }
  }

  _follow(peer, attempt, servers) {
    const path = new ConnectionPath(peer, {
      session: this._session,
      headers: { Authorization: `Bearer ${this._key}` },
      servers,
    });
    this._path = path;
    path.addEventListener("open", () => {
      this._failures = 0;
      this.isBlocked = false;
      this._servers = path.needed;
      this._enter("live");
    });
    path.addEventListener("shaken", () => this._enter("reconnecting"));
    path.addEventListener("lost", () => this._again(attempt, 1));
    path.addEventListener("blocked", () => {
      this.isBlocked = true;
      this._servers = [];
      this._again(attempt);
    });
  }

  _again(attempt, wait = 0) {
    if (attempt !== this._attempt) return;
    this._attempt += 1;
    this._hangUp();
    this._enter("reconnecting");
    const delay = wait || RETRY_MS[Math.min(this._failures, RETRY_MS.length - 1)];
    this._failures += 1;
    this._timer = setTimeout(() => this._connect(), delay);
  }
}
