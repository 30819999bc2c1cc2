// "Go live from this phone": the camera of this device as a source, from the first permission to a
// call that came in between. Joins camera.js, whip-publisher.js and wake-lock.js; shows what they say.

import { say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";
import { post } from "../../../lib/channel/staff-api.js";
import { ScreenWakeLock } from "../../../lib/media/wake-lock.js";
import { Camera, isAllowed } from "../../../lib/media/camera.js";
import { refusalWords } from "../../../lib/media/camera-errors.js";
import { together } from "../../../lib/format/staff-sentences.js";
import { WhipPublisher } from "../../../lib/media/whip-publisher.js";

/** So long a held-back track may stay so before a new one is asked for. */
const HELD_MS = 2_000;

/**
 * Events: `change` whenever what is shown of this device may differ. `isSending` is whether this
 * device has a session or is getting one, `picture` its stream while the camera is open.
 */
export class PhoneCamera extends EventTarget {
  #root;
  #broadcast;
  #isLive = false;
  #isEnded = false;
  #camera = new Camera();
  #awake = new ScreenWakeLock();
  #publisher;
  #credentials = null;
  #refusal = null;
  #waits = false;
  #release = null;
  #isElsewhere = false;
  #busy = false;
  #unseen = 0;
  #isShown = false;
  #isOtherShown = false;

  constructor(root, broadcast) {
    super();
    this.#root = root;
    this.#broadcast = broadcast;
    this.#publisher = new WhipPublisher((fresh) => this.#mint(fresh));
    this.#publisher.addEventListener("state", () => this.#draw());
    this.#camera.addEventListener("change", () => this.#draw());
    this.#camera.addEventListener("lost", () => this.#onLost());
    this.#camera.addEventListener("returned", () => this.#draw());
    const on = (name, job) => this.#button(name).addEventListener("click", () => job());
    this.#button("open").disabled = false; // until here a press would be lost
    on("open", () => this.open());
    on("send", () => this.send());
    on("stop", () => this.stop());
    on("turn", () => this.#turn());
    on("mute", () => this.#camera.mute());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#takeUpAgain();
    });
    this.#draw();
  }

  get isSending() {
    return this.#publisher.isOn;
  }

  get source() {
    return this.#publisher.source;
  }

  /** How the picture goes to the server, by whip-publisher.js. */
  get way() {
    return this.#publisher.way;
  }

  get picture() {
    return this.#camera.isOpen ? this.#camera.stream : null;
  }

  get isMirror() {
    return this.#camera.isMirror;
  }

  /** Tells in which state the broadcast is: before air a camera sends as soon as it is open. */
  follow(state) {
    this.#isLive = state === "live";
    this.#isEnded = state === "ended";
    if (this.#isEnded && (this.isSending || this.picture)) this.stop({ isGone: true });
    else this.#draw();
  }

  /** Goes on after a reload: by itself where the permission stands, else by one tap. */
  async resume() {
    if (sessionStorage.getItem(this.#place) === null || this.#isEnded) return;
    const goesOn = await isAllowed();
    this.#waits = true;
    if (goesOn) await this.open();
    else this.#draw();
  }

  async open() {
    if (this.#busy) return;
    const goOn = this.#waits || this.isSending;
    this.#busy = true;
    this.#refusal = null;
    this.#draw();
    try {
      await this.#camera.open();
      this.#waits = false;
      this.#button("turn").dataset.possible = String(await this.#camera.canTurn());
    } catch (error) {
      this.#refusal = error.reason ?? "unknown";
    } finally {
      this.#busy = false;
      this.#draw();
    }
    if (!this.picture) return;
    if (this.isSending) await this.#publisher.replaceTracks(this.#camera.stream);
    // Nobody sees it before the start, and the start needs it; on air the host looks first.
    else if (goOn || !this.#isLive) this.send();
  }

  send() {
    if (!this.picture) return;
    this.#isElsewhere = false;
    sessionStorage.setItem(this.#place, "sending");
    this.#awake.on();
    this.#holdPlace();
    this.#publisher.start(this.#camera.stream);
  }

  stop(how) {
    sessionStorage.removeItem(this.#place);
    this.#waits = false;
    this.#release?.();
    this.#awake.off();
    this.#camera.close();
    this.#publisher.stop(how);
    this.#draw();
  }

  /** The server is in reach again: no longer wait for the next try. */
  hurry() {
    this.#publisher.hurry();
  }

  /**
   * Told at each look whether the server has this device's source, and whether it or another is on
   * air. A server that was restarted has not, long before the browser notices by itself.
   */
  seen(isThere, isShown, isOtherShown) {
    if (isShown !== this.#isShown || isOtherShown !== this.#isOtherShown) {
      this.#isShown = isShown;
      this.#isOtherShown = isOtherShown;
      this.#draw();
    }
    this.#unseen = isThere || this.#publisher.state !== "live" ? 0 : this.#unseen + 1;
    if (this.#unseen < 2) return;
    this.#unseen = 0;
    this.#publisher.renew();
  }

  get #place() {
    return `farmlive.sending.${this.#broadcast}`;
  }

  /** One page of this browser sends; the newest takes over, or two would replace each other for ever. */
  #holdPlace() {
    if (this.#release || !navigator.locks) return;
    navigator.locks
      .request(this.#place, { steal: true }, () => new Promise((release) => (this.#release = release)))
      .catch(() => {
        this.#isElsewhere = true;
        this.stop();
      })
      .finally(() => (this.#release = null));
  }

  async #mint(fresh) {
    if (fresh || this.#credentials === null) {
      const path = `/api/v1/broadcasts/${this.#broadcast}/stream-keys`;
      const made = await post(path, { purpose: "studio" });
      // By the address at which this page was opened, which is known to work from here.
      this.#credentials = { ...made, whip_url: new URL(made.whip_url).pathname };
    }
    return this.#credentials;
  }

  async #turn() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#camera.turn();
      await this.#publisher.replaceTracks(this.#camera.stream);
    } catch (error) {
      this.#refusal = error.reason ?? "unknown";
    } finally {
      this.#busy = false;
      this.#draw();
    }
  }

  #onLost() {
    this.#draw();
    if (document.visibilityState !== "visible") return;
    if (!this.#camera.isOpen) this.#takeUpAgain();
    // Held back only: the system often gives it back by itself.
    else setTimeout(() => this.#takeUpAgain(), HELD_MS);
  }

  /** After a call or a locked screen the tracks may be dead or held back: ask for new ones. */
  async #takeUpAgain() {
    if (!this.isSending || this.#busy || document.visibilityState !== "visible") return;
    if (this.#camera.isOpen && !this.#camera.isHeld) return;
    await this.open();
  }

  #button(name) {
    return this.#root.querySelector(`[data-phone="${name}"]`);
  }

  #state() {
    if (this.#busy && !this.picture) return t("Opening the camera…");
    if (this.#isElsewhere) return t("Another page of this browser sends now.");
    if (this.#waits) return t("This device was sending. One tap goes on.");
    if (this.isSending && !this.#camera.isOpen) return t("The camera was taken away. One tap goes on.");
    if (this.isSending && this.#publisher.isBlocked && this.#publisher.state !== "live") {
      return t("This network lets no picture out. Change between Wi-Fi and mobile data; it is tried again by itself.");
    }
    switch (this.#publisher.state) {
      case "live":
        if (!this.#isLive) return t("Sending. Nobody sees it before you start.");
        return this.#isShown
          ? t("Sending. Viewers see this camera.")
          : t("Sending. Viewers see another camera; one tap above puts this one on air.");
      case "connecting":
        return t("Connecting…");
      case "reconnecting":
        return t("The connection is gone. Trying again by itself; keep this page open.");
      default:
        return this.picture
          ? t("Only you see this.")
          : t("The back camera comes first; hold the phone as you like.");
    }
  }

  #draw() {
    const isOpen = this.picture !== null;
    const { isMuted } = this.#camera;
    const isOff = !isOpen || (this.isSending && !this.#camera.isOpen);
    this.#root.dataset.state = this.#publisher.state;
    document.body.toggleAttribute("data-sending", this.isSending);
    this.#root.hidden = this.#isEnded;
    this.#button("open").hidden = !isOff || this.#busy;
    say(this.#button("open"), this.#waits || this.isSending ? t("Go on") : t("Use this camera"));
    this.#button("send").hidden = !isOpen || this.isSending;
    // What is on air stays there: then this one is sent, and one tap above shows it.
    const airs = this.#isLive && !this.#isOtherShown;
    say(this.#button("send"), airs ? t("Put it on air") : t("Send this picture"));
    this.#button("stop").hidden = !isOpen && !this.isSending;
    this.#button("turn").hidden = !isOpen || this.#button("turn").dataset.possible !== "true";
    this.#button("mute").hidden = !isOpen || !this.#camera.hasSound;
    this.#button("mute").setAttribute("aria-pressed", String(isMuted));
    say(this.#button("mute"), isMuted ? t("Microphone on") : t("Microphone off"));
    say(this.#root.querySelector("[data-phone-state]"), this.#state());
    this.#drawTrouble();
    this.dispatchEvent(new Event("change"));
  }

  #drawTrouble() {
    const lines = [];
    if (this.#refusal) lines.push(refusalWords(this.#refusal));
    if (this.#publisher.state === "refused") {
      const { detail, title } = this.#publisher.problem;
      lines.push(detail || title || t("The server did not take the picture. Try it again."));
    }
    if (this.picture && this.#camera.silent) {
      lines.push(t("There is no sound: allow the microphone beside the address, then turn the camera off and on."));
    }
    if (this.#camera.isMuted) lines.push(t("The microphone is off: viewers hear nothing."));
    if (this.isSending && !ScreenWakeLock.isSupported) {
      lines.push(t("Keep the screen on: this browser can't do it by itself."));
    }
    const trouble = this.#root.querySelector("[data-phone-trouble]");
    say(trouble.querySelector("p"), together(lines));
    trouble.hidden = lines.length === 0;
  }
}
