// The way that a WHIP or WHEP session's packets take, kept open: UDP, else TCP, else a TURN server;
// by an ICE restart (RFC 9725, section 4.3.3) where the network changed under it, and by a new
// session only where that does not help. Leaves the session to its owner, and every word to a page.

/** @type {EventTarget & { type?: string } | undefined} of which kind the network is, where that is told */
const network = /** @type {any} */ (navigator).connection;

const RELAY_AFTER = 4_000; // neither UDP nor TCP in this time: ask a TURN server
const BLOCKED_AFTER = 12_000;
const SILENT_AFTER = 1_300; // the server is heard at least twice a second, whoever is away
const LOOK_EVERY = 400;
const ANSWER_WITHIN = 2_000;
// Until the next restart: browsers learn of a new network up to two seconds late, and the way by a
// TURN server takes several round trips to open.
const NEXT_AFTER = [1_200, 2_000, 4_000];
const FAILED_AFTER = 600; // where the server was not reached at all
const LOST_AFTER = 10_000;
const SETTLED_AFTER = 1_500; // browsers try all ways at once, and the best may not be the first

/**
 * All reports of a browser's statistics (W3C webrtc-stats); which members one has says its `type`.
 * @param {RTCStatsReport} stats
 * @returns {any[]}
 */
export function reportsOf(stats) {
  /** @type {any[]} */
  const reports = [];
  stats.forEach((report) => {
    reports.push(report);
  });
  return reports;
}

/**
 * What a list of Link headers says of a relation: `[[target, parameters], …]` (RFC 8288).
 * @param {Headers} headers
 * @param {string} relation
 */
function links(headers, relation) {
  /** @type {[string, Record<string, string>][]} */
  const found = [];
  for (const link of (headers.get("link") ?? "").split(/,\s*(?=<)/)) {
    const [, target, rest] = /^\s*<([^>]*)>(.*)$/.exec(link) ?? [];
    /** @type {Record<string, string>} */
    const parameters = {};
    for (const [, name, quoted, plain] of (rest ?? "").matchAll(
      /;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g,
    )) {
      parameters[name.toLowerCase()] = plain ?? quoted.replace(/\\(.)/g, "$1");
    }
    if (parameters.rel === relation) found.push([target, parameters]);
  }
  return found;
}

/**
 * Where the first link of a relation leads, or null.
 * @param {Headers} headers
 * @param {string} relation
 */
export function linked(headers, relation) {
  const [first] = links(headers, relation);
  return first ? new URL(first[0], location.origin).href : null;
}

/**
 * The STUN and TURN servers of an answer (RFC 9725, section 4.6), as RTCPeerConnection has them.
 * @param {Headers} headers
 * @returns {RTCIceServer[]}
 */
export function iceServers(headers) {
  return links(headers, "ice-server").map(([urls, { username, credential }]) =>
    username === undefined ? { urls } : { urls, username, credential },
  );
}

/**
 * The trickle fragment (RFC 8840) with which an offer's ICE is restarted.
 * @param {string} sdp
 */
function fragmentOf(sdp) {
  const [session, first] = sdp.split(/^(?=m=)/m);
  const wanted = /^(m=|a=(group:BUNDLE|ice-options|mid|ice-ufrag|ice-pwd|candidate)\b)/;
  return [session, first]
    .flatMap((section) => section.split("\r\n"))
    .filter((line) => wanted.test(line))
    .map((line) => `${line}\r\n`)
    .join("");
}

/**
 * The answer as it is after a restart: with the fragment's credentials and candidates.
 * @param {string} answer
 * @param {string} fragment
 */
function renewed(answer, fragment) {
  /** @param {string} name */
  const value = (name) => new RegExp(`^a=${name}:(.*?)\\r?$`, "m").exec(fragment)?.[1] ?? "";
  const candidates = fragment.match(/^a=(candidate|end-of-candidates).*$/gm) ?? [];
  const sections = answer
    .replace(/^a=(candidate|end-of-candidates).*\r\n/gm, "")
    .replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${value("ice-ufrag")}`)
    .replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${value("ice-pwd")}`)
    .split(/^(?=m=)/m);
  sections[1] += candidates.map((line) => `${line.trimEnd()}\r\n`).join("");
  return sections.join("");
}

