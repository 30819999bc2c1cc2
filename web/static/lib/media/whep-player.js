// The picture: a WHEP player (draft-ietf-wish-whep-03) for one <video>, muted and inline.
// It comes in by itself when someone publishes and comes back when the link is lost. The way that
// the packets take is connection-path.js's part, and what it does about loss jitter-buffer.js's.

import { ConnectionPath, iceServers, linked } from "./connection-path.js";

const RETRY = 3_000;
const RETRY_BLOCKED = 20_000;
const ANSWER_WITHIN = 2_000;
const JOIN_WITHIN = 8_000; // one server of several may hang
// The server that has the cameras does not answer this one, or is being replaced.
const AWAY = ["/problems/media-server-away", "/problems/media-on-other-server"];
const LAYER = "urn:ietf:params:whep:ext:core:layer";
const DELIVERY = "status";
const AWAITED_FOR = 8_000; // there may be none
const OBSERVED_AFTER = 1_500; // or at the first frame
const DELAY = "urn:x-farmlive:whep:delay";

/**
 * @typedef {"connecting" | "playing" | "tap" | "waiting" | "blocked" | "unsupported" | "busy" | "lost" | "stopped"} PlayerState
 */

/** @param {unknown} error */
const nameOf = (error) =>
  error instanceof Error || error instanceof DOMException ? error.name : "";

/** Event `state`; `way` where `way` may be another; `delivery` where `delivery` may be. States: connecting, playing, tap (the browser wants a touch first), waiting (nobody publishes),
    blocked (no way leads out of this network), unsupported, busy (the server lets in later), lost,
    stopped. */
