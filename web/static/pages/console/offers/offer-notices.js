// What is told and asked beside an offer, in its row and in the dock's hand: a sentence with its acts,
// one a subject. Nothing waits for it: all else on the page goes on.

import { el, find, findAll, icon, say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";

/** @typedef {import("../types").Note} Note */

/**
 * Draws notes `{key, words, icon, kind, acts: [{words, run, name}], close}` into a place; `close` is
 * called by a cross. The element of a note stays while its key does, so that neither focus nor a
 * finger loses a button.
 * @param {HTMLElement} place
 * @param {Note[]} notes
 */
export function drawNotes(place, notes) {
  const known = new Map(
    findAll(place, ":scope > [data-note]").map((item) => [item.dataset.note, item]),
  );
  notes.forEach((note, index) => {
    let item = known.get(note.key);
    known.delete(note.key);
    if (!item) {
      item = el(
        "div",
        { "data-note": note.key },
        icon(note.icon, true),
        el("p", { class: "note__words", role: "status" }),
        el("button", { class: "note__close", type: "button" }, icon("close", true)),
        el("div", { class: "note__acts" }),
      );
    }
    item.className = note.kind ? `note note--${note.kind}` : "note";
    if (place.children[index] !== item) place.insertBefore(item, place.children[index] ?? null);
    say(find(item, ".note__words"), note.words);
    const cross = find(item, ".note__close");
    cross.hidden = !note.close;
    cross.onclick = note.close ?? null;
    cross.setAttribute("aria-label", [t("Close"), note.words].join(": "));
    drawActs(find(item, ".note__acts"), note.acts);
  });
  for (const item of known.values()) item.remove();
  place.hidden = notes.length === 0;
}

/**
 * @param {HTMLElement} place
 * @param {import("../types").NoteAct[]} acts
 */
function drawActs(place, acts) {
  const buttons = findAll(place, "button");
  const isSame =
    buttons.length === acts.length &&
    acts.every(({ words }, index) => buttons[index].textContent === words);
  // The button stays, and does what it says of now.
  acts.forEach((act, index) => {
    if (isSame) buttons[index].onclick = act.run;
  });
  if (isSame) return;
  const hadFocus = place.contains(document.activeElement);
  place.replaceChildren(
    ...acts.map(({ words, run, name }) => {
      const button = el(
        "button",
        { class: "button", type: "button", "aria-label": name ? `${words}: ${name}` : null },
        words,
      );
      button.onclick = run;
      return button;
    }),
  );
  place.hidden = acts.length === 0;
  // Who asked by the keyboard answers by it.
  if (hadFocus) findAll(place, "button")[0]?.focus({ preventScroll: true });
}

/** The notes of every offer, kept until they are dropped; event `change` when there is another. */
export class OfferNotices extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Map<string, Note>>} by offer, and by key */
    this._notes = new Map();
    /** @type {Map<string, number>} by offer and key */
    this._timers = new Map();
  }

  /**
   * Puts a note in place of the offer's one of that key; `seconds` takes it away by itself. Who says
   * the same again changes nothing, and lengthens no time.
   * @param {string} offer
   * @param {string} key
   * @param {Omit<Note, "key" | "acts"> & { acts?: Note["acts"] }} note
   * @param {{ seconds?: number }} [options]
   */
  put(offer, key, note, { seconds = 0 } = {}) {
    const notes = this._notes.get(offer) ?? new Map();
    this._notes.set(offer, notes);
    const before = notes.get(key);
    const after = { acts: [], ...note, key };
    notes.set(key, after);
    if (before && JSON.stringify(before) === JSON.stringify(after)) return;
    const timer = `${offer} ${key}`;
    clearTimeout(this._timers.get(timer));
    if (seconds)
      this._timers.set(
        timer,
        setTimeout(() => this.drop(offer, key), seconds * 1_000),
      );
    this.dispatchEvent(new Event("change"));
  }

  /**
   * @param {string} offer
   * @param {string} key
   */
  drop(offer, key) {
    if (this._notes.get(offer)?.delete(key)) this.dispatchEvent(new Event("change"));
  }

  /** @param {string} offer */
  of(offer) {
    return [...(this._notes.get(offer)?.values() ?? [])];
  }
}
