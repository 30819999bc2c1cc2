// Publishes a MediaStream by WHIP (RFC 9725) and keeps it published: after a drop, a locked screen
// or a lost network it posts again with the same source's key, which takes up the same place.
// Leaves the camera to camera.js, the way that packets take to connection-path.js and every word to the page.

import { Problem } from "../channel/api.js";
import { ConnectionPath, iceServers } from "./connection-path.js";
import { addPicture, hasTemporalLayers, settle } from "./simulcast.js";

const START_KBPS = 1_200;
const ANSWER_MS = 10_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000];

/**
 * Codecs in the order wanted: H264 baseline first, so that HLS and recording need no encoder.
 * @param {RTCRtpCodec[]} codecs
 */
export function inPreferredOrder(codecs) {
  /** @param {RTCRtpCodec} codec */
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
    .map((codec, index) => ({ codec, index, rank: rank(codec) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ codec }) => codec);
}

/**
 * The offer without CVO: where it is not negotiated the sender turns the picture itself, so that it
 * is upright for every viewer and in every recording.
 * @param {string} sdp
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
 * @param {string} sdp
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

/**
 * W3C webrtc-extensions, which not every browser has.
 * @typedef {object} ExtensionChoice
 * @property {() => { uri: string, direction: string }[]} getHeaderExtensionsToNegotiate
 * @property {(extensions: { uri: string, direction: string }[]) => void} setHeaderExtensionsToNegotiate
 */

const CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

/**
 * Offers to say when each picture was captured, where the browser can, so that the server knows how
 * late viewers see it.
 * @param {RTCRtpTransceiver} transceiver
 */
function sayWhenCaptured(transceiver) {
  const chooses = /** @type {ExtensionChoice} */ (/** @type {unknown} */ (transceiver));
  try {
    const extensions = chooses.getHeaderExtensionsToNegotiate();
    for (const each of extensions) if (each.uri === CAPTURE_TIME) each.direction = "sendrecv";
    chooses.setHeaderExtensionsToNegotiate(extensions);
  } catch {
    // Then the delay counts from its sender reports.
  }
}

/** @typedef {"idle" | "connecting" | "live" | "reconnecting" | "refused"} PublisherState */
/** @typedef {import("../channel/api.js").ProblemBody} ProblemBody */
/** @typedef {{ key: string, whip_url: string, source: string, label: string }} StreamCredentials */
/** @typedef {{ session: string | null, sdp: string, servers: RTCIceServer[], problem?: undefined }} Accepted */
/** @typedef {{ problem: ProblemBody, wait: number }} Turned */

/**
 * `credentials(fresh)` resolves to `{key, whip_url, source, label}` or rejects with a Problem of
 * lib/channel/api.js; `fresh` asks for a new key.
 * Event `state`; `state` is `idle`, `connecting`, `live`, `reconnecting` or `refused`, and `problem`
 * then holds the problem details that the server gave. `way` is how the picture goes: `udp`, `tcp`,
 * `relay` (by a TURN server), or null while that is not known; `isBlocked` whether the last try found
 * no way out of this network at all.
 */
export class WhipPublisher extends EventTarget {
  /** @param {(fresh: boolean) => Promise<StreamCredentials>} credentials */
  constructor(credentials) {
    super();
    /** @type {PublisherState} */
    this.state = "idle";
    /** @type {ProblemBody | null} */
    this.problem = null;
    /** @type {string | null} */
    this.source = null;
    /** @type {string | null} */
    this.label = null;
    this.isBlocked = false;
    /** @type {ConnectionPath | null} */
    this._path = null;
    /** @type {RTCIceServer[]} */
    this._servers = [];
    /** @type {MediaStream | null} */
    this._stream = null;
    /** @type {RTCPeerConnection | null} */
    this._peer = null;
    /** @type {string | null} */
    this._session = null;
    /** @type {string | null} */
    this._key = null;
    this._attempt = 0;
    this._failures = 0;
    /** @type {number | null} */
    this._timer = null;
    /** @type {Promise<unknown> | null} a new session comes after the end of the old one */
    this._farewell = null;
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

  /** @param {MediaStream} stream */
  start(stream) {
    this._stream = stream;
    this._failures = 0;
    this._enter("connecting");
    this._connect();
  }

  /**
   * Sends the stream's present tracks in the place of the old ones, without a new session.
   * @param {MediaStream} stream
   */
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
    const isOver = isGone || this._path?.isGone;
    const isKept = session !== null && !isOver;
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

  /**
   * @param {PublisherState} state
   * @param {ProblemBody | null} [problem]
   */
  _enter(state, problem = null) {
    this.state = state;
    this.problem = problem;
    this.dispatchEvent(new Event("state"));
  }

  _hangUp() {
    if (this._timer !== null) clearTimeout(this._timer);
    this._timer = null;
    this._path?.close();
    this._path = null;
    if (!this._peer) return;
    this._peer.close();
    this._peer = null;
  }

  async _connect(fresh = false) {
    this._attempt += 1;
    const attempt = this._attempt;
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
      const answer = await this._post(credentials, peer.localDescription?.sdp ?? "");
      if (stale()) {
        // Stopped while the answer was under way: leave nothing behind on the server.
        const headers = { Authorization: `Bearer ${credentials.key}` };
        if ("session" in answer && answer.session && this.state === "idle") {
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
      if (
        error instanceof Problem &&
        error.status >= 400 &&
        error.status < 500 &&
        error.status !== 429
      ) {
        this._attempt += 1;
        this._hangUp();
        this._enter("refused", error.body);
        return;
      }
      this._again(attempt);
    }
  }

  /**
   * @param {RTCPeerConnection} peer
   * @param {RTCRtpCodec[]} codecs
   * @param {boolean} temporal
   */
  _addTracks(peer, codecs, temporal) {
    const stream = this._stream ?? new MediaStream();
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    const streams = [stream];
    const picture = addPicture(peer, video, streams, temporal);
    if (codecs.length > 0 && picture.setCodecPreferences) picture.setCodecPreferences(codecs);
    sayWhenCaptured(picture);
    // Offered without a microphone too: one that is allowed later needs no new session.
    peer.addTransceiver(audio ?? "audio", { direction: "sendonly", streams });
  }

  /**
   * @param {StreamCredentials} credentials
   * @param {string} sdp
   * @returns {Promise<Accepted | Turned>}
   */
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
    /** @type {ProblemBody} */
    const problem = await response.json().catch(() => ({ detail: "", title: "" }));
    const wait = Number(response.headers.get("Retry-After")) * 1_000 || 0;
    return { problem: { ...problem, status: response.status }, wait };
  }

  /**
   * @param {Turned} answer
   * @param {boolean} fresh
   */
  _refuse({ problem, wait }, fresh) {
    const { status = 0 } = problem;
    if ((status === 401 || status === 403) && !fresh) {
      this._connect(true);
    } else if (status >= 500 || status === 429 || status === 408) {
      this._again(this._attempt, wait);
    } else {
      this._attempt += 1;
      this._hangUp();
      this._enter("refused", problem);
    }
  }

  /**
   * @param {RTCPeerConnection} peer
   * @param {number} attempt
   * @param {RTCIceServer[]} servers
   */
  _follow(peer, attempt, servers) {
    const path = new ConnectionPath(peer, {
      session: this._session ?? "",
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

  /**
   * @param {number} attempt
   * @param {number} [wait] milliseconds
   */
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
