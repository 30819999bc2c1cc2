// Which lines of a busy chat are drawn, and when: no faster than people read. Decides alone; draws nothing.
//
// Which ones is a rule of the log, not of the page. Each line has a rank by its seq, and where lines come
// too fast, by the times that they have in the log, only those of rank 1 and more are drawn, then of 2 and
// more, each half as many. So all viewers draw the same lines, and a console, which draws more a second,
// draws theirs among its own: what anybody reads can be hidden.

/** The most lines that are drawn in one frame. */
export const LINES_A_FRAME = 3;
/** How long a line may wait for its turn, in milliseconds; then later ones are of more use. */
const LONGEST_WAIT = 2_000;

/** Over how long the rate of lines is measured, in milliseconds. */
const WINDOW = 4_000;
/** From less, in milliseconds, no rate is taken: one transaction may say many lines. */
const LEAST_SPAN = 100;
/** Among so many passed lines the reader's own is looked for, once the server has answered. */
const ANSWERED = 600;
/** So many lines a snapshot has where there were more. */
const SNAPSHOT = 50;

/** @typedef {import("./scene").ChatLine} ChatLine */

/** The rank of a line: half of all have 1 and more, a quarter 2 and more.
    @param {number} seq */
export function rank(seq) {
  // The last steps of MurmurHash3: what stands beside in the log makes no pattern.
  let hash = Math.imul(seq ^ (seq >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash === 0 ? 32 : 31 - Math.clz32(hash & -hash);
}

/** The lines that these events tell.
    @param {import("./events").LiveEvent[]} events
    @returns {ChatLine[]} */
export const linesOf = (events) =>
  events.flatMap((event) =>
    event.kind === "chat.said"
      ? [{ seq: event.seq, at: event.at, ...event.data, text: event.data.text ?? "" }]
      : [],
  );

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
      @param {{perSecond?: number, burst?: number, first?: number, keeps?: number}} [options] `burst`: how
      many may come at once after a quiet moment; `first`: how many of those that are there at the
      beginning; `keeps`: how many passed lines are kept, by a console, which draws all of its rank. */
  constructor({ perSecond = 4, burst = 6, first = 30, keeps = 0 } = {}) {
    this._perSecond = perSecond;
    this._burst = burst;
    this._first = first;
    this._isConsole = keeps > 0;
    this._keeps = keeps || ANSWERED;
    /** @type {number[]} when the last lines were said, by the log; the team's don't count */
    this._times = [];
    /** From when on all of them are known. */
    this._knownSince = Number.NEGATIVE_INFINITY;
    /** @type {ChatLine[]} the last ones that were passed over, oldest first */
    this.passed = [];
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
    const level = isFirst ? this._begin(fresh) : 0;
    if (isFirst) fresh = fresh.slice(-this._first);
    for (const line of fresh) {
      const isOwn = this._own.delete(line.seq);
      const least = isFirst ? level : this._level(line);
      if (isOwn || line.role || rank(line.seq) >= least) {
        const isFree = isFirst || isOwn || Boolean(line.role) || this._isConsole;
        this._queue.push({ line, since: now, isFree, isOwn });
      } else this._pass(line);
    }
  }

  /** Take up a snapshot's chat; of lines that came while the link was gone it may lack the first.
      @param {ChatLine[]} chat
      @param {number} now */
  begin(chat, now) {
    if (this._latest >= 0 && chat.length >= SNAPSHOT && chat[0].seq > this._latest) {
      this._times = [];
      this._knownSince = chat[0].at;
    }
    // In a chat without lines all that come are new, however many come at once.
    if (this._latest < 0 && chat.length === 0) this._latest = 0;
    this.offer(chat, now);
  }

  /** The least rank that is drawn of the lines of a snapshot, by the rate of all of them.
      @param {ChatLine[]} lines */
  _begin(lines) {
    this._times = lines.filter(({ role }) => !role).map(({ at }) => at);
    if (lines.length >= SNAPSHOT) this._knownSince = lines[0].at;
    return this._levelAt(lines[lines.length - 1].at);
  }

  /** The least rank that is drawn now that this line has come.
      @param {ChatLine} line */
  _level({ at, role }) {
    if (!role) this._times.push(at);
    return this._levelAt(at);
  }

  /** @param {number} at */
  _levelAt(at) {
    const from = at - WINDOW;
    let over = 0;
    while (over < this._times.length && this._times[over] <= from) over += 1;
    if (over) this._times.splice(0, over);
    const isWhole = this._knownSince <= from;
    const span = isWhole ? WINDOW : Math.max(LEAST_SPAN, at - this._knownSince);
    const rate = (this._times.length * WINDOW) / span;
    const most = (this._perSecond * WINDOW) / 1_000;
    const level = rate > most ? Math.ceil(Math.log2(rate / most)) : 0;
    // A viewer who knows the rate of a moment alone draws rather less than those who know more.
    return level > 0 && !isWhole && !this._isConsole ? level + 1 : level;
  }

  /** @param {ChatLine} line */
  _pass(line) {
    this.skipped += 1;
    this.passed.push(line);
    if (this.passed.length > this._keeps) this.passed.shift();
  }

  /** The reader wrote the line with this seq, which may have come already.
      @param {number} seq */
  own(seq) {
    const waiting = this._queue.find(({ line }) => line.seq === seq);
    const passed = this.passed.find((line) => line.seq === seq);
    if (waiting) waiting.isFree = waiting.isOwn = true;
    else if (passed) {
      this.remove(seq);
      this.skipped -= 1;
      this._queue.push({ line: passed, since: this._filled, isFree: true, isOwn: true });
    } else if (seq > this._latest) this._own.add(seq);
  }

  /** A line that was hidden is not drawn any more.
      @param {number} seq */
  remove(seq) {
    this._queue = this._queue.filter(({ line }) => line.seq !== seq);
    this.passed = this.passed.filter((line) => line.seq !== seq);
  }

  /** The seqs of the lines that wait for their turn. */
  get waiting() {
    return this._queue.map(({ line }) => line.seq);
  }

  /** Whether any line waits for a later frame. */
  get isWaiting() {
    return this._queue.length > 0;
  }

  /** All lines that wait, for a page that nobody sees: it has no frames, and is not animated.
      @returns {ChatLine[]} */
  takeAll() {
    return this._queue.splice(0).map(({ line }) => line);
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
          this._pass(/** @type {{line: ChatLine}} */ (this._queue.shift()).line);
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
    this._queue = this._queue.filter(({ line, since, isFree }) => {
      if (isFree || (others <= most && now - since <= LONGEST_WAIT)) return true;
      others -= 1;
      this._pass(line);
      return false;
    });
  }
}
