// How late the picture is: from its capture to this screen. The browser knows both times of a frame
// (requestVideoFrameCallback): it brings the sender's clock to its own by sender reports and the round
// trip. Reports to the server, where that asked for it; what came before the server is that one's part.

// Times in milliseconds.
const FIRST = 8_000; // the clocks are known by then
const EVERY = 30_000;
const FRAMES = 15;
const WITHIN = 6_000; // of a picture that seldom changes fewer frames are shown
const MOST = 60_000;

/**
 * The delay of a frame in milliseconds, by what the browser says of it; null where it does not say
 * when the frame was captured, or says what can't be.
 * @param {{ captureTime?: number, expectedDisplayTime: number }} frame
 */
export function delayOf({ captureTime = NaN, expectedDisplayTime }) {
  const delay = expectedDisplayTime - captureTime;
  // A clock that is a little wrong makes a short delay negative.
  return Number.isFinite(delay) && delay > -MOST / 600 && delay <= MOST ? Math.max(0, delay) : null;
}

/**
 * The one in the middle; null of none.
 * @param {number[]} numbers
 */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted.length ? sorted[(sorted.length - 1) >> 1] : null;
}

/**
 * Resolves to the median delay of the next frames, or null where none tells.
 * @param {HTMLVideoElement} video
 * @returns {Promise<number | null>}
 */
export function measureDelay(video) {
  return new Promise((resolve) => {
    /** @type {number[]} */
    const delays = [];
    let handle = 0;
    const end = () => {
      clearTimeout(timer);
      video.cancelVideoFrameCallback(handle);
      resolve(median(delays));
    };
    const timer = setTimeout(end, WITHIN);
    /** @type {VideoFrameRequestCallback} */
    const look = (_, frame) => {
      const delay = delayOf(frame);
      if (delay !== null) delays.push(delay);
      if (delays.length >= FRAMES) end();
      else handle = video.requestVideoFrameCallback(look);
    };
    handle = video.requestVideoFrameCallback(look);
  });
}

/**
 * Report to `url` now and then; returns a function that ends it.
 * @param {HTMLVideoElement} video
 * @param {string | null | undefined} url
 */
export function reportDelay(video, url) {
  if (!url || !video.requestVideoFrameCallback) return () => {};
  /** @type {number | undefined} */
  let timer;
  let isOver = false;
  const to = url;

  async function report() {
    const delay = document.hidden || video.paused ? null : await measureDelay(video);
    if (isOver) return;
    if (delay !== null) {
      await fetch(to, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ms: Math.round(delay) }),
      }).catch(() => {}); // the next one may come through
    }
    if (!isOver) later(EVERY);
  }

  // Spread out, so that those who joined together do not report together.
  /** @param {number} wait */
  const later = (wait) => {
    timer = setTimeout(report, wait * (0.9 + Math.random() / 5));
  };
  later(FIRST);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
