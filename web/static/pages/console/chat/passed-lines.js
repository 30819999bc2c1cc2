// The lines of a busy chat that came too fast to be drawn, in a sheet: each can be hidden there, and its
// sender muted, as in the chat itself.

import { find, findDialog } from "../../../lib/ui/dom.js";
import { close, open } from "../../../lib/ui/sheet.js";

/** @typedef {import("../../../lib/state/scene").ChatLine} ChatLine */

export class PassedLines {
  /** @param {(line: ChatLine) => HTMLElement} itemOf draws a line with its acts */
  constructor(itemOf) {
    this._dialog = findDialog(document, "#passed-sheet");
    this._list = find(this._dialog, "[data-passed-list]");
    this._itemOf = itemOf;
    /** @type {Map<number, HTMLElement>} by seq */
    this._items = new Map();
    find(this._dialog, "[data-close]").addEventListener("click", () => close(this._dialog));
    this._dialog.addEventListener("close", () => {
      this._items.clear();
      this._list.replaceChildren();
    });
  }

  /**
   * Shows these as they are now, the latest first; none comes in under the finger.
   * @param {ChatLine[]} lines oldest first
   */
  open(lines) {
    this._items = new Map(lines.map((line) => [line.seq, this._itemOf(line)]));
    this._list.replaceChildren(...[...this._items.values()].reverse());
    open(this._dialog);
  }

  /**
   * The line with this seq, where it is shown.
   * @param {number} seq
   */
  item(seq) {
    return this._items.get(seq);
  }
}
