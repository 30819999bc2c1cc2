// Which lines of a busy chat are drawn, and when: no faster than people read. Decides alone; draws nothing.

/** The most lines that are drawn in one frame. */
export const LINES_A_FRAME = 3;
/** How long a line may wait for its turn, in milliseconds; then later ones are of more use. */
const LONGEST_WAIT = 2_000;

/** @typedef {import("./scene").ChatLine} ChatLine */

/** Which of the drawn lines were hidden while the link was gone: a snapshot's chat, oldest first, lacks
    them, though it goes back so far.
    @param {number[]} drawn their seqs
    @param {ChatLine[]} chat
    @returns {number[]} */
export function hiddenSince(drawn, chat) {
  const shown = new Set(chat.map(({ seq }) => seq));
  const oldest = chat.length > 0 ? chat[0].seq : 0;
  return drawn.filter((seq) => seq >= oldest && !shown.has(seq));
}

export class ChatPacing {
  /** The team's lines and the reader's own are always drawn. Of the others at most `perSecond`, where
      they come faster; the rest is counted as `skipped`, and is in the log.
      @param {{perSecond?: number, burst?: number, first?: number}} [options] `burst`: how many may come
      at once after a quiet moment; `first`: how many of those that are there at the beginning. */
  constructor({ perSecond = 4, burst = 6, first = 30 } = {}) {
    this._perSecond = perSecond;
    this._burst = burst;
    this._first = first;
    /** @type {{line: ChatLine, since: number, isFree: boolean, isOwn: boolean}[]} */
    this._queue = [];
    this._latest = -1;
    this._tokens = burst;
    this._filled = 0;
    /** @type {Set<number>} */
    this._own = new Set();
    /** Lines that were passed over since the beginning. */
    this.skipped = 0;
  }

  /** Take up what is new of a chat, whose lines come oldest first.
      @param {ChatLine[]} chat
      @param {number} now in milliseconds, of any clock that only goes forward */
  offer(chat, now) {
    const isFirst = this._latest < 0;
    let fresh = chat.filter(({ seq }) => seq > this._latest);
    if (fresh.length === 0) return;
    this._latest = fresh[fresh.length - 1].seq;
    if (isFirst) fresh = fresh.slice(-this._first);
    for (const line of fresh) {
      const isOwn = this._own.delete(line.seq);
      const isFree = isFirst || isOwn || Boolean(line.role);
      this._queue.push({ line, since: now, isFree, isOwn });
    }
  }

  /** The reader wrote the line with this seq, which may have come already.
      @param {number} seq */
  own(seq) {
    const waiting = this._queue.find(({ line }) => line.seq === seq);
    if (waiting) waiting.isFree = waiting.isOwn = true;
    else if (seq > this._latest) this._own.add(seq);
  }

  /** A line that was hidden is not drawn any more.
      @param {number} seq */
  remove(seq) {
    this._queue = this._queue.filter(({ line }) => line.seq !== seq);
  }

  /** The seqs of the lines that wait for their turn. */
  get waiting() {
    return this._queue.map(({ line }) => line.seq);
  }

  /** Whether any line waits for a later frame. */
  get isWaiting() {
    return this._queue.length > 0;
  }

  /** The lines to draw in this frame, oldest first: at most LINES_A_FRAME.
      @param {number} now
      @returns {ChatLine[]} */
  take(now) {
    this._refill(now);
    this._passOver(now);
    /** @type {ChatLine[]} */
    const drawn = [];
    while (drawn.length < LINES_A_FRAME && this._queue.length > 0) {
      if (!this._queue[0].isFree) {
        if (this._tokens < 1) {
          // Who wrote something sees it at once.
          if (!this._queue.some(({ isOwn }) => isOwn)) break;
          this._queue.shift();
          this.skipped += 1;
          continue;
        }
        this._tokens -= 1;
      }
      drawn.push(/** @type {{line: ChatLine}} */ (this._queue.shift()).line);
    }
    return drawn;
  }

  /** @param {number} now */
  _refill(now) {
    const earned = ((now - this._filled) / 1_000) * this._perSecond;
    this._tokens = Math.min(this._burst, this._tokens + Math.max(0, earned));
    this._filled = now;
  }

  /** Of more lines than can be read in time, keep what is always drawn and the latest others.
      @param {number} now */
  _passOver(now) {
    const most = Math.ceil((this._perSecond * LONGEST_WAIT) / 1_000);
    let others = this._queue.filter(({ isFree }) => !isFree).length;
    this._queue = this._queue.filter(({ since, isFree }) => {
      if (isFree || (others <= most && now - since <= LONGEST_WAIT)) return true;
      others -= 1;
      this.skipped += 1;
      return false;
    });
  }
}
