// A guest's page: from the invitation to on air and out again. Joins camera.js, whip-publisher.js and the public
// channel, which tells whether viewers see this camera; guest-words.js has what is said.

import { api, Problem } from "../../lib/channel/api.js";
import { setUpCopy } from "../../lib/ui/copy.js";
import { detailOf, find, icon, say } from "../../lib/ui/dom.js";
import { page, t } from "../../lib/words.js";
import { Channel } from "../../lib/channel/channel.js";
import { BroadcastState } from "../../lib/state/broadcast-state.js";
import { WhepPlayer } from "../../lib/media/whep-player.js";
import { ScreenWakeLock } from "../../lib/media/wake-lock.js";
import { Camera, isAllowed, lacking, Refusal } from "../../lib/media/camera.js";
import { standingWords } from "./guest-words.js";
import { refusalWords } from "../../lib/media/camera-errors.js";
import { together } from "../../lib/format/staff-sentences.js";
import { WhipPublisher } from "../../lib/media/whip-publisher.js";

/** So long a held-back track may stay so before a new one is asked for. */
const HELD_MS = 2_000;
const PLACE = `farmlive.guest.${page.data.token.slice(0, 8)}`;

const root = find(document, "[data-guest]");
/** @param {string} name */
const part = (name) => find(root, `[data-${name}]`);
/** @param {string} name */
const button = (name) => find(root, `[data-act="${name}"]`, HTMLButtonElement);
const own = find(root, "[data-own]", HTMLVideoElement);
const programVideo = find(root, "[data-program-video]", HTMLVideoElement);

/** Nothing to be done here: the link has to go into another browser. */
const lack = lacking();
const camera = new Camera("user");
const awake = new ScreenWakeLock();
const publisher = new WhipPublisher(mint);
const channel = new Channel(page.data.broadcast);
const program = new WhepPlayer(programVideo, page.data.broadcast);
const scene = new BroadcastState();

/** @typedef {import("../../lib/media/whip-publisher.js").StreamCredentials} StreamCredentials */

/**
 * `over`: the link works no more; `replaced`: another device came in by it; `left`: by the button.
 * @type {string | null}
 */
let end = null;
/** @type {string | null} why there is no camera */
let refusal = lack;
/** @type {StreamCredentials | null} */
let credentials = null;
let isBusy = false;
let wasElsewhere = false;

own.muted = true;
programVideo.muted = true;

/** @param {unknown} error */
const reasonOf = (error) => (error instanceof Refusal ? error.reason : "unknown");

/**
 * Raises a Problem that ends the visit where the link is over or another device has it.
 * @param {boolean} fresh
 * @returns {Promise<StreamCredentials>}
 */
async function mint(fresh) {
  if (credentials !== null && !fresh) return credentials;
  // The key worked and works no more: the host ended the link, or whoever opened it last has it.
  if (credentials !== null) {
    const { status } = await fetch(location.pathname, { method: "HEAD" });
    if (status < 400) throw new Problem({ type: "/problems/replaced", status: 409 });
    if (status < 500) throw new Problem({ type: "/problems/guest-over", status: 410 });
  }
  /** @type {import("../../lib/state/api").GuestKey} */
  const made = await api("POST", `/api/v1/guests/${page.data.token}/stream-key`);
  credentials = { key: made.key, source: made.source, label: made.label, whip_url: made.whip };
  return credentials;
}

function standing() {
  if (scene.broadcast?.state === "ended") return "ended";
  if (end) return end;
  if (publisher.isOn) {
    if (publisher.state !== "live" && publisher.isBlocked) return "blocked";
    if (publisher.state === "reconnecting") return "lost";
    if (publisher.state === "connecting") return "connecting";
    if (!camera.isOpen) return "taken";
    const isShown = scene.source?.id === publisher.source && !scene.paused;
    return isShown && scene.broadcast?.state === "live" ? "air" : "waiting";
  }
  if (camera.isOpen) return "preview";
  if (isBusy) return "opening";
  return refusal && !lack ? "barred" : "intro";
}

async function open() {
  if (isBusy) return;
  isBusy = true;
  refusal = null;
  if (end !== "over") end = null;
  draw();
  try {
    await camera.open();
    button("turn").dataset.possible = String(await camera.canTurn());
  } catch (error) {
    refusal = reasonOf(error);
  }
  isBusy = false;
  if (camera.isOpen && publisher.isOn) await publisher.replaceTracks(camera.stream);
  draw();
}

function enter() {
  if (!camera.isOpen) return;
  // Pressed on purpose: what another device holds is taken over.
  if (end) credentials = null;
  end = null;
  sessionStorage.setItem(PLACE, "in");
  awake.on();
  publisher.start(camera.stream);
}

/** @param {string} how */
function leave(how) {
  end = how;
  sessionStorage.removeItem(PLACE);
  awake.off();
  publisher.stop({ isGone: how !== "left" });
  camera.close();
  draw();
}

async function turn() {
  if (isBusy) return;
  isBusy = true;
  refusal = null;
  try {
    await camera.turn();
    if (publisher.isOn) await publisher.replaceTracks(camera.stream);
  } catch (error) {
    refusal = reasonOf(error);
  }
  isBusy = false;
  draw();
}