/**
 * How the packets go: `udp`, `tcp`, `relay`, or null where there is no way or it is not told.
 * @param {RTCPeerConnection} connection
 * @returns {Promise<string | null>}
 */
export async function wayOf(connection) {
  const reports = reportsOf(await connection.getStats());
  /** @param {string} id */
  const byId = (id) => reports.find((each) => each.id === id);
  const selected = reports.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  const pair =
    (selected && byId(selected)) ??
    reports.find(
      (each) => each.type === "candidate-pair" && each.nominated && each.state === "succeeded",
    );
  const local = pair && byId(pair.localCandidateId);
  if (!local) return null;
  return local.candidateType === "relay" ? "relay" : (local.protocol ?? null);
}

/** @param {RTCPeerConnection} connection */
async function heard(connection) {
  let bytes = 0;
  for (const report of reportsOf(await connection.getStats())) {
    if (report.type === "candidate-pair") bytes += report.bytesReceived ?? 0;
  }
  return bytes;
}

/**
 * Events: `open` (packets come through; `way` is how), `shaken` (they do not just now), and once
 * and for all `lost` (the session is over, begin another) or `blocked` (no way leads out of this
 * network).
 */
export class ConnectionPath extends EventTarget {
  /**
   * Of a connection whose answer is set, and its session's address; `headers` go with each PATCH.
   * @param {RTCPeerConnection} connection
   * @param {{ session: string, headers?: Record<string, string>, servers?: RTCIceServer[] }} options
   */
  constructor(connection, { session, headers = {}, servers = [] }) {
    super();
    /** @type {string | null} `udp`, `tcp` or `relay` once it is known */
    this.way = null;
    /** Whether the server has ended the session: there is nothing left to delete. */
    this.isGone = false;
    this._wasOpen = false;
    this._isMending = false;
    /** @type {AbortController | null} */
    this._asking = null;
    this._isClosed = false;
    /** @type {Set<number>} */
    this._timers = new Set();
    this._heard = 0;
    this._heardAt = 0;
    this._network = network?.type;
    this._online = () => this._mend();
    // What else is told of a network changes all the time.
    this._changed = () => {
      const type = network?.type;
      if (type !== this._network && type !== "none") this._mend();
      this._network = type;
    };
    this._connection = connection;
    this._session = session;
    this._headers = headers;
    this._servers = servers;
    this._relays = (connection.getConfiguration().iceServers ?? []).length > 0;
    connection.addEventListener("connectionstatechange", () => this._follow());
    const dtls = connection.getTransceivers()[0]?.receiver.transport;
    dtls?.iceTransport?.addEventListener?.("selectedcandidatepairchange", () => this._settle());
    // The server said goodbye.
    dtls?.addEventListener("statechange", () => dtls.state === "closed" && this._gone());
    addEventListener("online", this._online);
    network?.addEventListener?.("change", this._changed);
    this._after(RELAY_AFTER, () => this._wasOpen || this._relay());
    this._after(BLOCKED_AFTER, () => this._wasOpen || this._end("blocked"));
    this._follow();
  }

  /** What a next session begins with: the servers without which this network lets nothing through. */
  get needed() {
    return this.way === "relay" ? this._servers : [];
  }

  close() {
    this._isClosed = true;
    removeEventListener("online", this._online);
    network?.removeEventListener?.("change", this._changed);
    for (const timer of this._timers) clearTimeout(timer);
  }

  get _isConnected() {
    return this._connection.connectionState === "connected";
  }

  /**
   * @param {number} wait
   * @param {() => void} call
   */
  _after(wait, call) {
    const timer = setTimeout(() => {
      this._timers.delete(timer);
      if (!this._isClosed) call();
    }, wait);
    this._timers.add(timer);
  }

  /** @param {string} name */
  _tell(name) {
    if (!this._isClosed) this.dispatchEvent(new Event(name));
  }

  /** @param {string} name */
  _end(name) {
    if (this._isClosed) return;
    this.close();
    this.dispatchEvent(new Event(name));
  }

