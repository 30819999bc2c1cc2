// The live channel: one WebSocket that comes back by itself and takes up where it left off.
// What the events mean is broadcast-state.js's part.

import { Problem } from "./api.js";
import { adjustTo, moved } from "./server-clock.js";
import { t } from "../words.js";

const FIRST_WAIT = 400;
const LONGEST_WAIT = 10_000;
const CROWD = 3_000; // over so long those who lost the same server spread their first tries
const REPLY_WITHIN = 8_000;
const SILENCE = 40_000; // a live broadcast counts its viewers every 10 s
const BEAT_MISSED = 6_000; // where the server is heard every second: it hangs, or the link is dead
const LONG = 3_000; // so long a link may be made anew in silence
const LONGEST_TRY = 15_000; // a path that is dead answers no try, and refuses none
const UNKNOWN_KEY = 4401;
/** No broadcast has this id: the code with which the server refuses. */
export const UNKNOWN_BROADCAST = 4404;
const FINAL = new Set([UNKNOWN_BROADCAST, 4403, UNKNOWN_KEY]);

/** @typedef {"open" | "waiting" | "refused"} ChannelState */
/** @typedef {import("./frames").Message} Message */
/** @typedef {import("./frames").Frame} Frame */
/** @typedef {{ resolve: (result: any) => void, reject: (problem: Problem) => void, timer: number }} Asked */

