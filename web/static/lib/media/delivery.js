// What this viewer gets of the stream, by the server's word. It is asked once the picture plays, again
// when the picture changes as if more or less of it came, and now and then while that is less than all:
// whoever gets everything costs the server one request. Where the server knows that the link is narrow,
// the picture itself shows whether it stands. Pages have the words.

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

/** Event `change` when `latest` may be another: it is `{choice, gets, limited_by, estimated_kbps}` or null. */
export class Delivery extends EventTarget {
  #said = null;
  #connection;
  #url;
  #counts = [];
  #most = 0;
  #how = null;
  #sign = null;
  #askedSign = null;
  #askedAt = -Infinity;
  #nextAt;
  #soon = SOON;
  #timer;
  #isClosed = false;

  /** Of a connection that plays, and the address of its session's delivery. */
  constructor(connection, url) {
    super();
    this.#connection = connection;
    this.#url = url;
    this.#nextAt = performance.now() + FIRST_AFTER + Math.random() * SPREAD;
    this.#timer = setInterval(() => this.#look().catch(() => {}), LOOK_EVERY);
  }

  get latest() {
    const said = this.#said;
    if (said?.link !== "narrow" || said.limited_by === "choice") return said;
    if (!["none", "still"].includes(this.#how) || said.gets === "sound") return said;
    return { ...said, gets: "still_pictures", limited_by: "link" };
  }

  close() {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  /** Choose `auto`, `save_data` or `sound_only`; resolves to whether the server took it. */
  async choose(choice) {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ choice });
    try {
      const answer = await fetch(this.#url, { method: "POST", headers, body });
      this.#soon = SOON;
      this.#nextAt = performance.now() + LOOK_EVERY;
      return answer.ok;
    } catch {
      return false;
    }
  }

  async #look() {
    const now = performance.now();
    const before = this.#how;
    this.#take(await this.#connection.getStats(), now);
    if (this.#how !== before && this.#said !== null) this.dispatchEvent(new Event("change"));
    if (this.#isClosed || document.hidden) return;
    if (this.#said !== null) this.#askedSign ??= this.#sign;
    const isOther = this.#sign !== this.#askedSign && this.#said !== null && now - this.#askedAt > SPACED;
    if (isOther) this.#soon = SOON;
    if (isOther || now >= this.#nextAt) await this.#ask(now);
  }

  /** How the picture comes, in a few words that change only when it comes otherwise. */
  #take(stats, now) {
    const video = [...stats.values()].find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
    this.#counts.push([now, video?.framesDecoded ?? 0]);
    if (this.#counts.length > SPAN + 1) this.#counts.shift();
    if (this.#counts.length <= SPAN) return;
    const [from, before] = this.#counts[0];
    const frames = this.#counts.at(-1)[1] - before;
    const rate = (frames * 1_000) / (now - from);
    this.#most = Math.max(this.#most, rate);
    const how = (this.#how = !frames ? "none" : rate < STILL ? "still" : rate < FEWER * this.#most ? "fewer" : "all");
    this.#sign = `${how} ${video?.frameHeight ?? 0}`;
  }

  async #ask(now) {
    this.#askedAt = now;
    this.#askedSign = this.#sign;
    this.#nextAt = now + AGAIN_AFTER;
    const answer = await fetch(this.#url, { headers: { accept: "application/json" } });
    if (this.#isClosed) return;
    if (!answer.ok) {
      this.#nextAt = now + REFUSED_AFTER;
      return;
    }
    const before = this.#said;
    this.#said = await answer.json();
    if (this.#isClosed) return;
    const { gets, limited_by: by, link } = this.#said;
    if (before === null) this.#soon = gets === "all" && link !== "narrow" ? 1 : SOON;
    else if (gets !== before.gets || by !== before.limited_by) this.#soon = SOON;
    this.#soon -= 1;
    if (this.#soon <= 0) this.#nextAt = gets === "all" && link !== "narrow" ? Infinity : now + CALM_AFTER;
    this.dispatchEvent(new Event("change"));
  }
}
