// What the picture and the channel need, and nothing else: the page runs this before the rest of its
// scripts is there, so that both are under way by then.

import { Channel } from "../../lib/channel/channel.js";
import { WhepPlayer } from "../../lib/media/whep-player.js";
import { recall } from "../../lib/state/device-memory.js";
import { page } from "../../lib/words.js";

const CHOICES = ["auto", "save_data", "sound_only"];

/** The viewer's choice of the stream to begin with: "save data" where the browser itself saves data. */
function rememberedChoice() {
  const kept = recall("delivery");
  if (CHOICES.includes(kept)) return kept;
  /** @type {Navigator & { connection?: { saveData?: boolean } }} not in every browser */
  const { connection } = navigator;
  const isSaving = recall("thrift") ?? connection?.saveData ?? false;
  return isSaving === true ? "save_data" : "auto";
}

/** @type {import("./types").LiveData} */
const { broadcast } = page.data;
export const video = /** @type {HTMLVideoElement} */ (document.getElementById("video"));
export const player = new WhepPlayer(video, broadcast.id, { choice: rememberedChoice() });
if (broadcast.state === "live") player.start();
export const channel = new Channel(broadcast.id);

/** @type {Event[]} */
const early = [];
const keep = (/** @type {Event} */ event) => early.push(event);
const KINDS = ["welcome", "events"];
for (const kind of KINDS) channel.addEventListener(kind, keep);

/** Listen to the channel's frames, those too that came before anyone listened.
    @param {Record<string, (event: CustomEvent) => void>} listeners by the event's type */
export function hear(listeners) {
  for (const kind of KINDS) channel.removeEventListener(kind, keep);
  for (const event of early.splice(0)) listeners[event.type](/** @type {CustomEvent} */ (event));
  for (const [kind, listener] of Object.entries(listeners)) {
    channel.addEventListener(kind, /** @type {EventListener} */ (listener));
  }
}