export class Channel extends EventTarget {
  /**
   * Events: "welcome" and "events" with the frame as detail, "state" with open, waiting or refused.
   * A page that is for a `role` is refused where it would be heard as another: whoever was signed out
   * while the link was gone comes back as a viewer. With `heartbeat`, which one of the team may have, the
   * server is heard every second, so that `silence` says whether it still is.
   * @param {string} broadcast
   * @param {string} [role]
   * @param {{heartbeat?: boolean}} [options]
   */
  constructor(broadcast, role, { heartbeat = false } = {}) {
    super();
    this.heartbeat = heartbeat;
    this.path = `/api/v1/broadcasts/${broadcast}/live`;
    this.role = role;
    this.live = false; // whether the broadcast is, so that silence says that the link is dead
    /** @type {number | null} */
    this.to = null;
    /** @type {ChannelState} */
    this.state = "waiting";
    /** @type {Problem | null} */
    this.problem = null;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.began = 0;
    /** @type {WebSocket | null} tried beside a link on which the heartbeat is missed */
    this.spare = null;
    this.spareBegan = 0;
    /** @type {number | null} the code with which the server refused for good */
    this.refusal = null;
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {number | undefined} */
    this.late = undefined;
    this.waits = 0;
    this.next = 0;
    /** @type {Map<string, Asked>} */
    this.asked = new Map();
    this.heard = 0;
    this.made = Date.now();
    addEventListener("online", () => this.hurry());
    addEventListener("pageshow", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
    setInterval(() => this.watch(), heartbeat ? 1_000 : 10_000);
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    this.began = Date.now();
    this.socket = this.dial();
  }

  /** Another WebSocket, which takes up after what was heard. */
  dial() {
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (this.to !== null) url.searchParams.set("after", String(this.to));
    if (this.heartbeat) url.searchParams.set("heartbeat", "1");
    const socket = new WebSocket(url, "farmlive.v1");
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.spare) this.replace();
      if (socket === this.socket) this.hear(JSON.parse(data));
    });
    socket.addEventListener("close", ({ code }) => {
      // Whom the server lets in no more hears it on whichever link comes through.
      if (socket === this.spare && FINAL.has(code)) this.replace();
      if (socket === this.socket) this.lost(code);
      else if (socket === this.spare) this.spare = null;
    });
    return socket;
  }

  /** @param {Frame} frame */
  hear(frame) {
    this.heard = Date.now();
    this.dropSpare();
    if (frame.type === "welcome" || frame.type === "events") {
      if (this.role && frame.you && frame.you.role !== this.role) {
        this.cut();
        this.lost(UNKNOWN_KEY);
        return;
      }
      this.to = frame.to;
      this.waits = 0;
      clearTimeout(this.late);
      this.follow(frame);
      this.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
      this.become("open");
      this.dispatchEvent(new Event("settled"));
    } else if (frame.type === "reply") {
      const asked = this.asked.get(frame.id);
      if (!asked) return;
      this.asked.delete(frame.id);
      clearTimeout(asked.timer);
      if (frame.ok) asked.resolve(frame.result);
      else asked.reject(new Problem(frame.problem ?? {}));
    } else if (frame.type === "problem") {
      this.problem = new Problem(frame.problem);
    }
  }

  /**
   * Whether the broadcast is live now, and by how much the server's clock was set.
   * @param {import("./frames").Welcome | import("./frames").Events} frame
   */
  follow(frame) {
    const { now } = frame;
    const snapshot = frame.type === "welcome" ? frame.snapshot : null;
    const events = frame.type === "events" ? frame.events : [];
    if (snapshot) this.live = snapshot.broadcast.state === "live";
    for (const { kind, at, data } of events) {
      if (kind === "clock.moved") moved(data.by);
      // A frame says the time by itself where its events are ahead of it.
      else if (now === undefined) adjustTo(at);
      if (kind === "broadcast.started") this.live = true;
      if (kind === "broadcast.ended") this.live = false;
    }
    if (now !== undefined) adjustTo(now, Boolean(snapshot));
  }

  /** @param {number} code of the WebSocket's end */
  lost(code) {
    this.socket = null;
    this.dropSpare();
    clearTimeout(this.late);
    this.letGo();
    if (FINAL.has(code)) {
      this.refusal = code;
      this.become("refused");
      this.dispatchEvent(new Event("settled"));
      return;
    }
    this.become("waiting");
    this.dispatchEvent(new Event("settled"));
    // Viewers are many, who all lose a server at once; those who work the broadcast are few.
    const spread = this.role ? FIRST_WAIT : CROWD;
    const grown = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.waits);
    const wait = grown / 2 + Math.random() * Math.max(grown / 2, spread);
    this.waits += 1;
    this.timer = setTimeout(() => this.connect(), (code === 4429 ? LONGEST_WAIT : 0) + wait);
  }

  /** For how many milliseconds nothing was heard. */
  get silence() {
    return Date.now() - (this.heard || this.made);
  }

  get isSilent() {
    return this.silence >= SILENCE;
  }

  /** Whether silence means that the link is dead. */
  get isTold() {
    return this.live || this.heartbeat;
  }

  /** Try at once, where a try is due: the network or the page came back. */
  hurry() {
    if (this.state === "waiting" && this.socket === null) this.connect();
    else if (this.state === "open" && !this.isTold && this.isSilent) this.renew();
    else this.watch();
  }

  /** A link that went dead without a word is cut, so that it is made anew; so is a try that hangs. */
  watch() {
    const isDead = this.state === "open" && this.isTold && this.isSilent;
    const isHanging =
      this.state === "waiting" && this.socket !== null && Date.now() - this.began >= LONGEST_TRY;
    if (!isDead && !isHanging) {
      this.trySpare();
      return;
    }
    this.cut();
    this.lost(1006);
  }

  /** A link without the heartbeat is dead, or its server hangs, which has what was sent to it: another link
      is tried beside it, and takes its place if it is heard first. */
  trySpare() {
    const isMissed = this.heartbeat && this.state === "open" && this.silence >= BEAT_MISSED;
    if (!isMissed || (this.spare && Date.now() - this.spareBegan < BEAT_MISSED)) return;
    this.dropSpare();
    this.spareBegan = Date.now();
    this.spare = this.dial();
  }

  /** The spare link is the link now. */
  replace() {
    const { spare } = this;
    this.spare = null;
    this.cut();
    this.socket = spare;
  }

  dropSpare() {
    const { spare } = this;
    this.spare = null;
    spare?.close();
  }

  /** Where there is little to hear, silence does not tell if the link is dead: who comes back to the page
      gets another one, and is told only where it takes long. */
  renew() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.cut();
    this.heard = Date.now(); // the other one has as long to be heard
    this.connect();
    clearTimeout(this.late);
    this.late = setTimeout(() => this.become("waiting"), LONG);
  }

  cut() {
    const dead = this.socket;
    this.socket = null;
    this.dropSpare();
    dead?.close();
    this.letGo();
  }

  /** Nothing that was asked by the link that is gone will be answered. */
  letGo() {
    for (const [id, asked] of this.asked) {
      clearTimeout(asked.timer);
      asked.reject(offline());
      this.asked.delete(id);
    }
  }

  /** @param {ChannelState} state */
  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  get isOpen() {
    return this.state === "open" && this.socket?.readyState === WebSocket.OPEN;
  }

  /** Whether the page has just come up: its first connection is being made. */
  get isFirst() {
    return this.state === "waiting" && this.socket !== null && this.to === null && this.waits === 0;
  }

  /**
   * Send a message and wait for its reply, `within` so many milliseconds. Rejects with a Problem; slug
   * "offline" where no answer came, so that it is not known whether it was done.
   * @param {Message} message
   * @param {number} [within]
   * @returns {Promise<any>} its `result`
   */
  async ask(message, within = REPLY_WITHIN) {
    if (this.isFirst)
      await new Promise((resolve) => this.addEventListener("settled", resolve, { once: true }));
    if (!this.isOpen) throw offline();
    return new Promise((resolve, reject) => {
      this.next += 1;
      const id = String(this.next);
      const timer = setTimeout(() => {
        this.asked.delete(id);
        reject(offline());
      }, within);
      this.asked.set(id, { resolve, reject, timer });
      this.socket?.send(JSON.stringify({ ...message, id }));
    });
  }

  /**
   * Send a message whose reply nobody waits for; dropped while offline.
   * @param {Message} message
   */
  tell(message) {
    if (this.isOpen) this.socket?.send(JSON.stringify(message));
  }
}

const offline = () =>
  new Problem({
    type: "/problems/offline",
    detail: t(
      "You are offline at the moment. What you typed is kept; try again when you are back.",
    ),
  });
