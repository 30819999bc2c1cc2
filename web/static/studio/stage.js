// The picture that the host sees and the cameras that send: this device's own camera where it sends,
// else what viewers get (staff may see it before the start). Asks the server every two seconds.

import { el, icon, say } from "../common/dom.js";
import { t } from "../common/words.js";
import { Player } from "../live/whep.js";
import { get } from "./api.js";
import { judge, levelName, onAir, whatToDo } from "./health.js";

const POLL_MS = 2_000;

/** Event `health` after each answer; `current` is what is on air or would be, undefined for none. */
export class Stage extends EventTarget {
  current = undefined;
  hasPicture = false;
  #broadcast;
  #phone;
  #video = document.querySelector("[data-preview-video]");
  #preview = document.querySelector("[data-preview]");
  #player;
  #labels = new Map();
  #sources = [];
  #isOver = false;
  #timer = null;

  constructor(broadcast, phone) {
    super();
    this.#broadcast = broadcast;
    this.#phone = phone;
    this.#player = new Player(this.#video, broadcast);
    this.#player.addEventListener("state", () => this.#draw());
    phone.addEventListener("change", () => this.#draw());
    const sound = document.querySelector("[data-preview-sound]");
    sound.addEventListener("click", () => {
      this.#video.muted = !this.#video.muted;
      sound.setAttribute("aria-pressed", String(!this.#video.muted));
      sound.replaceChildren(icon(this.#video.muted ? "muted" : "sound"));
    });
    this.#poll();
  }

  /** Told when the broadcast ends: then there is nothing more to ask or to show. */
  follow(state) {
    if (state !== "ended" || this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#sources = [];
    this.current = undefined;
    this.hasPicture = false;
    this.#draw();
    this.dispatchEvent(new Event("health"));
  }

  async #poll() {
    try {
      const health = await get(`/api/v1/broadcasts/${this.#broadcast}/health`);
      if (this.#isOver) return;
      this.#sources = health.sources;
      this.current = onAir(this.#sources);
      this.hasPicture = this.#sources.some((source) => !source.away);
      if (this.#sources.some((source) => !this.#labels.has(source.source))) await this.#askLabels();
      this.#draw();
      this.dispatchEvent(new Event("health"));
    } catch {
      // The channel says that the server is out of reach; what is shown stays.
    }
    if (!this.#isOver) this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  async #askLabels() {
    const { sources } = await get(`/api/v1/broadcasts/${this.#broadcast}/sources`);
    for (const { id, label } of sources) this.#labels.set(id, label);
  }

  #draw() {
    this.#drawPreview();
    this.#drawSources();
    this.#drawAdvice();
  }

  #drawPreview() {
    const own = this.#phone.picture;
    // On air the host sees what viewers see; the own camera when it is that, or is not sent yet.
    const isOwn = own && (!this.#phone.isSending || !this.current || this.current.source === this.#phone.source);
    const from = isOwn ? "phone" : this.hasPicture ? "air" : "none";
    if (from === "phone") {
      if (this.#player.wanted) this.#player.stop();
      if (this.#video.srcObject !== own) this.#video.srcObject = own;
      // The own microphone in the own ear howls.
      this.#video.muted = true;
      this.#video.play().catch(() => {});
    } else if (from === "air") this.#player.start();
    else if (this.#player.wanted || this.#video.srcObject) {
      this.#player.stop();
      this.#video.srcObject = null;
    }
    this.#preview.dataset.from = from;
    this.#preview.classList.toggle("preview--mirror", from === "phone" && this.#phone.isMirror);
    document.querySelector("[data-preview-empty]").hidden = from !== "none";
    document.querySelector("[data-preview-sound]").hidden = from !== "air";
    say(document.querySelector("[data-preview-caption]"), this.#caption(from));
  }

  #caption(from) {
    if (from === "phone") return this.#phone.isSending ? t("Your camera") : t("Your camera, not sent yet");
    if (from === "none") return "";
    if (this.#player.state === "blocked") {
      return t("This network blocks the video. Viewers elsewhere may well see it.");
    }
    if (this.#player.state !== "playing") return t("The picture is coming…");
    return t("As viewers get it: %(label)s", { label: this.#labels.get(this.current?.source) ?? "" });
  }

  #drawSources() {
    const list = document.querySelector("[data-sources]");
    const rows = this.#sources.map((source) => {
      const { level } = judge(source);
      const isOn = source.source === this.current?.source;
      const facts = [levelName(level)];
      if (source.width && source.height) facts.push(`${source.width}×${source.height}`);
      if (source.bitrate_kbps) facts.push(`${(source.bitrate_kbps / 1000).toFixed(1)} Mbit/s`);
      if (source.fps) facts.push(t("%(n)s pictures/s", { n: Math.round(source.fps) }));
      return el(
        "li",
        { class: isOn ? "sources__item is-on" : "sources__item" },
        el("strong", {}, this.#labels.get(source.source) ?? t("Camera")),
        isOn ? el("span", { class: "badge badge--leaf" }, source.on_air ? t("chosen") : t("next")) : null,
        el("span", { class: "soft small number" }, facts.join(" · ")),
      );
    });
    list.replaceChildren(...rows);
    document.querySelector("[data-sources-empty]").hidden = rows.length > 0;
    document.querySelector("[data-sources-rule]").hidden = rows.length < 2;
  }

  #drawAdvice() {
    const list = document.querySelector("[data-advice]");
    const { level, advice } = judge(this.current);
    const lines = level === "none" ? [] : advice.map(whatToDo);
    if (this.current?.objection) lines.unshift(this.current.objection);
    const told = lines.join("\n");
    list.hidden = lines.length === 0;
    if (list.dataset.told === told) return;
    list.dataset.told = told;
    list.replaceChildren(...lines.map((line) => el("li", { class: "notice notice--kumquat" }, icon("warning"), el("span", {}, line))));
  }
}
