// What stands beside an offer in the bag: what is told and asked of it, that its lot is stopped, and how many
// boxes of it are waited for. Draws nothing.

import { count } from "../../../lib/format/format.js";
import { reasonsInWords } from "../../../lib/format/lot-stops.js";
import { n, t, text } from "../../../lib/words.js";
import { isStopped } from "../../../lib/state/broadcast-state.js";
import { releasable } from "../../../lib/state/lot-balance.js";
import { neededMore } from "./release.js";
import { together } from "../../../lib/format/staff-sentences.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../types").Note} Note */
/** @typedef {import("../types").NoteAct} NoteAct */
/**
 * What a bag's notes are made of; a moderator has no `deeds`.
 * @typedef {object} Bag
 * @property {Pick<import("../../../lib/state/broadcast-state.js").BroadcastState, "pinned" | "offers">} scene
 * @property {import("./bag.js").Deeds | null} deeds
 * @property {import("./offer-notices.js").OfferNotices} notes
 * @property {() => void} takeDown
 */

/** The keys of notes, in the order in which they stand. */
const FIRST = ["refused", "price-failed", "price", "righted", "rush", "flash"];

/**
 * That its lot is stopped, and what can still be done with it: `acts`.
 * @param {Offer} offer
 * @param {NoteAct[]} acts
 * @returns {Note}
 */
const stopNote = ({ lot }, acts) => ({
  key: "stopped",
  icon: "warning",
  kind: "red",
  words: together([
    t("Lot %(code)s is stopped.", { code: lot.code }),
    reasonsInWords(lot.stopped ?? []),
  ]),
  acts,
});

/**
 * What is told and asked of an offer, and that boxes of it are waited for; what matters most first.
 * @param {Offer} offer
 * @param {boolean} isOver
 * @param {Bag} bag
 * @returns {Note[]}
 */
export function notesOf(offer, isOver, { scene, deeds, notes: kept, takeDown }) {
  if (isStopped(offer))
    return [stopNote(offer, stopActs(offer, isOver, { scene, deeds, takeDown }))];
  if (!deeds) return [];
  const notes = kept
    .of(offer.id)
    .sort((one, other) => FIRST.indexOf(one.key) - FIRST.indexOf(other.key));
  // Orders at a wrong price are still looked at after the end, and a flash still may have been wrong;
  // nothing else can be done then.
  if (isOver)
    return notes.filter(
      ({ kind, key, acts }) => kind === "leaf" || (key === "flash" && acts.length > 0),
    );
  const waiting = offer.waiting ?? 0;
  const more = neededMore(offer, releasable(offer, scene.offers.values()));
  if (!more) return notes;
  const wanted = {
    key: "waiting",
    icon: "person",
    words: n("%(n)s box is on the waiting list.", "%(n)s boxes are on the waiting list.", waiting, {
      n: count(waiting),
    }),
    acts: [
      {
        words: t("Release %(n)s", { n: count(more) }),
        run: () => deeds.releases.release(offer.id, more),
        name: text(offer.name),
      },
    ],
  };
  const past = notes.filter(({ key }) => key === "flash");
  return [...notes.filter((note) => !past.includes(note)), wanted, ...past];
}

/**
 * @param {Offer} offer
 * @param {boolean} isOver
 * @param {Pick<Bag, "scene" | "deeds" | "takeDown">} bag
 */
function stopActs({ id, lot, name }, isOver, { scene, deeds, takeDown }) {
  /** @type {NoteAct[]} */
  const acts = [];
  if (scene.pinned === id && !isOver)
    acts.push({ words: t("Unpin"), run: takeDown, name: text(name) });
  if (deeds)
    acts.push({
      words: t("Who bought this lot"),
      run: () => window.open(`/studio/lots/${lot.id}`, "_blank"),
      name: text(name),
    });
  return acts;
}
