// What is told and asked beside an offer, in its row and in the dock's hand: a sentence with its acts,
// one a subject. Nothing waits for it: all else on the page goes on.

import { el, icon, say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";

/**
 * Draws notes `{key, words, icon, kind, acts: [{words, run, name}], close}` into a place; `close` is
 * called by a cross. The element of a note stays while its key does, so that neither focus nor a
 * finger loses a button.
 */
export function drawNotes(place, notes) {
  const known = new Map([...place.children].map((item) => [item.dataset.note, item]));
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
    say(item.querySelector(".note__words"), note.words);
    const cross = item.querySelector(".note__close");
    cross.hidden = !note.close;
    cross.onclick = note.close ?? null;
    cross.setAttribute("aria-label", [t("Close"), note.words].join(": "));
    drawActs(item.querySelector(".note__acts"), note.acts ?? []);
  });
  for (const item of known.values()) item.remove();
  place.hidden = notes.length === 0;
}

function drawActs(place, acts) {
  const isSame =
    place.children.length === acts.length &&
    acts.every(({ words }, index) => place.children[index].textContent === words);
  // The button stays, and does what it says of now.
  acts.forEach((act, index) => {
    if (isSame) place.children[index].onclick = act.run;
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
  if (hadFocus) place.firstElementChild?.focus({ preventScroll: true });
}

/** The notes of every offer, kept until they are dropped; event `change` when there is another. */
export class OfferNotices extends EventTarget {
  constructor(...all) {
    super(...all);
    this._notes = new Map();
    this._timers = new Map();
  }

  /** Puts a note in place of the offer's one of that key; `seconds` takes it away by itself. Who says
      the same again changes nothing, and lengthens no time. */
  put(offer, key, note, { seconds = 0 } = {}) {
    if (!this._notes.has(offer)) this._notes.set(offer, new Map());
    const before = this._notes.get(offer).get(key);
    this._notes.get(offer).set(key, { key, acts: [], ...note });
    if (before && JSON.stringify(before) === JSON.stringify(this._notes.get(offer).get(key)))
      return;
    const timer = `${offer} ${key}`;
    clearTimeout(this._timers.get(timer));
    if (seconds)
      this._timers.set(
        timer,
        setTimeout(() => this.drop(offer, key), seconds * 1_000),
      );
    this.dispatchEvent(new Event("change"));
  }

  drop(offer, key) {
    if (this._notes.get(offer)?.delete(key)) this.dispatchEvent(new Event("change"));
  }

  of(offer) {
    return [...(this._notes.get(offer)?.values() ?? [])];
  }
}
