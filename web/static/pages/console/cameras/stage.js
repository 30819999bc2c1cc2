// The picture that the host sees: this device's own camera where it sends, else what viewers get
// (staff may see it before the start). Asks the server every two seconds how all cameras do, and hands
// that to the panel of cameras, the guests and the signals.

import { UNATTENDED } from "../../../lib/channel/api.js";
import { icon, say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";
import { WhepPlayer } from "../../../lib/media/whep-player.js";
import { whatToDo, whatToDoWithout } from "./stream-advice.js";
import { get, getAll } from "../../../lib/channel/staff-api.js";
import { showClock } from "../clock-notice.js";
import { delayWords } from "./delay-words.js";
import { Guests } from "./guests.js";
import { onAir, HealthWatch } from "./stream-health.js";
import { countWords, LastingCounts } from "./viewer-delivery.js";
import { drawLines, Signals } from "./signal.js";
import { Sources } from "./sources.js";
import { labelOf } from "./camera-tile.js";

const POLL_MS = 2_000;
/** More sentences at once nobody reads who holds a camera. */
const ADVICE = 2;

/** Event `health` after each answer; `level` and `hasPicture` tell of what is on air or would be. */
export class Stage extends EventTarget {
  level = "none";
  hasPicture = false;
  /** Those who get less than all, by viewer-delivery.js; null where nobody does. */
  less = null;
  #counts = new LastingCounts();
  #current = undefined;
  #judged = new Map();
  #watches = new Map();
  #broadcast;
  #phone;
  #video = document.querySelector("[data-preview-video]");
  #preview = document.querySelector("[data-preview]");
  #sound = document.querySelector("[data-preview-sound]");
  #player;
  #purposes = new Map();
  #panel = document.querySelector("[data-sources-panel]");
  #cameras;
  #guests;
  #signals = new Signals(document.querySelector("[data-signals-panel]"));
  #sources = [];
  #isOver = false;
  #isReached = true;
  #isLive = false;
  #hadPicture = false;
  #timer = null;
  #look = 0;
  #answered = 0;

  constructor(broadcast, phone) {
    super();
    this.#broadcast = broadcast;
    this.#phone = phone;
    this.#cameras = new Sources(this.#panel, broadcast, () => this.#lookSoon());
    this.#guests = new Guests(this.#panel, broadcast);
    this.#player = new WhepPlayer(this.#video, broadcast);
    this.#player.addEventListener("state", () => this.#draw());
    phone.addEventListener("change", () => this.#draw());
    this.#video.addEventListener("resize", () => {
      const isUpright = this.#video.videoHeight > this.#video.videoWidth;
      this.#preview.classList.toggle("preview--upright", isUpright);
    });
    this.#sound.addEventListener("click", () => this.#hear(this.#video.muted));
    this.#poll();
  }

  /** Told how the broadcast stands: after its end there is nothing more to ask or to show. */
  follow(state) {
    this.#isLive = state === "live";
    if (state !== "ended" || this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.less = null;
    this.#take([]);
  }

  /** Told what happened to sources: looks at them at once. */
  hear(events) {
    const told = events.filter(({ kind }) => kind.startsWith("source."));
    if (!told.length || this.#isOver) return;
    const { kind, data } = told.at(-1);
    if (kind === "source.switched") {
      // How all cameras do is asked anew; until that is answered nothing may say that another is on air.
      this.#sources = this.#sources.map((source) => ({ ...source, on_air: source.id === data.source }));
      this.#current = onAir(this.#sources);
      this.#draw();
    }
    this.#lookSoon();
  }

  /** Answers the number of that look, 0 after the end. */
  #lookSoon() {
    if (this.#isOver) return 0;
    clearTimeout(this.#timer);
    this.#poll();
    return this.#look;
  }

  #hear(on) {
    this.#video.muted = !on;
    this.#sound.setAttribute("aria-pressed", String(on));
    this.#sound.replaceChildren(icon(on ? "sound" : "muted"));
  }

  async #poll() {
    const look = (this.#look += 1);
    try {
      const health = await get(`/api/v1/broadcasts/${this.#broadcast}/health`, UNATTENDED);
      if (this.#isOver || look !== this.#look) return;
      if (health.sources.some((source) => !this.#purposes.has(source.id))) {
        await this.#askPurposes();
      }
      this.#answered = look;
      showClock(health.clock);
      this.less = this.#counts.take(health.delivery, health.viewers);
      this.#take(health.sources, health.viewers);
      this.#drawDelay(health.delay);
      if (!this.#isReached) this.#phone.hurry();
      this.#isReached = true;
      const own = health.sources.find(({ id }) => id === this.#phone.source);
      const isOther = health.sources.some((source) => source.on_air && source !== own);
      this.#phone.seen(own !== undefined, own?.on_air ?? false, isOther);
    } catch {
      this.#isReached = false;
      // The channel says that the server is out of reach; what is shown stays.
    }
    if (!this.#isOver && look === this.#look) this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  #take(found, viewers = 0) {
    // That a TURN server carries it, only this end knows.
    const isRelayed = ({ id }) => id === this.#phone.source && this.#phone.way === "relay";
    // A browser sends a whole picture when it is asked; only an encoder has an interval to set.
    const isMeant = ({ id }, { code }) =>
      code !== "keyframes" || this.#purposes.get(id) === "encoder";
    const sources = found.map((source) => ({
      ...source,
      viewers,
      relayed: isRelayed(source),
      advice: source.advice.filter((advice) => isMeant(source, advice)),
    }));
    this.#sources = sources;
    this.#current = onAir(sources);
    this.hasPicture = sources.some(({ away, guest, on_air: isOn }) => !away && (!guest || isOn));
    this.#hadPicture ||= this.hasPicture;
    for (const source of sources) {
      const watch = this.#watches.get(source.id) ?? new HealthWatch();
      this.#watches.set(source.id, watch);
      this.#judged.set(source.id, watch.take(source));
    }
    this.level = this.#judged.get(this.#current?.id)?.level ?? (sources.length ? "away" : "none");
    this.#draw();
    this.dispatchEvent(new Event("health"));
  }

  async #askPurposes() {
    const { sources } = await getAll(`/api/v1/broadcasts/${this.#broadcast}/sources`);
    for (const { id, purpose } of sources) this.#purposes.set(id, purpose);
  }

  #draw() {
    this.#drawPreview();
    this.#panel.hidden = this.#isOver;
    const own = this.#phone.picture && this.#phone.isSending;
    const isPlaying = this.#player.wanted && this.#player.state === "playing";
    this.#cameras.draw({
      sources: this.#sources,
      judged: this.#judged,
      isLive: this.#isLive,
      answered: this.#answered,
      own: own
        ? { source: this.#phone.source, stream: this.#phone.picture, isMirror: this.#phone.isMirror }
        : null,
      program:
        isPlaying && this.#current?.on_air
          ? { source: this.#current.id, stream: this.#video.srcObject }
          : null,
    });
    this.#guests.draw(this.#sources, this.#isLive);
    this.#signals.draw(this.#sources, this.#judged, this.#purposes, this.#current?.id);
    this.#drawAdvice();
    const words = countWords(this.less);
    const less = this.#panel.querySelector("[data-viewers-less]");
    say(less, words);
    less.hidden = !words;
  }

  #drawDelay(delay) {
    const place = this.#panel.querySelector("[data-delay]");
    say(place, delayWords(delay));
    place.hidden = !delay;
  }

  #drawPreview() {
    const own = this.#phone.picture;
    // On air the host sees what viewers see; the own camera when it is that, or is not sent yet.
    const isOwn = own && (!this.#phone.isSending || !this.#current || this.#current.id === this.#phone.source);
    const from = isOwn ? "phone" : this.hasPicture ? "air" : "none";
    if (from === "phone") {
      if (this.#player.wanted) this.#player.stop();
      if (this.#video.srcObject !== own) this.#video.srcObject = own;
      // The own microphone in the own ear howls.
      if (!this.#video.muted) this.#hear(false);
      this.#video.play().catch(() => {});
    } else if (from === "air") this.#player.start();
    else if (this.#player.wanted || this.#video.srcObject) {
      this.#player.stop();
      this.#video.srcObject = null;
    }
    this.#preview.dataset.from = from;
    this.#preview.classList.toggle("preview--mirror", from === "phone" && this.#phone.isMirror);
    document.querySelector("[data-preview-empty]").hidden = from !== "none";
    say(document.querySelector("[data-preview-empty] p"), this.#emptyWords());
    this.#sound.hidden = from !== "air";
    say(document.querySelector("[data-preview-caption]"), this.#caption(from));
  }

  /** The cameras that are shown again by themselves once they are back. */
  #away() {
    return this.#sources.filter(({ away, guest, picked }) => away && (!guest || picked));
  }

  #emptyWords() {
    if (this.#isOver) return t("The broadcast has ended");
    const away = this.#away();
    if (away.length === 1) {
      return t("%(name)s is away. As soon as it is back, it is shown again.", { name: labelOf(away[0]) });
    }
    if (away.length) return t("All cameras are away. As soon as one is back, it is shown again.");
    return this.#hadPicture ? t("No camera sends any more") : t("No picture yet");
  }

  #caption(from) {
    if (from === "phone") return this.#phone.isSending ? t("Your camera") : t("Your camera, not sent yet");
    if (from === "none") return "";
    if (this.#player.state === "blocked") {
      return t("This network blocks the video. Viewers elsewhere may well see it.");
    }
    if (this.#player.state !== "playing") return t("The picture is coming…");
    return t("As viewers get it: %(label)s", { label: labelOf(this.#current) });
  }

  #drawAdvice() {
    const lines = [];
    const isAway = this.#away().length > 0;
    if (!this.#current && (isAway || (this.#isLive && !this.#phone.picture))) lines.push(whatToDoWithout(isAway));
    const shown = this.#current?.id;
    const isEncoder = this.#purposes.get(shown) === "encoder";
    for (const advice of this.#judged.get(shown)?.advice ?? []) lines.push(whatToDo(advice, isEncoder));
    const notice = document.querySelector("[data-advice]");
    notice.hidden = !drawLines(notice.querySelector("ul"), lines.filter(Boolean).slice(0, ADVICE));
  }
}