/** After a call or a locked screen the tracks may be dead or held back: ask for new ones. */
function takeUpAgain() {
  if (document.hidden || !publisher.isOn || (camera.isOpen && !camera.isHeld)) return;
  open();
}

/** @param {boolean} on */
function hear(on) {
  programVideo.muted = !on;
  part("hear").setAttribute("aria-pressed", String(on));
  part("hear").replaceChildren(icon(on ? "sound" : "muted"));
}

/**
 * What viewers see, small, while one waits: not while it is the own picture, which would echo.
 * @param {string} now
 */
function drawProgram(now) {
  const isWanted = now === "waiting" && scene.broadcast?.state === "live" && scene.source !== null;
  if (isWanted) program.start();
  else if (program.wanted) program.stop();
  if (now === "air" && !programVideo.muted) hear(false);
  part("program").hidden = !isWanted || program.state !== "playing";
}

function troubles() {
  const lines = [];
  if (refusal) lines.push(refusalWords(refusal));
  if (camera.isOpen && camera.silent) {
    lines.push(
      t("There is no sound: allow the microphone next to the address, then leave and join again."),
    );
  }
  if (camera.isMuted) lines.push(t("Your microphone is off: nobody hears you."));
  if (publisher.isOn && !ScreenWakeLock.isSupported) {
    lines.push(t("Keep the screen on yourself: this browser can't do it."));
  }
  return lines;
}

function draw() {
  const now = standing();
  const isOpen = camera.isOpen;
  if (own.srcObject !== camera.stream && isOpen) own.srcObject = camera.stream;
  if (isOpen) own.play().catch(() => {});
  root.dataset.standing = now;
  part("picture").classList.toggle("guest__picture--mirror", camera.isMirror);
  own.hidden = !isOpen;
  part("drawing").hidden = isOpen;
  part("air").hidden = now !== "air" && now !== "waiting";
  say(part("air"), now === "air" ? t("You are on air") : t("Not on air yet"));
  // The invitation's own words stand until something happens.
  wasElsewhere = wasElsewhere || now !== "intro";
  if (wasElsewhere) {
    const { title, words } = standingWords(now, scene.broadcast?.state, page.data.guest);
    say(part("title"), title);
    say(part("words"), words);
  }
  part("ways").hidden = now !== "intro" || lack !== null;
  const isClosed = now === "over" || now === "ended";
  button("open").hidden = isOpen || isClosed || lack !== null;
  // By its http address it would be of no use elsewhere either.
  const isOfUse = !isClosed && lack !== null && lack !== "insecure";
  button("copy").hidden = !isOfUse;
  part("link").hidden = !isOfUse;
  say(part("link"), lack ? location.href : "");
  if (isBusy) button("open").setAttribute("aria-busy", "true");
  else button("open").removeAttribute("aria-busy");
  button("enter").hidden = !isOpen || publisher.isOn || isClosed;
  const { isMuted } = camera;
  button("turn").hidden = !isOpen || button("turn").dataset.possible !== "true";
  button("mute").hidden = !isOpen || !camera.hasSound;
  part("pair").hidden = button("turn").hidden && button("mute").hidden;
  button("mute").setAttribute("aria-pressed", String(isMuted));
  say(button("mute"), isMuted ? t("Microphone on") : t("Microphone off"));
  button("leave").hidden = !publisher.isOn;
  const lines = troubles();
  say(find(part("trouble"), "p"), together(lines));
  part("trouble").hidden = lines.length === 0;
  drawProgram(now);
}

/**
 * The server did not let this camera in.
 * @param {import("../../lib/channel/api.js").ProblemBody} problem
 */
function refused({ type = "", status }) {
  const slug = type.replace(/^.*\//, "");
  if (slug === "replaced") leave("replaced");
  else if (status === 410 || status === 404) leave(slug === "broadcast-ended" ? "ended" : "over");
  else leave("refused");
}

/** @type {Record<string, () => unknown>} */
const jobs = { open, enter, turn, mute: () => camera.mute(), leave: () => leave("left") };
for (const [name, job] of Object.entries(jobs)) {
  button(name).addEventListener("click", () => job());
}
setUpCopy(button("copy"), () => location.href, part("link"));
part("hear").addEventListener("click", () => hear(programVideo.muted));
publisher.addEventListener("state", () => {
  if (publisher.state === "refused") refused(publisher.problem ?? {});
  else draw();
});
camera.addEventListener("change", draw);
camera.addEventListener("returned", draw);
camera.addEventListener("lost", () => {
  draw();
  if (!camera.isOpen) takeUpAgain();
  else setTimeout(takeUpAgain, HELD_MS);
});
document.addEventListener("visibilitychange", takeUpAgain);
program.addEventListener("state", draw);
channel.addEventListener("welcome", (event) => {
  scene.load(detailOf(event).snapshot);
  draw();
});
channel.addEventListener("events", (frame) => {
  for (const event of detailOf(frame).events) scene.apply(event);
  if (scene.broadcast?.state === "ended" && (publisher.isOn || camera.isOpen)) leave("ended");
  draw();
});

/** After a reload the visit goes on by itself where the camera's permission stands. */
async function resume() {
  if (lack || sessionStorage.getItem(PLACE) === null || !(await isAllowed())) return;
  await open();
  enter();
}

button("open").disabled = false; // until here a press would be lost
draw();
resume();
