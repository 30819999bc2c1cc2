// The live page: builds its parts once and tells them when the broadcast changes.

import { el, find, findAll, findDialog, say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { loadWords, page, t, text } from "../../lib/words.js";
import { PinnedCard } from "./offers/card.js";
import { channel, hear, player, video } from "./first.js";
import { Chat } from "./stage/chat.js";
import { BroadcastState } from "../../lib/state/broadcast-state.js";
import { PictureFit } from "./stage/picture-fit.js";

/** @type {import("./types").LiveData} */
const { broadcast, centres, rest } = page.data;
/** @param {string} id */
const at = (id) => find(document, `#${id}`);

const scene = new BroadcastState();
scene.broadcast = broadcast;

// What comes later (loadRest): all to buy by, the words in the picture's place and on the stream's
// quality, hearts, and who bought.
/** @type {import("./shop.js").Shop | null} */
let shop = null;
/** @type {import("./stage/placeholder.js").Placeholder | null} */
let slate = null;
/** @type {import("./stage/quality.js").Quality | null} */
let quality = null;
/** @type {import("./stage/hearts.js").Hearts | null} */
let hearts = null;
/** @type {import("./stage/just-bought.js").Bought | null} */
let bought = null;
/** @type {import("./stage/answer.js").Answer | null} */
let answer = null;
/** @type {Promise<void> | null} */
let loading = null;
let isSignedIn = false;

const NO_WAITS = { of: () => null };
/**
 * What taps on the card do; the first one may have to wait for the shop.
 * @type {import("./types").OfferActs}
 */
const act = {
  buy: (offer, options) => withRest(() => shop?.act.buy(offer, options)),
  wait: (offer, quantity) => withRest(() => shop?.act.wait(offer, quantity)),
  leave: (offer) => withRest(() => shop?.act.leave(offer)),
  look: (offer) => withRest(() => shop?.act.look(offer)),
  origin: (lot) => withRest(() => shop?.act.origin(lot)),
};
const card = new PinnedCard(at("card"), at("card-told"), act, NO_WAITS);
const chat = new Chat(
  at("chat"),
  find(document, "#say", HTMLFormElement),
  findDialog(document, "#name-sheet"),
  channel,
);
new PictureFit(video, at("full"));

const TICK = 250; // how soon a countdown's next second is drawn
const PICTURE_WITHIN = 3_000; // the rest waits so long for the first picture
const IDLE_WITHIN = 1_000;

let known = false;

/** The player's state; `other` where its browser can't play what is on air, and could another; `sound`
    and `unseen` where only sound comes, by the viewer's choice and by its link. */
function picture() {
  if (player.state !== "playing") return player.state;
  if (!player.plays(scene.source?.codec)) return "other";
  if (player.choice === "sound_only") return "sound";
  if (player.isAwaiting) return "coming";
  return quality?.isSoundOnly ? "unseen" : "playing";
}

/** What is on offer; flash batches change it with the clock too. */
function renderOffers() {
  const buyable = scene.broadcast?.state === "live" && channel.state !== "refused";
  card.render(scene.card, buyable);
  shop?.renderOffers(buyable, known);
}

/** What stands in the picture's place: until the rest is there, what the page came with, or nothing. A
    server that is gone can't send the rest, so that this is said without it. */
function renderSlate() {
  const state = picture();
  if (slate) {
    slate.render(scene, state, channel.refusal, player.missing);
  } else if (state === "playing" && !scene.paused) {
    at("slate").hidden = true;
    document.body.dataset.slate = "none";
  } else if (state === "lost") {
    say(find(at("slate"), ".slate__title"), t("Connecting again…"));
    at("slate").hidden = false;
    document.body.dataset.slate = "whole";
  }
}

/** The chat, which may come many times a second; the rest need not be drawn again for it. */
function renderChat() {
  // Said once: people of the demo need no mark on each line.
  if (at("simulated").hidden && scene.chat.some(({ simulated }) => simulated))
    at("simulated").hidden = false;
  chat.render(scene);
}

let frame = 0;
let isMore = false; // whether anything but the chat has changed since the last frame

/**
 * Draw in the next frame all that has come until then.
 * @param {boolean} isChatAlone
 */
function renderSoon(isChatAlone) {
  isMore = isMore || !isChatAlone;
  // A page in the background gets no frames; what matters there is that the picture stops at the end.
  if (document.hidden) renderNow();
  else if (!frame) frame = requestAnimationFrame(renderNow);
}

function renderNow() {
  cancelAnimationFrame(frame);
  frame = 0;
  if (isMore) render();
  else renderChat();
}
document.addEventListener("visibilitychange", () => {
  if (frame) renderNow();
});

function render() {
  isMore = false;
  const { state } = scene.broadcast ?? broadcast;
  const live = state === "live";
  const buyable = live && channel.state !== "refused";
  document.body.dataset.state = state;
  document.body.dataset.link = channel.state;
  at("live-badge").hidden = !live;
  say(at("viewers"), count(scene.audience.viewers));
  at("viewers-line").hidden = !live;
  at("offline").hidden = channel.state !== "waiting" || !known;
  renderOffers();
  shop?.render(buyable);
  renderChat();
  answer?.render(scene);
  hearts?.render(scene);
  renderSlate();
  const lot = (scene.card ?? scene.offers.values().next().value)?.lot;
  at("farm").hidden = !lot;
  if (lot) {
    say(at("farm-name"), text(lot.farm.name));
    say(at("farm-place"), ` · ${text(lot.farm.place)}`);
  }
  at("farm").onclick = () => lot && act.origin(lot);
  at("sound").hidden = player.state !== "playing";
  quality?.render(live && player.state !== "unsupported");
  if (live) player.start();
  else if (state === "ended" && player.wanted) player.stop();
}

/** The scripts of the rest, once its words are there, which they may say as they begin. */
async function importRest() {
  await loadWords();
  return Promise.all([
    import("./shop.js"),
    import("./stage/quality.js"),
    import("./stage/hearts.js"),
    import("./stage/just-bought.js"),
    import("./stage/answer.js"),
    import("./stage/placeholder.js"),
    import("../../lib/ui/page.js"),
  ]);
}

/** Load what the picture, the card and the chat do without, once; resolves when it is there. */
function loadRest() {
  if (!loading) {
    // Side by side: found one by one, the last would wait for as many round trips as it is deep.
    for (const href of rest) document.head.append(el("link", { rel: "modulepreload", href }));
    loading = importRest().then(
      ([{ Shop }, { Quality }, { Hearts }, { Bought }, { Answer }, { Placeholder }]) => {
        shop = new Shop({ broadcast, centres, channel, scene, draw: renderOffers });
        const look = new Quality(player, render);
        quality = look;
        hearts = new Hearts(at("heart"), at("main"), at("sky"), channel);
        at("heart").removeEventListener("click", giveEarly);
        at("main").removeEventListener("dblclick", tapEarly);
        slate = new Placeholder(at("slate"), {
          again: () => player.restart(),
          play: () => player.play(),
          picture: () => look.choice.choose("auto"),
        });
        bought = new Bought(at("bought"));
        answer = new Answer(at("answer"));
        card.waits = shop.waits;
        if (isSignedIn) shop.buying.signedIn();
        shop.ordering.resume();
        render();
        if (known) shop.waits.welcome();
      },
    );
    loading.catch(() => {
      loading = null;
    });
  }
  return loading;
}

/**
 * Do what a tap asks for, at once where the rest is there.
 * @param {() => unknown} call
 */
async function withRest(call) {
  if (!shop) {
    try {
      await loadRest();
    } catch {
      const { toast } = await import("../../lib/ui/toast.js");
      toast(t("This part of the page could not be loaded. Try again in a moment."), {
        danger: true,
      });
      return;
    }
  }
  call();
}

const giveEarly = () => withRest(() => hearts?.give());
/** @param {MouseEvent} event */
const tapEarly = (event) => withRest(() => hearts?.tap(event));
at("heart").addEventListener("click", giveEarly);
at("main").addEventListener("dblclick", tapEarly);

/** Load the rest when nothing more urgent is left to do. */
function loadRestSoon() {
  if (loading) return;
  if ("requestIdleCallback" in window)
    requestIdleCallback(() => loadRest(), { timeout: IDLE_WITHIN });
  else setTimeout(() => loadRest(), 0);
}

hear({
  welcome: ({ detail: frame }) => {
    /** @type {import("../../lib/channel/frames").Welcome} */
    const detail = frame;
    known = true;
    scene.load(detail.snapshot);
    chat.welcome(detail.you);
    chat.reset(scene);
    hearts?.reset(scene);
    signIn(detail.you);
    render();
    shop?.welcome();
    // Where the bag stands beside the picture, it is no less urgent than that.
    if (at("bag-list").offsetParent || scene.broadcast?.state !== "live") loadRestSoon();
    else setTimeout(loadRestSoon, PICTURE_WITHIN);
  },
  events: ({ detail: frame }) => {
    /** @type {import("../../lib/channel/frames").Events} */
    const detail = frame;
    signIn(detail.you);
    for (const event of detail.events) {
      scene.apply(event);
      shop?.apply(event);
    }
    chat.hear(detail.events);
    bought?.hear(detail.events);
    if (detail.events.some(({ kind }) => kind === "source.switched")) player.another();
    shop?.hear(detail.events);
    renderSoon(detail.events.every(({ kind }) => kind === "chat.said"));
  },
});

/**
 * Somebody signed in, here or in another tab.
 * @param {import("../../lib/channel/frames").You} [you] in the first frame alone
 */
function signIn(you) {
  if (!you?.role) return;
  isSignedIn = true;
  shop?.buying.signedIn();
}

channel.addEventListener("state", () => {
  render();
  if (channel.state === "refused") loadRestSoon();
  player.soon();
});
setInterval(() => {
  if ([...scene.offers.values()].some(({ flash }) => flash)) renderOffers();
}, TICK);
player.addEventListener("state", () => {
  render();
  if (player.state !== "connecting") loadRestSoon();
});

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

at("bag-open").addEventListener("click", async () => {
  withRest(() => {});
  const { open } = await import("../../lib/ui/sheet.js");
  open(findDialog(document, "#bag-sheet"));
});
at("share").addEventListener("click", async () => {
  const url = new URL(location.pathname, location.href).href;
  if (navigator.share) {
    await navigator.share({ title: document.title, url }).catch(() => {});
    return;
  }
  let words = url;
  try {
    // Before anything is loaded: a browser lets only a tap copy.
    await navigator.clipboard.writeText(url);
    words = t("Link copied.");
  } catch {
    // Nothing is copied: the link itself is shown.
  }
  const { toast } = await import("../../lib/ui/toast.js");
  toast(words);
});
for (const button of findAll(document, "[data-close-sheet]")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}

render();
if (!["connecting", "stopped"].includes(player.state)) loadRestSoon();
