// How the picture stands on the page: an upright one fills the screen of a phone where little of it is
// cut, any other is shown whole, at the top. Full screen by a tap where it does not fill it already.
// Browsers without `dvh` are told here how high the screen is without their own bars.

/** The share of a picture that must stay to be seen where it fills the screen. */
const LEAST_SEEN = 0.75;

/** How a picture of a size is shown: "standing" fills an upright screen, "lying" is shown whole.
    @param {number} width
    @param {number} height
    @param {{width: number, height: number}} screen upright or not: its shorter side counts as width */
export function fitOf(width, height, screen) {
  if (width >= height) return "lying";
  const picture = width / height;
  const shape = Math.min(screen.width, screen.height) / Math.max(screen.width, screen.height);
  return Math.min(picture / shape, shape / picture) >= LEAST_SEEN ? "standing" : "lying";
}

export class PictureFit {
  /** @param {HTMLVideoElement} video
      @param {HTMLElement} button full screen */
  constructor(video, button) {
    this.video = video;
    for (const event of ["resize", "loadedmetadata"])
      video.addEventListener(event, () => this.fit());
    addEventListener("resize", () => {
      this.fit();
      this.measure();
    });
    this.measure();
    button.addEventListener("click", () => this.toggle());
    document.addEventListener("fullscreenchange", () => {
      if (!document.fullscreenElement) this.show(false);
    });
  }

  fit() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || !height) return;
    const { body } = document;
    // A keyboard makes the page shorter, not the screen.
    body.dataset.picture = fitOf(width, height, screen);
    body.style.setProperty("--picture-shape", String(height / width));
  }

  measure() {
    if (CSS.supports("height", "100dvh")) return;
    document.body.style.setProperty("--screen-height", `${innerHeight}px`);
  }

  /** @param {boolean} isFull */
  show(isFull) {
    if (isFull) document.body.dataset.full = "on";
    else delete document.body.dataset.full;
  }

  async toggle() {
    if (document.body.dataset.full) {
      this.show(false);
      if (document.fullscreenElement) document.exitFullscreen();
      return;
    }
    this.show(true);
    try {
      await document.documentElement.requestFullscreen();
      // An upright phone turns the picture on its side.
      await screen.orientation.lock("landscape");
    } catch {
      // iPhones have no full screen but the video's own; a desk does not turn.
      /** @type {HTMLVideoElement & { webkitEnterFullscreen?: () => void }} */
      const video = this.video;
      if (!document.fullscreenElement) video.webkitEnterFullscreen?.();
    }
  }
}
