// Keeps the screen on while something is being sent. The system drops the lock whenever the page is
// hidden, so it is asked for again when the page returns.

export class ScreenWakeLock {
  #wanted = false;
  #lock = null;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#hold());
  }

  static get isSupported() {
    return "wakeLock" in navigator;
  }

  on() {
    this.#wanted = true;
    this.#hold();
  }

  off() {
    this.#wanted = false;
    this.#lock?.release().catch(() => {});
    this.#lock = null;
  }

  async #hold() {
    if (!this.#wanted || !ScreenWakeLock.isSupported || document.visibilityState !== "visible") return;
    if (this.#lock && !this.#lock.released) return;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
      if (!this.#wanted) this.off();
    } catch {
      // A low battery refuses it; the picture goes out all the same.
    }
  }
}
