// The live page: builds its parts once and tells them when the broadcast changes.

import { say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { page, t, text } from "../../lib/words.js";
import { Bag } from "./offers/bag.js";
import { OwnOrders } from "./buying/own-orders.js";
import { Basket } from "./buying/basket.js";
import { Buying } from "./buying/buy.js";
import { PinnedCard } from "./offers/card.js";
import { Channel } from "../../lib/channel/channel.js";
import { Answer } from "./stage/answer.js";
import { Chat } from "./stage/chat.js";
import { BroadcastState } from "../../lib/state/broadcast-state.js";
import { Hearts } from "./stage/hearts.js";
import { HoldBar } from "./buying/hold-bar.js";
import { OfferDetails } from "./offers/offer-details.js";
import { Ordering } from "./buying/ordering.js";
import { openOrigin, refreshOrigin } from "./offers/origin-sheet.js";
import { Placeholder, placeholderOf } from "./stage/placeholder.js";
import { Bought } from "./stage/just-bought.js";
import { PictureFit } from "./stage/picture-fit.js";
import { QualityChoice, rememberedChoice } from "./stage/quality-choice.js";
import { deliveryWords, QualityNotice } from "./stage/quality-notice.js";
import { WaitlistView } from "./offers/waitlist-view.js";
import { Waitlist } from "./offers/waitlist.js";
import { TransportNotice } from "./stage/transport-notice.js";
import { WhepPlayer } from "../../lib/media/whep-player.js";

const at = (id) => document.getElementById(id);
const { broadcast, centres } = page.data;

const scene = new BroadcastState();
scene.broadcast = broadcast;
const video = at("video");
const channel = new Channel(broadcast.id);
const player = new WhepPlayer(video, broadcast.id, { choice: rememberedChoice() });
const act = {
  // `price` is the one that was seen; a tap that came by the offer's own sheet was counted there.
  buy: (offer, { price, counted = false } = {}) => {
    closeSheets();
    if (!counted) channel.tell({ type: "card.open", offer });
    buying.begin(offer, price);
  },
  wait: (offer, quantity) => waiting.join(offer, quantity),
  leave: (offer) => waiting.leave(offer),
  openBag: () => open(at("bag-sheet")),
  look: (offer) => {
    closeSheets();
    look.show(offer);
  },
  origin: (lot) => {
    closeSheets();
    openOrigin(at("origin-sheet"), lot);
  },
};
const basket = new Basket(broadcast.id, channel, scene);
const ordering = new Ordering(broadcast.id, channel, scene, basket);
const buying = new Buying(at("buy-sheet"), { basket, ordering, scene, centres }, act);
const waits = new Waitlist(broadcast.id, channel);
const begin = () => {
  waiting.read();
  if (!at("buy-sheet").open) closeSheets();
  buying.begin(null);
};
const waiting = new WaitlistView({ waits, basket, scene, begin });
const look = new OfferDetails(at("look-sheet"), { scene, channel, waits }, act);
const kept = new HoldBar(at("kept"), basket, begin);
const card = new PinnedCard(at("card"), at("card-told"), act, waits);
const bag = new Bag([at("bag-list"), at("bag-sheet-list")], at("bag-count"), act, waits);
const ownOrders = new OwnOrders([at("bag-orders"), at("bag-sheet-orders")]);
const chat = new Chat(at("chat"), at("say"), at("name-sheet"), channel);
const answer = new Answer(at("answer"));
const hearts = new Hearts(at("heart"), at("main"), at("sky"), channel);
const slate = new Placeholder(at("slate"), {
  again: () => player.restart(),
  play: () => player.play(),
  picture: () => quality.choose("auto"),
});
const quality = new QualityChoice(at("quality"), at("quality-sheet"), player);
const lessNote = new QualityNotice(at("less"), at("less-told"));
const wayNote = new TransportNotice(at("way"));
const bought = new Bought(at("bought"));
new PictureFit(video, at("full"));

const TICK = 250; // how soon a countdown's next second is drawn

let known = false;

/** The player's state; `other` where its browser can't play what is on air, and could another; `sound`
    and `unseen` where only sound comes, by the viewer's choice and by its link. */
function picture() {
  if (player.state !== "playing") return player.state;
  if (!player.plays(scene.source?.codec)) return "other";
  if (player.choice === "sound_only") return "sound";
  if (player.isAwaiting) return "coming";
  return lessNote.shown?.gets === "sound" ? "unseen" : "playing";
}

function closeSheets() {
  for (const sheet of document.querySelectorAll("dialog[open]")) close(sheet);
}

/** What is on offer; flash batches change it with the clock too. */
function renderOffers() {
  const buyable = scene.broadcast.state === "live" && channel.state !== "refused";
  card.render(scene.card, buyable);
  bag.render(scene, buyable, known);
  look.render(buyable);
}

function render() {
  const state = scene.broadcast.state;
  const live = state === "live";
  const buyable = live && channel.state !== "refused";
  document.body.dataset.state = state;
  document.body.dataset.link = channel.state;
  at("live-badge").hidden = !live;
  say(at("viewers"), count(scene.audience.viewers));
  // Said once: people of the demo need no mark on each line.
  if (scene.chat.some(({ simulated }) => simulated)) at("simulated").hidden = false;
  at("viewers-line").hidden = !live;
  at("offline").hidden = channel.state !== "waiting" || !known;
  renderOffers();
  ownOrders.render(scene);
  basket.sync();
  ordering.sync();
  buying.render(buyable);
  chat.render(scene);
  answer.render(scene);
  hearts.render(scene);
  slate.render(placeholderOf(scene, picture(), channel.state, player.missing));
  const lot = (scene.card ?? scene.offers.values().next().value)?.lot;
  at("farm").hidden = !lot;
  if (lot) {
    say(at("farm-name"), text(lot.farm.name));
    say(at("farm-place"), ` · ${text(lot.farm.place)}`);
  }
  at("farm").onclick = () => lot && act.origin(lot);
  at("sound").hidden = player.state !== "playing";
  quality.render(live && player.state !== "unsupported", deliveryWords(lessNote.shown));
  if (live) player.start();
  else if (state === "ended" && player.wanted) player.stop();
}

channel.addEventListener("welcome", ({ detail }) => {
  known = true;
  scene.load(detail.snapshot);
  chat.welcome(detail.you);
  chat.reset(scene);
  hearts.reset(scene);
  if (detail.you.role) buying.signedIn();
  render();
  waits.welcome();
});
channel.addEventListener("events", ({ detail }) => {
  if (detail.you?.role) buying.signedIn();
  for (const event of detail.events) {
    scene.apply(event);
    waits.apply(event);
    if (event.kind === "order.held" && event.data.corrected) basket.corrected(event.data);
  }
  chat.hear(detail.events);
  bought.hear(detail.events);
  for (const { kind, data } of detail.events) if (kind === "clock.moved") basket.moved(data.by);
  if (detail.events.some(({ kind }) => kind === "source.switched")) player.another();
  const stops = detail.events.filter(({ kind }) => ["lot.stopped", "lot.resumed"].includes(kind));
  for (const { data } of stops) refreshOrigin(at("origin-sheet"), data.lot);
  render();
});
channel.addEventListener("state", () => {
  render();
  player.soon();
});
waits.addEventListener("change", renderOffers);
basket.addEventListener("stopped", renderOffers);
ordering.addEventListener("asking", () => kept.render());
ordering.addEventListener("placed", () => ownOrders.render(scene));
setInterval(() => {
  if ([...scene.offers.values()].some(({ flash }) => flash)) renderOffers();
}, TICK);
player.addEventListener("state", render);
player.addEventListener("way", () => wayNote.show(player.way));
player.addEventListener("delivery", () => lessNote.take(player.delivery));
lessNote.addEventListener("change", render);
quality.addEventListener("change", () => lessNote.take(null));
at("less").addEventListener("click", () => quality.open());

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
ordering.resume();
