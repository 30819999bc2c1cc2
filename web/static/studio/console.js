// The console of one broadcast: joins the channel, the picture, the bag and the feed. Each part draws
// itself from the scene; this file only wires them.

import { get } from "./api.js";
import { Bag } from "./bag.js";
import { Bar } from "./bar.js";
import { setUpEncoder } from "./encoder.js";
import { Feed } from "./feed.js";
import { Phone } from "./phone.js";
import { Stage } from "./stage.js";
import { page } from "../common/words.js";
import { Channel } from "../live/channel.js";
import { Scene } from "../live/fold.js";

const { broadcast } = page.data;
const scene = new Scene();
const channel = new Channel(broadcast);
const send = (type, fields) => channel.ask({ type, ...fields });

const bar = new Bar(broadcast);
const phone = new Phone(document.querySelector("[data-phone-panel]"), broadcast);
const stage = new Stage(broadcast, phone);
const bag = new Bag(
  document.querySelector("[data-bag]"),
  document.querySelector("[data-pin-row]"),
  send,
);
const feed = new Feed(document.querySelector("[data-feed]"), send);
const encoder = document.querySelector("[data-encoder]");
setUpEncoder(encoder, broadcast);

let frame = null;
let isResumed = false;

function draw() {
  frame = null;
  const { state } = scene.broadcast;
  bar.draw(scene);
  bag.draw(scene);
  feed.draw(scene);
  phone.follow(state);
  stage.follow(state);
  if (state === "ended") {
    encoder.hidden = true;
    document.querySelector("[data-add-offer]").hidden = true;
  }
  if (isResumed) return;
  isResumed = true;
  phone.resume();
}

function drawSoon() {
  frame ??= requestAnimationFrame(draw);
  // A page in the background gets no frames; what matters there is that the camera stops at the end.
  if (document.hidden) {
    cancelAnimationFrame(frame);
    draw();
  }
}

channel.addEventListener("welcome", ({ detail }) => {
  scene.load(detail.snapshot);
  drawSoon();
  get("/api/v1/lots")
    .then(({ lots }) => bag.know(lots))
    .catch(() => {});
});
channel.addEventListener("events", ({ detail }) => {
  for (const event of detail.events) scene.apply(event);
  feed.hear(detail.events);
  drawSoon();
});
channel.addEventListener("state", ({ detail }) => {
  document.querySelector("[data-offline]").hidden = detail === "open";
});
stage.addEventListener("health", () => bar.drawSignal(stage.level, stage.hasPicture));
