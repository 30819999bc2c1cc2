// Keeps the screen on while something is being sent. The system drops the lock whenever the page is
// hidden, so it is asked for again when the page returns.

export class ScreenWakeLock {
  constructor() {
    this._wanted = false;
    /** @type {WakeLockSentinel | null} */
    this._lock = null;
    document.addEventListener("visibilitychange", () => this._hold());
  }

  static get isSupported() {
    return "wakeLock" in navigator;
  }

  on() {
    this._wanted = true;
    this._hold();
  }

  off() {
    this._wanted = false;
    this._lock?.release().catch(() => {});
    this._lock = null;
  }

  async _hold() {
    if (!this._wanted || !ScreenWakeLock.isSupported || document.visibilityState !== "visible")
      return;
    if (this._lock && !this._lock.released) return;
    try {
      this._lock = await navigator.wakeLock.request("screen");
      if (!this._wanted) this.off();
    } catch {
      // A low battery refuses it; the picture goes out all the same.
    }
  }
}
