// "Go live from this phone": the camera of this device as a source, from the first permission to a
// call that came in between. Joins camera.js, whip-publisher.js and wake-lock.js; shows what they say.

import { detailOf, find, say } from "../../../lib/ui/dom.js";
import { CameraPlace } from "./camera-place.js";
import { t } from "../../../lib/words.js";
import { post } from "../../../lib/channel/staff-api.js";
import { ScreenWakeLock } from "../../../lib/media/wake-lock.js";
import { Camera, isAllowed, Refusal } from "../../../lib/media/camera.js";
import { refusalWords } from "../../../lib/media/camera-errors.js";
import { together } from "../../../lib/format/staff-sentences.js";
import { WhipPublisher } from "../../../lib/media/whip-publisher.js";

/** So long a held-back track may stay so before a new one is asked for. */
const HELD_MS = 2_000;

/**
 * Why the camera was not opened, as camera-errors.js names it.
 * @param {unknown} error
 */
const reasonOf = (error) => (error instanceof Refusal ? error.reason : "unknown");

/**
 * Events: `change` whenever what is shown of this device may differ. `isSending` is whether this
 * device has a session or is getting one, `picture` its stream while the camera is open.
 */
export class PhoneCamera extends EventTarget {
  /**
   * @param {HTMLElement} root
   * @param {string} broadcast
   */
  constructor(root, broadcast) {
    super();
    this._isLive = false;
    this._isEnded = false;
    this._camera = new Camera();
    this._awake = new ScreenWakeLock();
    /** @type {import("../../../lib/state/api").MadeStreamKey | null} */
    this._credentials = null;
    /** @type {string | null} why the camera was not opened */
    this._refusal = null;
    this._waits = false;
    /** Where the camera of this browser is: "" here, or with "another" page; "closed" where that one
        ended, "off" where its host put it off. */
    this._elsewhere = "";
    this._busy = false;
    this._unseen = 0;
    this._isShown = false;
    this._isOtherShown = false;
    this._root = root;
    this._broadcast = broadcast;
    this._held = new CameraPlace(this._place);
    this._held.addEventListener("taken", () => {
      this._elsewhere = "another";
      this._halt();
    });
    this._held.addEventListener("free", (event) => {
      this._elsewhere = detailOf(event) ? "closed" : "off";
      this._draw();
      this._takeUpAgain();
    });
    this._publisher = new WhipPublisher((fresh) => this._mint(fresh));
    this._publisher.addEventListener("state", () => this._draw());
    this._camera.addEventListener("change", () => this._draw());
    this._camera.addEventListener("lost", () => this._onLost());
    this._camera.addEventListener("returned", () => this._draw());
    /**
     * @param {string} name
     * @param {() => unknown} job
     */
    const on = (name, job) => this._button(name).addEventListener("click", () => job());
    this._button("open").disabled = false; // until here a press would be lost
    on("open", () => this.open());
    on("send", () => this.send());
    on("again", () => this._takeBack());
    on("stop", () => this.stop());
    on("turn", () => this._turn());
    on("mute", () => this._camera.mute());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this._takeUpAgain();
    });
    this._draw();
  }

  get isSending() {
    return this._publisher.isOn;
  }

  get source() {
    return this._publisher.source;
  }

  /** How the picture goes to the server, by whip-publisher.js. */
  get way() {
    return this._publisher.way;
  }

  get picture() {
    return this._camera.isOpen ? this._camera.stream : null;
  }

  get isMirror() {
    return this._camera.isMirror;
  }

  /**
   * Tells in which state the broadcast is: before air a camera sends as soon as it is open.
   * @param {string} state
   */
  follow(state) {
    this._isLive = state === "live";
    this._isEnded = state === "ended";
    if (this._isEnded && (this.isSending || this.picture)) this.stop({ isGone: true });
    else this._draw();
  }

  /** Goes on after a reload: by itself where the permission stands, else by one tap. */
  async resume() {
    if (sessionStorage.getItem(this._place) === null || this._isEnded) return;
    const goesOn = await isAllowed();
    this._waits = true;
    if (goesOn) await this.open();
    else this._draw();
  }

  async open() {
    if (this._busy) return;
    const goOn = this._waits || this.isSending;
    this._busy = true;
    this._refusal = null;
    this._draw();
    try {
      await this._camera.open();
      this._waits = false;
      this._button("turn").dataset.possible = String(await this._camera.canTurn());
    } catch (error) {
      this._refusal = reasonOf(error);
    } finally {
      this._busy = false;
      this._draw();
    }
    if (!this.picture) return;
    if (this.isSending) await this._publisher.replaceTracks(this._camera.stream);
    // Nobody sees it before the start, and the start needs it; on air the host looks first.
    else if (goOn || !this._isLive) this.send();
  }

  send() {
    if (!this.picture) return;
    this._elsewhere = "";
    sessionStorage.setItem(this._place, "sending");
    this._awake.on();
    this._held.take();
    this._publisher.start(this._camera.stream);
  }

  /** @param {{ isGone?: boolean }} [how] */
  stop(how) {
    this._elsewhere = "";
    this._held.leave();
    this._halt(how);
  }

  /** @param {{ isGone?: boolean }} [how] */
  _halt(how) {
    sessionStorage.removeItem(this._place);
    this._waits = false;
    this._awake.off();
    this._camera.close();
    this._publisher.stop(how);
    this._draw();
  }

  /** The server is in reach again: no longer wait for the next try. */
  hurry() {
    this._publisher.hurry();
  }

  /**
   * Told at each look whether the server has this device's source, and whether it or another is on
   * air. A server that was restarted has not, long before the browser notices by itself.
   * @param {boolean} isThere
   * @param {boolean} isShown
   * @param {boolean} isOtherShown
   */
  seen(isThere, isShown, isOtherShown) {
    if (isShown !== this._isShown || isOtherShown !== this._isOtherShown) {
      this._isShown = isShown;
      this._isOtherShown = isOtherShown;
      this._draw();
    }
    this._unseen = isThere || this._publisher.state !== "live" ? 0 : this._unseen + 1;
    if (this._unseen < 2) return;
    this._unseen = 0;
    this._publisher.renew();
  }

  get _place() {
    return `farmlive.sending.${this._broadcast}`;
  }

  /** Sends again from here, whichever page has the camera. */
  _takeBack() {
    this._waits = true;
    return this.open();
  }

  /** @param {boolean} fresh */
  async _mint(fresh) {
    if (fresh || this._credentials === null) {
      const path = `/api/v1/broadcasts/${this._broadcast}/stream-keys`;
      /** @type {import("../../../lib/state/api").MadeStreamKey} */
      const made = await post(path, { purpose: "studio" });
      // By the address at which this page was opened, which is known to work from here.
      this._credentials = { ...made, whip_url: new URL(made.whip_url).pathname };
    }
    return this._credentials;
  }

  async _turn() {
    if (this._busy) return;
    this._busy = true;
    try {
      await this._camera.turn();
      await this._publisher.replaceTracks(this._camera.stream);
    } catch (error) {
      this._refusal = reasonOf(error);
    } finally {
      this._busy = false;
      this._draw();
    }
  }

  _onLost() {
    this._draw();
    if (document.visibilityState !== "visible") return;
    if (!this._camera.isOpen) this._takeUpAgain();
    // Held back only: the system often gives it back by itself.
    else setTimeout(() => this._takeUpAgain(), HELD_MS);
  }

  /** After a call or a locked screen the tracks may be dead or held back: ask for new ones. */
  async _takeUpAgain() {
    if (this._elsewhere === "closed" && !this._isEnded && document.visibilityState === "visible") {
      await this._takeBack();
      return;
    }
    if (!this.isSending || this._busy || document.visibilityState !== "visible") return;
    if (this._camera.isOpen && !this._camera.isHeld) return;
    await this.open();
  }

  /** @param {string} name */
  _button(name) {
    return find(this._root, `[data-phone="${name}"]`, HTMLButtonElement);
  }

  /** @param {string} name */
  _word(name) {
    return find(this._button(name), "[data-word]");
  }

  _state() {
    if (this._busy && !this.picture) return t("Opening the camera…");
    if (this._elsewhere) return "";
    if (this._waits) return t("This device was sending. Tap to continue.");
    if (this.isSending && !this._camera.isOpen)
      return t("The camera was taken by another app. Tap to continue.");
    if (this.isSending && this._publisher.isBlocked && this._publisher.state !== "live") {
      return t(
        "This network blocks the upload. Switch between Wi-Fi and mobile data; the page retries automatically.",
      );
    }
    switch (this._publisher.state) {
      case "live":
        if (!this._isLive) return t("Sending. Nobody sees it before you start.");
        return this._isShown
          ? t("Sending. Viewers see this camera.")
          : t("Sending. Viewers see another camera; one tap above puts this one on air.");
      case "connecting":
        return t("Connecting…");
      case "reconnecting":
        return t("Connection lost. Reconnecting automatically; keep this page open.");
      default:
        return this.picture
          ? t("Only you see this.")
          : t("The back camera comes first; hold the phone as you like.");
    }
  }

  _draw() {
    const isOpen = this.picture !== null;
    const { isMuted } = this._camera;
    const isOff = !isOpen || (this.isSending && !this._camera.isOpen);
    this._root.dataset.state = this._publisher.state;
    document.body.toggleAttribute("data-sending", this.isSending);
    this._root.hidden = this._isEnded;
    this._button("open").hidden = !isOff || this._busy;
    say(this._word("open"), this._waits || this.isSending ? t("Continue") : t("Use this camera"));
    this._button("send").hidden = !isOpen || this.isSending;
    // What is on air stays there: then this one is sent, and one tap above shows it.
    const airs = this._isLive && !this._isOtherShown;
    say(this._word("send"), airs ? t("Put it on air") : t("Use this picture"));
    this._button("stop").hidden = !isOpen && !this.isSending;
    this._button("turn").hidden = !isOpen || this._button("turn").dataset.possible !== "true";
    this._button("mute").hidden = !isOpen || !this._camera.hasSound;
    this._button("mute").setAttribute("aria-pressed", String(isMuted));
    say(this._word("mute"), isMuted ? t("Mic on") : t("Mic off"));
    say(find(this._root, "[data-phone-state]"), this._state());
    this._drawElsewhere();
    this._drawTrouble();
    this.dispatchEvent(new Event("change"));
  }

  _drawElsewhere() {
    const place = find(this._root, "[data-phone-elsewhere]");
    place.hidden = !this._elsewhere || this._isEnded;
    if (this._elsewhere === "another") {
      say(place.querySelector("h4"), t("Another page of this browser has the camera"));
      say(
        place.querySelector("p"),
        t("Viewers see that one. Once it is closed, this page takes the camera again."),
      );
    } else {
      say(place.querySelector("h4"), t("The camera is free"));
      say(place.querySelector("p"), t("No page of this browser is sending it now."));
    }
    if (!place.hidden) this._button("open").hidden = true;
  }

  _drawTrouble() {
    /** @type {string[]} */
    const lines = [];
    if (this._refusal) lines.push(refusalWords(this._refusal));
    if (this._publisher.state === "refused") {
      const { detail, title } = this._publisher.problem ?? {};
      lines.push(detail || title || t("The server didn't accept the picture. Try again."));
    }
    if (this.picture && this._camera.silent) {
      lines.push(
        t(
          "There is no sound: allow the microphone next to the address, then turn the camera off and on.",
        ),
      );
    }
    if (this._camera.isMuted) lines.push(t("The microphone is off: viewers hear nothing."));
    if (this.isSending && !ScreenWakeLock.isSupported) {
      lines.push(t("Keep the screen on yourself: this browser can't do it."));
    }
    const trouble = find(this._root, "[data-phone-trouble]");
    say(trouble.querySelector("p"), together(lines));
    trouble.hidden = lines.length === 0;
  }
}
