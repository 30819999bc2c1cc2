// The console of one broadcast: joins the channel, the picture, the bag and the feeds. Each part draws
// itself from the scene; this file only wires them, and leaves out what a moderator does not have.

import { detailOf, find, findAll, say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { page } from "../../lib/words.js";
import { Channel } from "../../lib/channel/channel.js";
import { BroadcastState } from "../../lib/state/broadcast-state.js";
import { WhepPlayer } from "../../lib/media/whep-player.js";
import { Bag } from "./offers/bag.js";
import { BroadcastBar } from "./broadcast-bar.js";
import { Corrections } from "./offers/price-correction.js";
import { setUpEncoder } from "./cameras/encoder.js";
import { Flashes } from "./offers/flash-batches.js";
import { MispricedOrders } from "./offers/mispriced-orders.js";
import { OfferNotices } from "./offers/offer-notices.js";
import { OrderFeed } from "./order-feed.js";
import { PhoneCamera } from "./cameras/phone-camera.js";
import { Prices } from "./offers/price-sheet.js";
import { Releases } from "./offers/release.js";
import { showRushes } from "./offers/rush-notices.js";
import { sender } from "./commands.js";
import { ServerWord } from "../../lib/channel/server-word.js";
import { WaitingActs } from "../../lib/channel/waiting-acts.js";
import { followActs } from "../../lib/channel/staff-api.js";
import { PhonePanels } from "./phone.js";
import { showSignedOut } from "../../lib/channel/signed-out.js";
import { Stage } from "./cameras/stage.js";
import { Chat } from "./chat/chat.js";

/** @typedef {import("../../lib/state/events").LiveEvent} LiveEvent */

/** @type {import("./types").ConsoleData} */
const { broadcast, role } = page.data;
const runs = role !== "moderator";
const scene = new BroadcastState();
const channel = new Channel(broadcast, role, { heartbeat: true });
const acts = new WaitingActs();
followActs((answer) => acts.follow(answer));
const send = sender(channel, (answer) => acts.follow(answer));
const offers = () => scene.offers;

const panels = new PhonePanels();
const notes = new OfferNotices();
const flashes = new Flashes(runs ? send : null, scene, notes);
const deeds = runs ? hostsDeeds() : null;
const bag = new Bag(find(document, "[data-bag]"), find(document, "[data-dock]"), send, {
  flashes,
  deeds,
  notes,
});
const bar = new BroadcastBar(broadcast, () => bag.takeDown());
const feeds = find(document, "[data-feeds]");
const chat = new Chat(find(document, "[data-chat]"), send);
const orders = new OrderFeed(find(document, "[data-orders]"));
const picture = runs ? hostsPicture() : viewersPicture();

/** @type {number | null} */
let frame = null;

/** What a host does with an offer. */
function hostsDeeds() {
  const mispriced = new MispricedOrders(broadcast, scene);
  const prices = new Prices(send, offers, mispriced);
  return {
    prices,
    releases: new Releases(send, offers, notes),
    corrections: new Corrections(broadcast, send, scene, notes, prices, mispriced),
  };
}

/** The host's own camera and everyone's, with their health. */
function hostsPicture() {
  const phone = new PhoneCamera(find(document, "[data-phone-panel]"), broadcast);
  // Before the channel tells: on air a camera that is opened in that moment must not send by itself.
  phone.follow(find(document, "[data-bar]").dataset.state ?? "");
  const stage = new Stage(broadcast, phone);
  const encoder = find(document, "[data-encoder]");
  setUpEncoder(encoder, broadcast);
  stage.addEventListener("health", () => {
    bar.drawSignal(stage.level, stage.hasPicture);
    bar.drawLess(stage.less);
  });
  let isResumed = false;
  /** @param {string} state */
  const follow = (state) => {
    phone.follow(state);
    stage.follow(state);
    if (state === "ended") {
      encoder.hidden = true;
      find(document, "[data-add-offer]").hidden = true;
    }
    if (!isResumed) phone.resume();
    isResumed = true;
  };
  return { follow, hear: (/** @type {LiveEvent[]} */ events) => stage.hear(events) };
}

/** What viewers get: a moderator sees no more than they do. */
function viewersPicture() {
  const player = new WhepPlayer(
    find(document, "[data-preview-video]", HTMLVideoElement),
    broadcast,
  );
  const preview = find(document, "[data-preview]");
  const draw = () => {
    const plays = player.state === "playing";
    preview.dataset.from = plays ? "air" : "none";
    find(document, "[data-preview-empty]").hidden = plays;
  };
  player.addEventListener("state", draw);
  return {
    follow: (/** @type {string} */ state) => {
      if (state === "live") player.start();
      else if (player.wanted) player.stop();
      draw();
    },
    hear: () => {},
  };
}

/** Whether anything but the chat has changed since the last frame. */
let isMore = true;

function draw() {
  frame = null;
  chat.draw(scene);
  // A busy chat comes with each frame; the bag need not be drawn again for it.
  if (!isMore) return;
  isMore = false;
  bar.draw(scene);
  bag.draw(scene);
  orders.draw(scene);
  picture.follow(scene.broadcast?.state ?? "");
}

function drawSoon(isChatAlone = false) {
  isMore = isMore || !isChatAlone;
  if (frame === null) frame = requestAnimationFrame(draw);
  // A page in the background gets no frames; what matters there is that the camera stops at the end.
  if (document.hidden) {
    cancelAnimationFrame(frame);
    draw();
  }
}

/** Where one feed shows at a time, the way to the other counts what came in meanwhile. */
function setUpTabs() {
  const unseen = { chat: 0, orders: 0 };
  const names = /** @type {const} */ (["chat", "orders"]);
  /** @param {"chat" | "orders"} name */
  const isSeen = (name) =>
    panels.isPhone ? name === "chat" || panels.isOpen(name) : feeds.dataset.shown === name;
  const drawNew = () => {
    for (const name of names) {
      if (isSeen(name)) unseen[name] = 0;
      for (const place of document.querySelectorAll(`[data-${name}-new]`))
        say(place, unseen[name] ? count(unseen[name]) : "", true);
    }
  };
  for (const choice of findAll(feeds, "[name=feed-tab]", HTMLInputElement)) {
    choice.addEventListener("change", () => {
      feeds.dataset.shown = choice.value;
      drawNew();
      chat.follow();
    });
  }
  for (const name of names) {
    const feed = name === "chat" ? chat : orders;
    feed.addEventListener("new", () => {
      unseen[name] += 1;
      drawNew();
    });
  }
  panels.addEventListener("open", drawNew);
  panels.addEventListener("place", () => {
    drawNew();
    chat.follow();
  });
}

new ServerWord(channel, acts);
setUpTabs();
notes.addEventListener("change", () => scene.broadcast && drawSoon());
channel.addEventListener("welcome", (event) => {
  /** @type {import("../../lib/channel/frames").Welcome} */
  const detail = detailOf(event);
  scene.load(detail.snapshot);
  chat.reset(scene);
  orders.begin(detail.snapshot);
  showRushes(scene, notes);
  drawSoon();
});
channel.addEventListener("events", (frame) => {
  /** @type {import("../../lib/channel/frames").Events} */
  const detail = detailOf(frame);
  for (const event of detail.events) {
    // These know what was before by the scene, so they hear each event before it does.
    flashes.hear(event);
    deeds?.corrections.hear(event);
    scene.apply(event);
  }
  if (detail.events.some(({ kind }) => kind.startsWith("rush."))) showRushes(scene, notes);
  chat.hear(detail.events);
  picture.hear(detail.events);
  drawSoon(detail.events.every(({ kind }) => kind.startsWith("chat.")));
});
channel.addEventListener("state", () => {
  find(document, "[data-offline]").hidden = channel.state !== "waiting";
});
showSignedOut(channel);
