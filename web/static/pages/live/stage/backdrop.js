// What surrounds a picture that does not fill the screen: its own colours, blurred, four times a
// second; and whether the picture lies or stands, for the layout.

const EVERY = 250;

export class Backdrop {
  constructor(video, canvas) {
    this.video = video;
    this.canvas = canvas;
    this.paint = canvas.getContext("2d");
    const shape = () => {
      if (!video.videoWidth) return;
      document.body.dataset.picture = video.videoWidth > video.videoHeight ? "lying" : "standing";
    };
    video.addEventListener("resize", shape);
    video.addEventListener("loadedmetadata", shape);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
      setInterval(() => this.draw(), EVERY);
    } else {
      video.addEventListener("playing", () => this.draw());
    }
  }

  draw() {
    if (document.hidden || this.video.readyState < 2 || this.canvas.offsetParent === null) return;
    this.paint.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
  }
}
