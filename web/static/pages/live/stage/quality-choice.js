// The viewer's choice of how much comes: all that the link carries, less data, or sound alone.
// Remembered on this device; first.js begins with what was remembered.

import { remember } from "../../../lib/state/device-memory.js";
import { find, findAll, say } from "../../../lib/ui/dom.js";
import { open } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";

/**
 * @param {string | null} choice
 * @returns {[string, string]} short, for the button, and whole
 */
function nameOf(choice) {
  switch (choice) {
    case "save_data":
      return [t("Saver"), t("Save data")];
    case "sound_only":
      return [t("Sound"), t("Sound only")];
    default:
      return [t("Auto"), t("Auto")];
  }
}

/** Event `change` when the viewer chose something else. */
export class QualityChoice extends EventTarget {
  /**
   * `button` says what is chosen and opens `sheet`; `player` is asked at once and keeps to it.
   * @param {HTMLElement} button
   * @param {HTMLDialogElement} sheet
   * @param {import("../../../lib/media/whep-player.js").WhepPlayer} player
   */
  constructor(button, sheet, player) {
    super();
    this._button = button;
    this._sheet = sheet;
    this._player = player;
    button.addEventListener("click", () => this.open());
    sheet.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement) this.choose(target.value);
    });
    this._draw();
  }

  open() {
    open(this._sheet);
    findAll(this._sheet, "input:checked")[0]?.focus();
  }

  /** @param {string} choice */
  async choose(choice) {
    remember("delivery", choice);
    const isTaken = this._player.choose(choice);
    this._draw();
    this.dispatchEvent(new Event("change"));
    if (!(await isTaken))
      toast(t("The server can't be reached. Your choice applies once the picture is back."));
  }

  /**
   * `isThere`: whether there is a picture to choose of; `words` on what comes now.
   * @param {boolean} isThere
   * @param {string | null} words
   */
  render(isThere, words) {
    this._button.hidden = !isThere;
    const now = find(this._sheet, "[data-now]");
    say(now, words ?? "");
    now.hidden = !words;
  }

  _draw() {
    const [short, name] = nameOf(this._player.choice);
    this._button.dataset.choice = this._player.choice ?? "auto";
    say(this._button.querySelector("[data-choice-name]"), short);
    this._button.setAttribute("aria-label", t("Picture and data: %(choice)s", { choice: name }));
    for (const input of findAll(this._sheet, "input", HTMLInputElement))
      input.checked = input.value === this._player.choice;
  }
}
