// What the console tells the server by the live channel. What must not happen twice goes with a key, and
// again with the same one where no answer came, until it is known what became of it.

import { Backoff, retryUntilAnswered } from "../../lib/channel/retry.js";
import { Problem } from "../../lib/channel/api.js";
import { toast } from "../../lib/ui/toast.js";
import { t } from "../../lib/words.js";
import { newKey } from "../../lib/channel/pending-requests.js";

const KEYED = new Set(["offer.release", "offer.correct", "flash.plan"]);
/** So long after the tap it is sent again by itself: nobody expects it hours later. */
const LONGEST = 10 * 60_000;
/** A server that hangs has what was sent, and does it once it goes on: so long its answer is waited for. */
const HANGS = 60_000;

const tellLost = () =>
  toast(t("No answer yet. It is sent again automatically and done only once."));

/**
 * `send(type, fields, onLost)` of the channel; `onLost` is called once where no answer came at first,
 * `follow` gets the promise of each answer.
 * Rejects with a Problem; "offline" where nothing was sent, "save-unknown" where it was not answered for
 * long. While it is lost, the same once more is no second one.
 * @param {import("../../lib/channel/channel.js").Channel} channel
 * @param {(answer: Promise<unknown>) => Promise<unknown>} follow
 * @returns {import("./types").Send}
 */
export function sender(channel, follow) {
  /** @type {Map<string, Promise<unknown>>} what is sent again, by its text */
  const lost = new Map();
  return (type, fields, onLost = tellLost) => {
    const message = { type, ...fields };
    const text = JSON.stringify(message);
    const known = lost.get(text);
    if (known) return known;
    if (!KEYED.has(type) || channel.state !== "open") return follow(channel.ask(message, HANGS));
    const began = Date.now();
    const pauses = new Backoff();
    const hurry = () => channel.state === "open" && pauses.hurry();
    /** @param {Problem} problem */
    const again = (problem) => {
      if (channel.state === "refused") throw problem;
      if (Date.now() - began > LONGEST)
        throw new Problem({ type: "/problems/save-unknown", status: 503 });
      if (lost.has(text)) return;
      lost.set(text, asked);
      onLost();
    };
    const keyed = { ...message, key: newKey() };
    /** @type {Promise<unknown>} */
    const asked = retryUntilAnswered(() => channel.ask(keyed), again, pauses).finally(() => {
      lost.delete(text);
      channel.removeEventListener("state", hurry);
    });
    channel.addEventListener("state", hurry);
    return follow(asked);
  };
}
