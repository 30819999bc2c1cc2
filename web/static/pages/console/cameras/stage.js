// The picture that the host sees: this device's own camera where it sends, else what viewers get
// (staff may see it before the start). Asks the server every two seconds how all cameras do, and hands
// that to the panel of cameras, the guests and the signals.

import { UNATTENDED } from "../../../lib/channel/api.js";
import { find, icon, say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";
import { WhepPlayer } from "../../../lib/media/whep-player.js";
import { whatToDo, whatToDoWithout } from "./stream-advice.js";
import { get, getAll } from "../../../lib/channel/staff-api.js";
import { showClock } from "../clock-notice.js";
import { keepFrames } from "./frame-keeper.js";
import { delayWords } from "./delay-words.js";
import { Guests } from "./guests.js";
import { onAir, HealthWatch } from "./stream-health.js";
import { countWords, LastingCounts } from "./viewer-delivery.js";
import { drawLines, Signals } from "./signal.js";
import { Sources } from "./sources.js";
import { labelOf } from "./camera-tile.js";

/** @typedef {import("../types").ShownSource} ShownSource */
/** @typedef {import("../types").Judgement} Judgement */

const POLL_MS = 2_000;
/** More sentences at once nobody reads who holds a camera. */
const ADVICE = 2;
/** What is older than so many milliseconds is no answer to how the cameras do. */
const OLD_MS = 5_000;

/** Event `health` after each answer; `level` and `hasPicture` tell of what is on air or would be. */
export class Stage extends EventTarget {
  /**
   * @param {string} broadcast
   * @param {import("./phone-camera.js").PhoneCamera} phone
   */
  constructor(broadcast, phone) {
    super();
    /** @type {import("../types").Level} */
    this.level = "none";
    this.hasPicture = false;
    /** @type {import("../types").LessThanAll | null} those who get less than all, by viewer-delivery.js; null where nobody does */
    this.less = null;
    this._counts = new LastingCounts();
    /** @type {ShownSource | undefined} what is on air, or would be */
    this._current = undefined;
    /** @type {Map<string, Judgement>} by source */
    this._judged = new Map();
    /** @type {Map<string, HealthWatch>} by source */
    this._watches = new Map();
    this._video = find(document, "[data-preview-video]", HTMLVideoElement);
    this._preview = find(document, "[data-preview]");
    this._sound = find(document, "[data-preview-sound]");
    /** @type {Map<string, string>} by source */
    this._purposes = new Map();
    this._panel = find(document, "[data-sources-panel]");
    this._signals = new Signals(find(document, "[data-signals-panel]"));
    /** @type {ShownSource[]} */
    this._sources = [];
    this._isOver = false;
    this._isReached = true;
    this._isLive = false;
    this._hadPicture = false;
    /** @type {number | undefined} */
    this._timer = undefined;
    this._look = 0;
    this._answered = 0;
    this._heard = Date.now();
    this._isOld = false;
    this._broadcast = broadcast;
    this._phone = phone;
    this._cameras = new Sources(this._panel, broadcast, () => this._lookSoon());
    this._guests = new Guests(this._panel, broadcast);
    this._player = new WhepPlayer(this._video, broadcast);
    this._player.addEventListener("state", () => this._draw());
    phone.addEventListener("change", () => this._draw());
    this._video.addEventListener("resize", () => {
      const isUpright = this._video.videoHeight > this._video.videoWidth;
      this._preview.classList.toggle("preview--upright", isUpright);
    });
    this._sound.addEventListener("click", () => this._hear(this._video.muted));
    this._poll();
    setInterval(() => this._age(), 1_000);
    keepFrames(broadcast, this._video, () => this._isShown);
  }

  /** What was answered long ago says nothing of now. */
  _age() {
    const isOld = !this._isOver && Date.now() - this._heard >= OLD_MS;
    if (isOld === this._isOld) return;
    this._isOld = isOld;
    this._judge();
  }

  /** Whether the preview shows what viewers see, and that is no guest's face. */
  get _isShown() {
    if (!this._isLive || this._isOld || !this._current || this._current.guest) return false;
    const { from } = this._preview.dataset;
    return from === "phone" ? this._phone.isSending : from === "air" && !this._current.away;
  }

  /**
   * Told how the broadcast stands: after its end there is nothing more to ask or to show.
   * @param {string} state
   */
  follow(state) {
    this._isLive = state === "live";
    if (state !== "ended" || this._isOver) return;
    this._isOver = true;
    clearTimeout(this._timer);
    this.less = null;
    this._take([]);
  }

  /**
   * Told what happened to sources: looks at them at once.
   * @param {import("../../../lib/state/events").LiveEvent[]} events
   */
  hear(events) {
    const told = events.filter(({ kind }) => kind.startsWith("source."));
    if (!told.length || this._isOver) return;
    const { kind, data } = told[told.length - 1];
    if (kind === "source.switched") {
      // How all cameras do is asked anew; until that is answered nothing may say that another is on air.
      this._sources = this._sources.map((source) => ({
        ...source,
        on_air: source.id === data.source,
      }));
      this._current = onAir(this._sources);
      this._draw();
    }
    this._lookSoon();
  }

  /** Answers the number of that look, 0 after the end. */
  _lookSoon() {
    if (this._isOver) return 0;
    clearTimeout(this._timer);
    this._poll();
    return this._look;
  }

  /** @param {boolean} on */
  _hear(on) {
    this._video.muted = !on;
    this._sound.setAttribute("aria-pressed", String(on));
    this._sound.replaceChildren(icon(on ? "sound" : "muted"));
  }

  async _poll() {
    this._look += 1;
    const look = this._look;
    try {
      /** @type {import("../types").Health} */
      const health = await get(`/api/v1/broadcasts/${this._broadcast}/health`, UNATTENDED);
      if (this._isOver || look !== this._look) return;
      if (health.sources.some((source) => !this._purposes.has(source.id))) {
        await this._askPurposes();
      }
      this._answered = look;
      this._heard = Date.now();
      this._isOld = false;
      showClock(health.clock);
      this.less = this._counts.take(health.delivery, health.viewers);
      this._take(health.sources, health.viewers);
      this._drawDelay(health.delay);
      if (!this._isReached) this._phone.hurry();
      this._isReached = true;
      const own = health.sources.find(({ id }) => id === this._phone.source);
      const isOther = health.sources.some((source) => source.on_air && source !== own);
      this._phone.seen(own !== undefined, own?.on_air ?? false, isOther);
    } catch {
      this._isReached = false;
      // The channel says that the server is out of reach; what is shown stays.
    }
    if (!this._isOver && look === this._look) this._timer = setTimeout(() => this._poll(), POLL_MS);
  }

  /** @param {import("../types").SourceHealth[]} found */
  _take(found, viewers = 0) {
    // That a TURN server carries it, only this end knows.
    /** @param {{ id: string }} source */
    const isRelayed = ({ id }) => id === this._phone.source && this._phone.way === "relay";
    // A browser sends a whole picture when it is asked; only an encoder has an interval to set.
    /**
     * @param {{ id: string }} source
     * @param {import("../types").Advice} advice
     */
    const isMeant = ({ id }, { code }) =>
      code !== "keyframes" || this._purposes.get(id) === "encoder";
    const sources = found.map((source) => ({
      ...source,
      viewers,
      relayed: isRelayed(source),
      advice: source.advice.filter((advice) => isMeant(source, advice)),
    }));
    this._sources = sources;
    this._current = onAir(sources);
    this.hasPicture = sources.some(({ away, guest, on_air: isOn }) => !away && (!guest || isOn));
    this._hadPicture = this._hadPicture || this.hasPicture;
    for (const source of sources) {
      const watch = this._watches.get(source.id) ?? new HealthWatch();
      this._watches.set(source.id, watch);
      this._judged.set(source.id, watch.take(source));
    }
    this._judge();
  }

  /** The level of what is on air, where it is known. */
  _judge() {
    const level = this._judged.get(this._current?.id ?? "")?.level;
    this.level = this._isOld ? "unknown" : (level ?? (this._sources.length ? "away" : "none"));
    this._draw();
    this.dispatchEvent(new Event("health"));
  }

  /** @returns {Map<string, Judgement>} */
  get _judgements() {
    if (!this._isOld) return this._judged;
    return new Map([...this._judged].map(([id, { advice }]) => [id, { level: "unknown", advice }]));
  }

  async _askPurposes() {
    const { sources } = await getAll(`/api/v1/broadcasts/${this._broadcast}/sources`);
    for (const { id, purpose } of sources) this._purposes.set(id, purpose);
  }

  _draw() {
    this._drawPreview();
    this._panel.hidden = this._isOver;
    const own = this._phone.picture && this._phone.isSending;
    const isPlaying = this._player.wanted && this._player.state === "playing";
    this._cameras.draw({
      sources: this._sources,
      judged: this._judgements,
      isLive: this._isLive,
      answered: this._answered,
      own: own
        ? {
            source: this._phone.source,
            stream: this._phone.picture,
            isMirror: this._phone.isMirror,
          }
        : null,
      program:
        isPlaying && this._current?.on_air
          ? { source: this._current.id, stream: this._video.srcObject }
          : null,
    });
    this._guests.draw(this._sources, this._isLive);
    this._signals.draw(this._sources, this._judgements, this._purposes, this._current?.id);
    this._drawAdvice();
    const words = countWords(this.less);
    const less = find(this._panel, "[data-viewers-less]");
    say(less, words);
    less.hidden = !words;
  }

  /** @param {import("../types").Delay | null} delay */
  _drawDelay(delay) {
    const place = find(this._panel, "[data-delay]");
    say(place, delayWords(delay));
    place.hidden = !delay;
  }

  _drawPreview() {
    const own = this._phone.picture;
    // On air the host sees what viewers see; the own camera when it is that, or is not sent yet.
    const isOwn =
      own && (!this._phone.isSending || !this._current || this._current.id === this._phone.source);
    const from = isOwn ? "phone" : this.hasPicture ? "air" : "none";
    if (from === "phone") {
      if (this._player.wanted) this._player.stop();
      if (this._video.srcObject !== own) this._video.srcObject = own;
      // The own microphone in the own ear howls.
      if (!this._video.muted) this._hear(false);
      this._video.play().catch(() => {});
    } else if (from === "air") this._player.start();
    else if (this._player.wanted || this._video.srcObject) {
      this._player.stop();
      this._video.srcObject = null;
    }
    this._preview.dataset.from = from;
    this._preview.classList.toggle("preview--mirror", from === "phone" && this._phone.isMirror);
    find(document, "[data-preview-empty]").hidden = from !== "none";
    say(find(document, "[data-preview-empty] p"), this._emptyWords());
    this._sound.hidden = from !== "air";
    say(find(document, "[data-preview-caption]"), this._caption(from));
  }

  /** The cameras that are shown again by themselves once they are back. */
  _away() {
    return this._sources.filter(({ away, guest, picked }) => away && (!guest || picked));
  }

  _emptyWords() {
    if (this._isOver) return t("The broadcast has ended");
    const away = this._away();
    if (away.length === 1) {
      return t("%(name)s is disconnected. It is shown again as soon as it is back.", {
        name: labelOf(away[0]),
      });
    }
    if (away.length)
      return t("All cameras are disconnected. As soon as one is back, it is shown again.");
    return this._hadPicture ? t("No camera is sending any more") : t("No picture yet");
  }

  /** @param {"phone" | "air" | "none"} from */
  _caption(from) {
    if (from === "phone")
      return this._phone.isSending ? t("Your camera") : t("Your camera, not sent yet");
    if (from === "none") return "";
    if (this._player.state === "blocked") {
      return t("This network blocks the video. Viewers elsewhere may still see it.");
    }
    if (this._player.state !== "playing") return t("The picture is coming…");
    return t("As viewers get it: %(label)s", { label: labelOf(this._current) });
  }

  _drawAdvice() {
    /** @type {string[]} */
    const lines = [];
    const isAway = this._away().length > 0;
    if (!this._current && (isAway || (this._isLive && !this._phone.picture)))
      lines.push(whatToDoWithout(isAway));
    const shown = this._current?.id ?? "";
    const isEncoder = this._purposes.get(shown) === "encoder";
    for (const advice of this._judged.get(shown)?.advice ?? [])
      lines.push(whatToDo(advice, isEncoder));
    const notice = find(document, "[data-advice]");
    notice.hidden = !drawLines(find(notice, "ul"), lines.filter(Boolean).slice(0, ADVICE));
  }
}