  _follow() {
    if (this._isClosed) return;
    switch (this._connection.connectionState) {
      case "connected":
        if (!this._wasOpen) this._watch();
        this._wasOpen = true;
        if (!this._isMending) this._tell("open");
        this._settle();
        break;
      case "disconnected":
        this._mend();
        break;
      case "failed":
        if (this._wasOpen) this._mend();
        else if (!this._relay()) this._end("blocked");
        break;
      case "closed":
        this._end("lost");
        break;
    }
  }

  _settle() {
    this._after(SETTLED_AFTER, async () => {
      const way = this._isConnected ? await wayOf(this._connection).catch(() => null) : null;
      if (way === null || way === this.way) return;
      this.way = way;
      this._tell("open");
    });
  }

  /** Nothing at all is heard any more: the network changed, which browsers notice much later. */
  _watch() {
    this._after(LOOK_EVERY, async () => {
      const bytes = await heard(this._connection).catch(() => 0);
      const now = performance.now();
      if (bytes !== this._heard) {
        this._heard = bytes;
        this._heardAt = now;
        // The old way is back: no need to wait for another.
        if (this._isConnected) this._asking?.abort();
      } else if (bytes > 0 && now - this._heardAt > SILENT_AFTER) {
        this._heardAt = now + LOST_AFTER;
        this._mend();
      }
      if (!this._isClosed) this._watch();
    });
  }

  /** Go on by a TURN server; false where there is none, or it is in use. */
  _relay() {
    if (this._relays || this._servers.length === 0) return false;
    this._mend({ relays: true });
    return true;
  }

  _gone() {
    this.isGone = this.isGone || !this._isClosed;
    this._end("lost");
  }

  async _mend({ relays = false } = {}) {
    if (this._isClosed || this._isMending) return;
    this._isMending = true;
    if (this._wasOpen) this._tell("shaken");
    const until = performance.now() + LOST_AFTER;
    const before = this._heard;
    for (let again = 0; performance.now() < until; again += 1) {
      const result = await this._restart(relays || again > 1);
      if (this._isClosed) return;
      if (result === "gone") {
        this._gone();
        return;
      }
      const last = NEXT_AFTER[NEXT_AFTER.length - 1];
      const wait = relays ? last : (NEXT_AFTER[again] ?? last);
      await this._comesBack(before, result === "done" ? wait : FAILED_AFTER);
      if (this._isClosed) return;
      if (this._isConnected && (await heard(this._connection).catch(() => 0)) !== before) {
        this._heardAt = performance.now();
        this._isMending = false;
        this._tell("open");
        this._settle();
        return;
      }
    }
    this._end(this._wasOpen ? "lost" : "blocked");
  }

  /**
   * @param {number} before
   * @param {number} within
   */
  async _comesBack(before, within) {
    const until = performance.now() + within;
    while (!this._isClosed && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (this._isConnected && (await heard(this._connection).catch(() => 0)) !== before) return;
    }
  }

  /**
   * Restart ICE; the old way serves until the new one does. `done`, `failed`, or `gone` where the
   * server does not know the session any more.
   * @param {boolean} relays
   */
  async _restart(relays) {
    const connection = this._connection;
    const asking = new AbortController();
    this._asking = asking;
    const limit = setTimeout(() => asking.abort(), ANSWER_WITHIN);
    try {
      if (relays && !this._relays && this._servers.length > 0) {
        connection.setConfiguration({
          ...connection.getConfiguration(),
          iceServers: this._servers,
        });
        this._relays = true;
      }
      await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
      const answer = await fetch(this._session, {
        method: "PATCH",
        headers: {
          ...this._headers,
          "content-type": "application/trickle-ice-sdpfrag",
          "if-match": "*",
        },
        body: fragmentOf(connection.localDescription?.sdp ?? ""),
        signal: asking.signal,
      });
      if (answer.status === 200) {
        const sdp = renewed(connection.currentRemoteDescription?.sdp ?? "", await answer.text());
        await connection.setRemoteDescription({ type: "answer", sdp });
        return "done";
      }
      if ([404, 405, 410, 501].includes(answer.status)) return "gone";
    } catch {
      // The network is not there yet, or the session ended meanwhile.
    } finally {
      clearTimeout(limit);
      this._asking = null;
    }
    if (connection.signalingState === "have-local-offer") {
      await connection.setLocalDescription({ type: "rollback" }).catch(() => {});
    }
    return "failed";
  }
}