export class WhepPlayer extends EventTarget {
  /** `source`: one camera's own picture, for the crew, in place of what viewers get. `most`: the
      highest layer wanted of a picture that comes in several sizes, 0 the smallest. `choice`: what a
      viewer wants of the stream, `auto`, `save_data` or `sound_only`; null where nobody chooses, and
      then nobody is told what comes, and the server not how late.
      @param {HTMLVideoElement} video
      @param {string} broadcast
      @param {{ source?: string | null, most?: number | null, choice?: string | null, sound?: boolean }} [options] */
  constructor(video, broadcast, { source = null, most = null, choice = null, sound = true } = {}) {
    super();
    this.video = video;
    this.broadcast = broadcast;
    this.source = source;
    this.most = most;
    this.choice = choice;
    this.sound = sound;
    /** @type {PlayerState} */
    this.state = "stopped";
    this.wanted = false;
    this.run = 0;
    /** @type {string | null} the codec on air, where the browser lacks it */
    this.missing = null;
    /** @type {RTCIceServer[]} those for which this network lets nothing else through */
    this.servers = [];
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {RTCPeerConnection | null} */
    this.connection = null;
    /** @type {string | null} */
    this.session = null;
    /** @type {string | null} where a layer is chosen */
    this.layer = null;
    /** @type {string | null} where the server tells what comes */
    this.told = null;
    /** @type {string | null} where a delay is reported to */
    this.delay = null;
    /** @type {ConnectionPath | null} */
    this.path = null;
    /** @type {import("./delivery.js").Delivery | null} */
    this.watched = null;
    /** @type {(() => void) | null} */
    this.calm = null;
    /** @type {(() => void) | null} */
    this.reporting = null;
    this.hears = false;
    this.isAwaiting = false;
    addEventListener("pagehide", () => this.leave(true));
    addEventListener("pageshow", (event) => {
      if (event.persisted && this.wanted) this.restart();
    });
    addEventListener("online", () => this.soon());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.soon();
    });
    video.addEventListener("playing", () => this.connection && this.become("playing"));
  }

  get url() {
    const url = new URL(`/whep/${this.broadcast}`, location.origin);
    if (this.source) url.searchParams.set("source", this.source);
    if (this.choice && this.choice !== "auto") url.searchParams.set("choice", this.choice);
    return url.href;
  }

  /** What comes of the stream, as delivery.js has it; null while that is not known. */
  get delivery() {
    return this.watched?.latest ?? null;
  }

  /** How the packets come: `udp`, `tcp`, `relay`, or null while it is not known. */
  get way() {
    return this.path?.way ?? null;
  }

  /**
   * Whether the browser takes this codec, such as `H264`; true while that is not known.
   * @param {string | null | undefined} codec
   */
  plays(codec) {
    const sdp = this.connection?.currentRemoteDescription?.sdp;
    return !codec || !sdp || new RegExp(`^a=rtpmap:\\d+ ${codec}/`, "im").test(sdp);
  }

  /** Play, now and whenever there is something to play. */
  start() {
    if (this.wanted) return;
    this.wanted = true;
    if (!("RTCPeerConnection" in window)) {
      this.become("unsupported");
      return;
    }
    this.connect();
  }

  /** Stop for good. */
  stop() {
    this.wanted = false;
    this.leave();
    this.video.srcObject = null;
    this.become("stopped");
  }

  restart() {
    this.leave();
    this.connect();
  }

  /** Try at once if a try is due, unless the server said when to come back. */
  soon() {
    if (this.state === "busy") return;
    if (this.wanted && this.timer) this.restart();
    else if (this.wanted && this.video.paused && this.video.srcObject) this.play();
  }

  /** Another source is on air: try at once, also where the one before could not be played. */
  another() {
    if (this.wanted && this.state === "unsupported" && "RTCPeerConnection" in window)
      this.restart();
    else this.soon();
  }

  async connect() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.missing = null;
    this.run += 1;
    const { run } = this;
    if (this.state !== "waiting") this.become("connecting");
    const { servers } = this;
    const connection = new RTCPeerConnection({ iceServers: servers, bundlePolicy: "max-bundle" });
    this.connection = connection;
    const stream = new MediaStream();
    connection.addTransceiver("video", { direction: "recvonly" });
    if (this.sound) connection.addTransceiver("audio", { direction: "recvonly" });
    connection.addEventListener("track", ({ track }) => {
      if (run !== this.run) return;
      stream.addTrack(track);
      if (this.video.srcObject !== stream) this.video.srcObject = stream;
      if (track.kind === "audio")
        track.addEventListener("unmute", () => run === this.run && this.hear());
      this.play();
    });
    try {
      await connection.setLocalDescription();
      const asked = this.choice;
      const answer = await fetch(this.url, {
        method: "POST",
        headers: { "content-type": "application/sdp", accept: "application/sdp" },
        body: connection.localDescription?.sdp,
        signal: AbortSignal.timeout?.(JOIN_WITHIN),
      });
      if (run !== this.run) {
        if (answer.ok) forget(answer);
        return;
      }
      if (!answer.ok) {
        await this.refused(answer, run);
        return;
      }
      this.session = new URL(answer.headers.get("location") ?? "", location.origin).href;
      this.layer = linked(answer.headers, LAYER);
      this.told = this.choice === null ? null : linked(answer.headers, DELIVERY);
      this.delay = this.choice === null ? null : linked(answer.headers, DELAY);
      if (this.most !== null) this.prefer(this.most);
      await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
      if (run !== this.run) return;
      this.follow(connection, iceServers(answer.headers));
      this.observe(connection, run, asked);
    } catch (error) {
      if (run !== this.run) return;
      // fetch fails with a TypeError when the server can't be reached, and by its signal when it does
      // not answer; the rest is the browser's.
      if (error instanceof TypeError || nameOf(error) === "TimeoutError") this.retry("lost", RETRY);
      else {
        this.leave();
        this.become("unsupported");
      }
    }
  }

  /** Sound comes. Without a picture the video tells nobody that it plays. */
  hear() {
    this.hears = true;
    const isAlone = this.choice === "sound_only" || this.delivery?.gets === "sound";
    if (isAlone && ["connecting", "waiting"].includes(this.state)) this.become("playing");
  }

  /**
   * @param {RTCPeerConnection} connection
   * @param {RTCIceServer[]} servers
   */
  follow(connection, servers) {
    const path = new ConnectionPath(connection, { session: this.session ?? "", servers });
    this.path = path;
    path.addEventListener("open", () => {
      this.servers = path.needed;
      if (this.state === "lost" && !this.video.paused) this.become("playing");
      this.dispatchEvent(new Event("way"));
    });
    path.addEventListener("shaken", () => this.state === "playing" && this.become("lost"));
    path.addEventListener("lost", () => this.retry("lost", 500));
    path.addEventListener("blocked", () => {
      this.servers = [];
      this.retry("blocked", RETRY_BLOCKED);
    });
  }

  /**
   * What no first picture needs is loaded once that is there: what comes, how late, and what is done
   * about loss. `asked` is the choice that the session began with.
   * @param {RTCPeerConnection} connection
   * @param {number} run
   * @param {string | null} asked
   */
  async observe(connection, run, asked) {
    await new Promise((resolve) => {
      this.video.addEventListener("playing", () => resolve(null), { once: true });
      setTimeout(resolve, OBSERVED_AFTER);
    });
    if (run !== this.run) return;
    const parts = await Promise.all([
      import("./delivery.js"),
      import("./delay-report.js"),
      import("./jitter-buffer.js"),
    ]).catch(() => null); // the network is gone, and the session with it
    if (!parts || run !== this.run) return;
    const [{ Delivery }, { reportDelay }, { adaptJitterBuffer }] = parts;
    this.calm = adaptJitterBuffer(connection);
    this.reporting = reportDelay(this.video, this.delay);
    if (!this.told) return;
    const watched = new Delivery(connection, this.told);
    watched.addEventListener("change", () => {
      if (this.hears) this.hear();
      this.dispatchEvent(new Event("delivery"));
    });
    this.watched = watched;
    if (this.choice !== null && this.choice !== asked) watched.choose(this.choice);
  }

  /**
   * @param {Response} answer
   * @param {number} run
   */
  async refused(answer, run) {
    const after = Number(answer.headers.get("retry-after")) * 1000;
    // That a broadcast is over, the channel tells; until then the picture may come back.
    if (answer.status === 409 || answer.status === 404) {
      this.retry("waiting", after || RETRY);
    } else if (answer.status === 429 || answer.status >= 500) {
      const { type } = answer.status === 503 ? await answer.json().catch(() => ({})) : {};
      if (run === this.run) this.retry(AWAY.includes(type) ? "lost" : "busy", after || RETRY * 2);
    } else {
      const { codec } = answer.status === 422 ? await answer.json().catch(() => ({})) : {};
      if (run !== this.run) return;
      this.missing = codec ?? null;
      this.leave();
      this.become("unsupported");
    }
  }

  /**
   * @param {PlayerState} state
   * @param {number} wait
   */
  retry(state, wait) {
    this.leave();
    this.become(state);
    // Spread out: those whom one server lost do not all come back in the same moment.
    const spread = wait * (0.75 + Math.random() / 2);
    if (this.wanted) this.timer = setTimeout(() => this.connect(), spread);
  }

  /**
   * The highest layer wanted, 0 the smallest, null the best that the link carries; it holds for the
   * sessions that follow too. Resolves to whether the server took it.
   * @param {number | null} most
   */
  async prefer(most) {
    this.most = most;
    if (!this.layer) return false;
    try {
      const answer = await fetch(this.layer, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ most }),
      });
      return answer.ok;
    } catch {
      return false; // the next session asks again
    }
  }

  /**
   * What the viewer wants of the stream; it holds for the sessions that follow too. Resolves to
   * whether the server took it.
   * @param {string} choice
   */
  async choose(choice) {
    if (this.choice === "sound_only" && choice !== "sound_only") this.awaitPicture();
    this.choice = choice;
    if (this.hears) this.hear();
    return this.watched ? this.watched.choose(choice) : true;
  }

  /** Where no picture was wanted, the last one stays to be seen until the next comes. */
  awaitPicture() {
    if (!this.video.requestVideoFrameCallback || !this.connection) return;
    const run = this.run;
    const seen = () => {
      if (run !== this.run || !this.isAwaiting) return;
      this.isAwaiting = false;
      this.dispatchEvent(new CustomEvent("state", { detail: this.state }));
    };
    this.isAwaiting = true;
    this.video.requestVideoFrameCallback(seen);
    setTimeout(seen, AWAITED_FOR);
  }

  async play() {
    try {
      await this.video.play();
    } catch (error) {
      if (nameOf(error) === "NotAllowedError") this.become("tap");
    }
  }

  /** By a closing connection the server learns that the session is over, and then knows none to delete:
      it is closed `atOnce` only where the page goes. */
  leave(atOnce = false) {
    this.run += 1;
    clearTimeout(this.timer);
    this.timer = undefined;
    const { connection, session } = this;
    const isGone = !session || this.path?.isGone;
    this.path?.close();
    this.path = null;
    this.calm?.();
    this.calm = null;
    this.reporting?.();
    this.reporting = null;
    this.watched?.close();
    this.hears = false;
    this.isAwaiting = false;
    if (this.watched) {
      this.watched = null;
      this.dispatchEvent(new Event("delivery"));
    }
    this.connection = null;
    this.session = null;
    const close = () => connection?.close();
    const answered =
      !session || isGone
        ? null
        : fetch(session, { method: "DELETE", keepalive: true }).catch(() => {});
    if (isGone || atOnce) close();
    else
      Promise.race([answered, new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN))]).then(
        close,
      );
  }

  /** @param {PlayerState} state */
  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}

/** @param {Response} answer */
function forget(answer) {
  const session = new URL(answer.headers.get("location") ?? "", location.origin);
  fetch(session.href, { method: "DELETE", keepalive: true }).catch(() => {});
}
