// The live page: builds its parts once and tells them when the broadcast changes.

import { say } from "../common/dom.js";
import { count } from "../common/format.js";
import { close, open } from "../common/sheet.js";
import { toast } from "../common/toast.js";
import { page, t, text } from "../common/words.js";
import { Bag, renderOrders } from "./bag.js";
import { Buying } from "./buy.js";
import { PinnedCard } from "./card.js";
import { Channel } from "./channel.js";
import { Chat } from "./chat.js";
import { Scene } from "./fold.js";
import { Hearts } from "./hearts.js";
import { openOrigin } from "./origin.js";
import { Slate, slateOf } from "./slate.js";
import { Surround } from "./surround.js";
import { Player } from "./whep.js";

const at = (id) => document.getElementById(id);
const { broadcast, centres } = page.data;

const scene = new Scene();
scene.broadcast = broadcast;
const video = at("video");
const channel = new Channel(broadcast.id);
const player = new Player(video, broadcast.id);
const act = {
  buy: (offer) => {
    close(at("bag-sheet"));
    buying.begin(offer);
  },
  origin: (lot) => {
    close(at("bag-sheet"));
    openOrigin(at("origin-sheet"), lot);
  },
};
const buying = new Buying(at("buy-sheet"), { broadcast: broadcast.id, scene, channel, centres });
const card = new PinnedCard(at("card"), at("card-told"), act);
const bag = new Bag([at("bag-list"), at("bag-sheet-list")], at("bag-count"), act);
const chat = new Chat(at("chat"), at("say"), at("name-sheet"), channel);
const hearts = new Hearts(at("heart"), at("main"), at("sky"), channel);
const slate = new Slate(at("slate"), { again: () => player.restart(), play: () => player.play() });
new Surround(video, at("surround"));

let known = false;

function render() {
  const state = scene.broadcast.state;
  const live = state === "live";
  const buyable = live && channel.state !== "refused";
  channel.live = live;
  document.body.dataset.state = state;
  document.body.dataset.link = channel.state;
  at("live-badge").hidden = !live;
  say(at("viewers"), count(scene.audience.viewers));
  at("viewers-line").hidden = !live;
  at("offline").hidden = channel.state !== "waiting" || !known;
  card.render(scene.card, buyable);
  bag.render(scene, buyable);
  renderOrders(at("bag-orders"), scene);
  renderOrders(at("bag-sheet-orders"), scene);
  buying.render(buyable);
  chat.render(scene);
  hearts.render(scene);
  slate.render(slateOf(scene, player.state, channel.state));
  const lot = (scene.card ?? scene.offers.values().next().value)?.lot;
  at("farm").hidden = !lot;
  if (lot) say(at("farm-name"), `${text(lot.farm.name)} · ${text(lot.farm.place)}`);
  at("farm").onclick = () => lot && act.origin(lot);
  at("sound").hidden = player.state !== "playing";
  if (live) player.start();
  else if (state === "ended" && player.wanted) player.stop();
}

channel.addEventListener("welcome", ({ detail }) => {
  known = true;
  scene.load(detail.snapshot);
  chat.welcome(detail.you);
  render();
});
channel.addEventListener("events", ({ detail }) => {
  for (const event of detail.events) scene.apply(event);
  render();
});
channel.addEventListener("state", render);
player.addEventListener("state", render);

// Sound: off at first, one tap away; the button then stays as a small switch.
function showSound() {
  const button = at("sound");
  button.dataset.on = String(!video.muted);
  say(at("sound-words"), video.muted ? t("Tap for sound") : t("Sound is on"));
  button.setAttribute("aria-pressed", String(!video.muted));
}
at("sound").addEventListener("click", () => {
  video.muted = !video.muted;
  player.play();
  showSound();
});
video.addEventListener("volumechange", showSound);
showSound();

at("bag-open").addEventListener("click", () => open(at("bag-sheet")));
at("share").addEventListener("click", async () => {
  const url = new URL(location.pathname, location.href).href;
  if (navigator.share) {
    await navigator.share({ title: document.title, url }).catch(() => {});
    return;
  }
  try {
    await navigator.clipboard.writeText(url);
    toast(t("The link is copied."));
  } catch {
    toast(url);
  }
});
for (const button of document.querySelectorAll("[data-close-sheet]")) {
  button.addEventListener("click", () => close(button.closest("dialog")));
}

render();
