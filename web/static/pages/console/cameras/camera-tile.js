// One camera in the studio's panel: its picture, its name, whether viewers see it, and one button.
// Which of them show a live picture and what a press does is sources.js's part.

import { count } from "../../../lib/format/format.js";
import { cameraName } from "../../../lib/format/camera-name.js";
import { say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";
import { WhepPlayer } from "../../../lib/media/whep-player.js";
import { bars, levelName } from "./stream-health.js";
import { known } from "../../../lib/format/staff-sentences.js";

/** A preview is as small as the camera sends it: the host looks at several at once. */
const SMALLEST = 0;

/** What a source is called. */
export const labelOf = (source) => cameraName(source?.label);

export class CameraTile {
  item;
  /** In sight of whoever looks at the page, and the timer until it is not; kept by sources.js. */
  isSeen = false;
  resting = null;
  #id;
  #broadcast;
  #player = null;
  #isPreview = false;
  #isShared = false;
  #refused = null;

  /** `act.air(id)` is the one button, `act.look(id)` asks for the live picture of this one. */
  constructor(id, broadcast, act) {
    this.#id = id;
    this.#broadcast = broadcast;
    const template = document.getElementById("source-tile");
    this.item = template.content.firstElementChild.cloneNode(true);
    this.item.dataset.source = id;
    this.#video.muted = true; // a clone does not take it from the attribute
    this.#part("act").addEventListener("click", () => act.air(id));
    this.#part("look").addEventListener("click", () => act.look(id));
    this.#video.addEventListener("playing", () => this.#drawNote());
    this.#video.addEventListener("emptied", () => this.#drawNote());
  }

  /** Where the picture comes from: a stream that this page has already, else a session of its own
      (`preview`), else none, and the last one stands still. */
  show(stream, preview) {
    this.#isPreview = preview && !stream;
    if (stream) {
      this.#leave();
      this.#isShared = true;
      if (this.#video.srcObject !== stream) this.#video.srcObject = stream;
      this.#video.play().catch(() => {});
    } else if (this.#isPreview) {
      if (this.#player === null) {
        this.#rest();
        const how = { source: this.#id, most: SMALLEST, sound: false };
        this.#player = new WhepPlayer(this.#video, this.#broadcast, how);
        this.#player.addEventListener("state", () => this.#drawNote());
      }
      this.#player.start();
    } else if (this.#video.srcObject) this.#rest();
    this.#drawNote();
  }

  /** `standing` is air, switching, meanwhile, ready, away or unfit; see sources.js. */
  draw({ source, level, standing, words, isOwn, isMirror, canLook }) {
    const name = labelOf(source);
    this.#refused = source.refused ?? null;
    this.item.dataset.standing = standing;
    this.item.classList.toggle("cam--mirror", isMirror);
    say(this.#part("name"), name);
    this.#video.setAttribute("aria-label", t("Picture of %(name)s", { name }));
    this.#part("guest").hidden = !source.guest;
    this.#part("own").hidden = !isOwn;
    say(this.#part("badge"), words.badge);
    this.#part("badge").hidden = !words.badge;
    const signal = this.#part("signal");
    signal.dataset.bars = String(bars(level));
    signal.dataset.level = level;
    say(this.#part("grade"), levelName(level));
    const button = this.#part("act");
    button.hidden = !words.act;
    say(button, words.act);
    button.setAttribute("aria-label", words.act ? `${words.act}: ${name}` : "");
    button.disabled = standing === "away" || standing === "unfit";
    button.toggleAttribute("aria-busy", false);
    if (standing === "switching") button.setAttribute("aria-busy", "true");
    say(this.#part("is"), words.is);
    this.#part("is").hidden = Boolean(words.act);
    this.#part("look").hidden = !canLook;
    const { viewers_without_codec: blind = 0, viewers = 0 } = source;
    say(this.#part("blind"), blind ? t("%(n)s of %(all)s viewers can't see this camera", { n: count(blind), all: count(viewers) }) : "");
    this.#part("blind").hidden = !blind;
    this.#drawNote();
  }

  remove() {
    this.#leave();
    this.item.remove();
  }

  get #video() {
    return this.#part("video");
  }

  #part(name) {
    return this.item.querySelector(`[data-${name}]`);
  }

  #drawNote() {
    const isBlank = !this.#video.srcObject || this.#video.readyState < 2;
    const state = this.#player?.state;
    this.item.classList.toggle("cam--blank", isBlank);
    let words = "";
    if (isBlank && this.#refused) words = known(this.#refused.detail);
    else if (isBlank && this.item.dataset.standing === "away") words = t("It comes back by itself.");
    else if (isBlank && this.#isPreview) {
      words = state === "blocked" ? t("This network blocks the preview") : t("The picture is coming…");
    }
    say(this.#part("note"), words);
  }

  #leave() {
    if (this.#player?.wanted) this.#player.stop();
    this.#player = null;
  }

  /** The last picture stays to be seen while none moves; not that of a stream which others share, as
      it may show another camera by now. */
  #rest() {
    const still = this.#part("still");
    const video = this.#video;
    if (this.#isShared) still.width = 16;
    else if (video.readyState >= 2 && video.videoWidth) {
      still.width = Math.min(video.videoWidth, 480);
      still.height = Math.round((still.width * video.videoHeight) / video.videoWidth);
      still.getContext("2d").drawImage(video, 0, 0, still.width, still.height);
    }
    this.#isShared = false;
    this.#leave();
    video.srcObject = null;
  }
}
