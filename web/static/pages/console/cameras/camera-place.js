// One page of this browser sends its camera at a time: the newest takes it, or two would replace each
// other for ever. The page that gave it up waits until it is free again.

/** So long a page that is reloaded may take to come back to its camera. */
const RELOAD_MS = 4_000;
const OFF = "off";

/**
 * @param {string} name
 * @param {string} how
 */
function remember(name, how) {
  try {
    localStorage.setItem(name, how);
  } catch {
    // A browser that keeps nothing: then it counts as closed, and is offered all the same.
  }
}

/** @param {string} name */
function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Events: `taken` when another page took the place, `free` when that one is gone; its detail is whether
    it was closed while it sent, and not put off by its host. */
export class CameraPlace extends EventTarget {
  /** @param {string} name the same for each page that may send into a broadcast */
  constructor(name) {
    super();
    this._name = name;
    /** @type {((value?: unknown) => void) | null} gives the place up */
    this._release = null;
    /** @type {AbortController | null} */
    this._queue = null;
    /** @type {number | undefined} */
    this._timer = undefined;
  }

  /** Take it, from whichever page has it. */
  take() {
    this._queue?.abort();
    clearTimeout(this._timer);
    remember(this._name, "on");
    if (!this._release && navigator.locks) this._hold({ steal: true });
  }

  /** The host put the camera off. */
  leave() {
    this._queue?.abort();
    clearTimeout(this._timer);
    if (!this._release) return;
    remember(this._name, OFF);
    this._release();
  }

  /** @param {LockOptions} options */
  async _hold(options, granted = () => {}) {
    /** @type {((value?: unknown) => void) | null} */
    let own = null;
    try {
      await navigator.locks.request(
        this._name,
        options,
        () =>
          new Promise((release) => {
            own = release;
            this._release = release;
            granted();
          }),
      );
    } catch {
      // Where it was not held yet, it is no longer waited for.
      if (!own) return;
      this._free(own);
      clearTimeout(this._timer);
      this._wait();
      this.dispatchEvent(new Event("taken"));
      return;
    }
    this._free(own);
  }

  /** @param {((value?: unknown) => void) | null} own */
  _free(own) {
    if (this._release === own) this._release = null;
  }

  _wait() {
    this._queue = new AbortController();
    this._hold({ signal: this._queue.signal }, () => {
      const isClosed = recall(this._name) !== OFF;
      this._timer = setTimeout(
        () => this.dispatchEvent(new CustomEvent("free", { detail: isClosed })),
        isClosed ? RELOAD_MS : 0,
      );
    });
  }
}
