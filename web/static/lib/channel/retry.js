// Asking once more where no answer came: with pauses that grow, and that end at once where the
// network comes back.

import { Problem } from "./api.js";
import { isUnknown } from "../format/problems.js";

const FIRST = 1_000;
const LONGEST = 10_000;

export class Backoff {
  constructor() {
    this._waits = 0;
    /** @type {(() => void) | null} */
    this._end = null;
  }

  /** Let the next pause be a short one again. */
  reset() {
    this._waits = 0;
  }

  /**
   * The next pause, `least` milliseconds at least where nothing ends it; not the same for all who
   * lost the same server.
   * @returns {Promise<void>}
   */
  pause(least = 0) {
    const grown = Math.min(LONGEST, FIRST * 2 ** this._waits) * (0.5 + Math.random());
    this._waits += 1;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        removeEventListener("online", end);
        this._end = null;
        resolve();
      };
      const timer = setTimeout(end, Math.max(least, grown));
      addEventListener("online", end);
      this._end = end;
    });
  }

  /** End the pause: an answer is likely now. */
  hurry() {
    this._end?.();
  }
}

/**
 * Sends until there is an answer: what is sent happens once, however often it is. `onLost` is called
 * whenever there was none, `pauses` are those between. Throws the Problem that it was answered with.
 * @template T
 * @param {() => Promise<T>} send
 * @param {(problem: Problem) => void} onLost
 * @returns {Promise<T>}
 */
export async function retryUntilAnswered(send, onLost, pauses = new Backoff()) {
  for (;;) {
    try {
      return await send();
    } catch (problem) {
      if (!(problem instanceof Problem) || !isUnknown(problem)) throw problem;
      onLost(problem);
      await pauses.pause();
    }
  }
}
