// One camera in the studio's panel: its picture, its name, whether viewers see it, and one button.
// Which of them show a live picture and what a press does is sources.js's part.

import { count } from "../../../lib/format/format.js";
import { cameraName } from "../../../lib/format/camera-name.js";
import { cloned, find, say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";
import { WhepPlayer } from "../../../lib/media/whep-player.js";
import { bars, levelName } from "./stream-health.js";
import { rejection } from "../../../lib/format/staff-sentences.js";

/** A preview is as small as the camera sends it: the host looks at several at once. */
const SMALLEST = 0;

/**
 * What a source is called.
 * @param {{ label?: string | null } | null | undefined} source
 */
export const labelOf = (source) => cameraName(source?.label);

export class CameraTile {
  /**
   * `act.air(id)` is the one button, `act.look(id)` asks for the live picture of this one.
   * @param {string} id
   * @param {string} broadcast
   * @param {{ air: (id: string) => void, look: (id: string) => void }} act
   */
  constructor(id, broadcast, act) {
    /** In sight of whoever looks at the page, and the timer until it is not; kept by sources.js. */
    this.isSeen = false;
    /** @type {number | undefined} */
    this.resting = undefined;
    /** @type {WhepPlayer | null} */
    this._player = null;
    this._isPreview = false;
    this._isShared = false;
    /** @type {{ detail: string } | null} */
    this._refused = null;
    this._id = id;
    this._broadcast = broadcast;
    this.item = cloned("source-tile");
    this.item.dataset.source = id;
    this._video.muted = true; // a clone does not take it from the attribute
    this._part("act").addEventListener("click", () => act.air(id));
    this._part("look").addEventListener("click", () => act.look(id));
    this._video.addEventListener("playing", () => this._drawNote());
    this._video.addEventListener("emptied", () => this._drawNote());
  }

  /**
   * Where the picture comes from: a stream that this page has already, else a session of its own
   * (`preview`), else none, and the last one stands still.
   * @param {MediaProvider | null} stream
   * @param {boolean} preview
   */
  show(stream, preview) {
    this._isPreview = preview && !stream;
    if (stream) {
      this._leave();
      this._isShared = true;
      if (this._video.srcObject !== stream) this._video.srcObject = stream;
      this._video.play().catch(() => {});
    } else if (this._isPreview) {
      if (this._player === null) {
        this._rest();
        const how = { source: this._id, most: SMALLEST, sound: false };
        this._player = new WhepPlayer(this._video, this._broadcast, how);
        this._player.addEventListener("state", () => this._drawNote());
      }
      this._player.start();
    } else if (this._video.srcObject) this._rest();
    this._drawNote();
  }

  /**
   * `standing` is air, switching, meanwhile, ready, away or unfit; see sources.js.
   * @param {{ source: import("../types").ShownSource, level: import("../types").Level, standing: string, words: { badge: string, act: string, is: string }, isOwn: boolean, isMirror: boolean, canLook: boolean }} tile
   */
  draw({ source, level, standing, words, isOwn, isMirror, canLook }) {
    const name = labelOf(source);
    this._refused = source.refused ?? null;
    this.item.dataset.standing = standing;
    this.item.classList.toggle("cam--mirror", isMirror);
    say(this._part("name"), name);
    this._video.setAttribute("aria-label", t("Picture of %(name)s", { name }));
    this._part("guest").hidden = !source.guest;
    this._part("own").hidden = !isOwn;
    say(this._part("badge"), words.badge);
    this._part("badge").hidden = !words.badge;
    const signal = this._part("signal");
    signal.dataset.bars = String(bars(level));
    signal.dataset.level = level;
    say(this._part("grade"), levelName(level));
    const button = this._part("act", HTMLButtonElement);
    button.hidden = !words.act;
    say(button, words.act);
    button.setAttribute("aria-label", words.act ? `${words.act}: ${name}` : "");
    button.disabled = standing === "away" || standing === "unfit";
    button.toggleAttribute("aria-busy", false);
    if (standing === "switching") button.setAttribute("aria-busy", "true");
    say(this._part("is"), words.is);
    this._part("is").hidden = Boolean(words.act);
    this._part("look").hidden = !canLook;
    const { viewers_without_codec: blind = 0, viewers = 0 } = source;
    say(
      this._part("blind"),
      blind
        ? t("%(n)s of %(all)s viewers can't see this camera", {
            n: count(blind),
            all: count(viewers),
          })
        : "",
    );
    this._part("blind").hidden = !blind;
    this._drawNote();
  }

  remove() {
    this._leave();
    this.item.remove();
  }

  get _video() {
    return this._part("video", HTMLVideoElement);
  }

  /**
   * @template {Element} [T=HTMLElement]
   * @param {string} name
   * @param {new () => T} [type]
   * @returns {T}
   */
  _part(name, type) {
    return find(this.item, `[data-${name}]`, type);
  }

  _drawNote() {
    const isBlank = !this._video.srcObject || this._video.readyState < 2;
    const state = this._player?.state;
    this.item.classList.toggle("cam--blank", isBlank);
    let words = "";
    if (isBlank && this._refused) words = rejection(this._refused);
    else if (isBlank && this.item.dataset.standing === "away")
      words = t("It comes back automatically.");
    else if (isBlank && this._isPreview) {
      words =
        state === "blocked" ? t("This network blocks the preview") : t("The picture is coming…");
    }
    say(this._part("note"), words);
  }

  _leave() {
    if (this._player?.wanted) this._player.stop();
    this._player = null;
  }

  /** The last picture stays to be seen while none moves; not that of a stream which others share, as
      it may show another camera by now. */
  _rest() {
    const still = this._part("still", HTMLCanvasElement);
    const video = this._video;
    if (this._isShared) still.width = 16;
    else if (video.readyState >= 2 && video.videoWidth) {
      still.width = Math.min(video.videoWidth, 480);
      still.height = Math.round((still.width * video.videoHeight) / video.videoWidth);
      still.getContext("2d")?.drawImage(video, 0, 0, still.width, still.height);
    }
    this._isShared = false;
    this._leave();
    video.srcObject = null;
  }
}
