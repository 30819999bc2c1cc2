// What this viewer gets of the stream, by the server's word. It is asked once the picture plays, again
// when the picture changes as if more or less of it came, and now and then while that is less than all:
// whoever gets everything costs the server one request. Where the server knows that the link is narrow,
// the picture itself shows whether it stands. Pages have the words.

import { reportsOf } from "./connection-path.js";

// Times in milliseconds.
const FIRST_AFTER = 4_000; // links are judged within three seconds
const LOOK_EVERY = 1_000;
const SPAN = 4; // looks; keyframes come each second or two
const SPACED = 2_000;
const AGAIN_AFTER = 4_000;
const CALM_AFTER = 15_000;
const REFUSED_AFTER = 60_000;
const SOON = 4; // asks that are close together after a change
const SPREAD = 1_000; // those whom one camera switched do not all ask at once

const STILL = 2; // frames a second
const FEWER = 0.7; // of the most that came

/**
 * What the server says of what comes.
 * @typedef {object} Said
 * @property {string} choice
 * @property {string} gets `choppy_picture` is the page's own: keyframes, and some of what follows each
 * @property {string | null} limited_by
 * @property {number} [estimated_kbps]
 * @property {string} [link]
 */

/** Event `change` when `latest` may be another: it is `{choice, gets, limited_by, estimated_kbps}` or null. */
export class Delivery extends EventTarget {
  /**
   * Of a connection that plays, and the address of its session's delivery.
   * @param {RTCPeerConnection} connection
   * @param {string} url
   */
  constructor(connection, url) {
    super();
    /** @type {Said | null} */
    this._said = null;
    /** @type {{ at: number, frames: number }[]} */
    this._counts = [];
    this._most = 0;
    /** @type {string | null} */
    this._how = null;
    /** @type {string | null} */
    this._sign = null;
    /** @type {string | null} */
    this._askedSign = null;
    this._askedAt = -Infinity;
    this._soon = SOON;
    this._isClosed = false;
    this._connection = connection;
    this._url = url;
    this._nextAt = performance.now() + FIRST_AFTER + Math.random() * SPREAD;
    this._timer = setInterval(() => this._look().catch(() => {}), LOOK_EVERY);
  }

  get latest() {
    const said = this._said;
    if (said?.link !== "narrow" || said.limited_by === "choice" || said.gets === "sound")
      return said;
    // Between keyframes comes what else the link carries: on some links nothing, on others most.
    const isStill = ["none", "still"].includes(this._how ?? "");
    if (isStill) return { ...said, gets: "still_pictures", limited_by: "link" };
    return said.gets === "still_pictures" && this._how ? { ...said, gets: "choppy_picture" } : said;
  }

  close() {
    this._isClosed = true;
    clearInterval(this._timer);
  }

  /**
   * Choose `auto`, `save_data` or `sound_only`; resolves to whether the server took it.
   * @param {string} choice
   */
  async choose(choice) {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ choice });
    try {
      const answer = await fetch(this._url, { method: "POST", headers, body });
      this._soon = SOON;
      this._nextAt = performance.now() + LOOK_EVERY;
      return answer.ok;
    } catch {
      return false;
    }
  }

  async _look() {
    const now = performance.now();
    const before = this._how;
    this._take(await this._connection.getStats(), now);
    if (this._how !== before && this._said !== null) this.dispatchEvent(new Event("change"));
    if (this._isClosed || document.hidden) return;
    if (this._said !== null) this._askedSign = this._askedSign ?? this._sign;
    const isOther =
      this._sign !== this._askedSign && this._said !== null && now - this._askedAt > SPACED;
    if (isOther) this._soon = SOON;
    if (isOther || now >= this._nextAt) await this._ask(now);
  }

  /**
   * How the picture comes, in a few words that change only when it comes otherwise.
   * @param {RTCStatsReport} stats
   * @param {number} now
   */
  _take(stats, now) {
    const video = reportsOf(stats).find(
      ({ type, kind }) => type === "inbound-rtp" && kind === "video",
    );
    this._counts.push({ at: now, frames: video?.framesDecoded ?? 0 });
    if (this._counts.length > SPAN + 1) this._counts.shift();
    if (this._counts.length <= SPAN) return;
    const [first] = this._counts;
    const frames = this._counts[this._counts.length - 1].frames - first.frames;
    const rate = (frames * 1_000) / (now - first.at);
    this._most = Math.max(this._most, rate);
    const how = !frames
      ? "none"
      : rate < STILL
        ? "still"
        : rate < FEWER * this._most
          ? "fewer"
          : "all";
    this._how = how;
    this._sign = `${how} ${video?.frameHeight ?? 0}`;
  }

  /** @param {number} now */
  async _ask(now) {
    this._askedAt = now;
    this._askedSign = this._sign;
    this._nextAt = now + AGAIN_AFTER;
    const answer = await fetch(this._url, { headers: { accept: "application/json" } });
    if (this._isClosed) return;
    if (!answer.ok) {
      this._nextAt = now + REFUSED_AFTER;
      return;
    }
    const before = this._said;
    /** @type {Said} */
    const said = await answer.json();
    this._said = said;
    if (this._isClosed) return;
    const { gets, limited_by: by, link } = said;
    if (before === null) this._soon = gets === "all" && link !== "narrow" ? 1 : SOON;
    else if (gets !== before.gets || by !== before.limited_by) this._soon = SOON;
    this._soon -= 1;
    if (this._soon <= 0)
      this._nextAt = gets === "all" && link !== "narrow" ? Infinity : now + CALM_AFTER;
    this.dispatchEvent(new Event("change"));
  }
}
