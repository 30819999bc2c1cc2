// The picture that the host sees and the cameras that send: this device's own camera where it sends,
// else what viewers get (staff may see it before the start). Asks the server every two seconds.

import { el, icon, say } from "../common/dom.js";
import { t } from "../common/words.js";
import { Player } from "../live/whep.js";
import { get } from "./api.js";
import { levelName, onAir, Watch, whatToDo } from "./health.js";

const POLL_MS = 2_000;

/** A source's label; the one that the server gives to a camera without a name is put into words. */
function labelOf(source) {
  const [, n] = /^Camera (\d+)$/.exec(source?.label ?? "") ?? [];
  return n ? t("Camera %(n)s", { n }) : (source?.label ?? "");
}

/** Event `health` after each answer; `level` and `hasPicture` tell of what is on air or would be. */
export class Stage extends EventTarget {
  level = "none";
  hasPicture = false;
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
  #sources = [];
  #isOver = false;
  #isReached = true;
  #isLive = false;
  #timer = null;

  constructor(broadcast, phone) {
    super();
    this.#broadcast = broadcast;
    this.#phone = phone;
    this.#player = new Player(this.#video, broadcast);
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
    this.#take([]);
  }

  #hear(on) {
    this.#video.muted = !on;
    this.#sound.setAttribute("aria-pressed", String(on));
    this.#sound.replaceChildren(icon(on ? "sound" : "muted"));
  }

  async #poll() {
    try {
      const health = await get(`/api/v1/broadcasts/${this.#broadcast}/health`);
      if (this.#isOver) return;
      if (health.sources.some((source) => !this.#purposes.has(source.source))) {
        await this.#askPurposes();
      }
      this.#take(health.sources);
      if (!this.#isReached) this.#phone.hurry();
      this.#isReached = true;
      this.#phone.seen(health.sources.some(({ source }) => source === this.#phone.source));
    } catch {
      this.#isReached = false;
      // The channel says that the server is out of reach; what is shown stays.
    }
    if (!this.#isOver) this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  #take(sources) {
    this.#sources = sources;
    this.#current = onAir(sources);
    this.hasPicture = sources.some((source) => !source.away);
    for (const source of sources) {
      const watch = this.#watches.get(source.source) ?? new Watch();
      this.#watches.set(source.source, watch);
      const purpose = this.#purposes.get(source.source);
      this.#judged.set(source.source, watch.take({ ...source, purpose }));
    }
    this.level = this.#judged.get(this.#current?.source)?.level ?? (sources.length ? "away" : "none");
    this.#draw();
    this.dispatchEvent(new Event("health"));
  }

  async #askPurposes() {
    const { sources } = await get(`/api/v1/broadcasts/${this.#broadcast}/sources`);
    for (const { id, purpose } of sources) this.#purposes.set(id, purpose);
  }

  #draw() {
    this.#drawPreview();
    this.#drawSources();
    this.#drawAdvice();
  }

  #drawPreview() {
    const own = this.#phone.picture;
    // On air the host sees what viewers see; the own camera when it is that, or is not sent yet.
    const isOwn = own && (!this.#phone.isSending || !this.#current || this.#current.source === this.#phone.source);
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
    say(
      document.querySelector("[data-preview-empty] p"),
      this.#isOver ? t("The broadcast has ended") : t("No picture yet"),
    );
    this.#sound.hidden = from !== "air";
    say(document.querySelector("[data-preview-caption]"), this.#caption(from));
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

  #drawSources() {
    const list = document.querySelector("[data-sources]");
    const rows = this.#sources.map((source) => {
      const { level } = this.#judged.get(source.source);
      const isOn = source.source === this.#current?.source;
      const facts = [levelName(level)];
      if (source.width && source.height) facts.push(`${source.width}×${source.height}`);
      if (source.bitrate_kbps) facts.push(`${(source.bitrate_kbps / 1000).toFixed(1)} Mbit/s`);
      if (source.fps) facts.push(t("%(n)s pictures/s", { n: Math.round(source.fps) }));
      return el(
        "li",
        { class: isOn ? "sources__item is-on" : "sources__item" },
        el("strong", {}, labelOf(source)),
        isOn ? this.#badge() : null,
        el("span", { class: "soft small number" }, facts.join(" · ")),
      );
    });
    list.replaceChildren(...rows);
    document.querySelector("[data-sources-panel]").hidden = this.#isOver;
    document.querySelector("[data-sources-empty]").hidden = rows.length > 0;
    document.querySelector("[data-sources-rule]").hidden = rows.length < 2;
  }

  #badge() {
    return this.#isLive
      ? el("span", { class: "badge badge--live" }, t("On air"))
      : el("span", { class: "badge badge--leaf" }, t("Ready to start"));
  }

  #drawAdvice() {
    const list = document.querySelector("[data-advice]");
    const lines = (this.#judged.get(this.#current?.source)?.advice ?? []).map(whatToDo);
    if (!this.#current && this.#sources.length) lines.push(whatToDo("away"));
    if (!this.#sources.length && this.#isLive && !this.#phone.picture) lines.push(whatToDo("none"));
    if (this.#current?.objection) lines.unshift(this.#current.objection);
    const told = lines.join("\n");
    list.hidden = lines.length === 0;
    if (list.dataset.told === told) return;
    list.dataset.told = told;
    list.replaceChildren(...lines.map((line) => el("li", { class: "notice notice--kumquat" }, icon("warning"), el("span", {}, line))));
  }
}
