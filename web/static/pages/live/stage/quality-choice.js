// The viewer's choice of how much comes: all that the link carries, less data, or sound alone.
// Remembered on this device; first.js begins with what was remembered.

import { remember } from "../../../lib/state/device-memory.js";
import { say } from "../../../lib/ui/dom.js";
import { open } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";

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
  /** `button` says what is chosen and opens `sheet`; `player` is asked at once and keeps to it. */
  constructor(button, sheet, player) {
    super();
    this._button = button;
    this._sheet = sheet;
    this._player = player;
    button.addEventListener("click", () => this.open());
    sheet.addEventListener("change", ({ target }) => this.choose(target.value));
    this._draw();
  }

  open() {
    open(this._sheet);
    this._sheet.querySelector("input:checked")?.focus();
  }

  async choose(choice) {
    remember("delivery", choice);
    const isTaken = this._player.choose(choice);
    this._draw();
    this.dispatchEvent(new Event("change"));
    if (!(await isTaken))
      toast(t("The server can't be reached. Your choice applies once the picture is back."));
  }

  /** `isThere`: whether there is a picture to choose of; `words` on what comes now. */
  render(isThere, words) {
    this._button.hidden = !isThere;
    say(this._sheet.querySelector("[data-now]"), words ?? "");
    this._sheet.querySelector("[data-now]").hidden = !words;
  }

  _draw() {
    const [short, name] = nameOf(this._player.choice);
    this._button.dataset.choice = this._player.choice;
    say(this._button.querySelector("[data-choice-name]"), short);
    this._button.setAttribute("aria-label", t("Picture and data: %(choice)s", { choice: name }));
    for (const input of this._sheet.querySelectorAll("input"))
      input.checked = input.value === this._player.choice;
  }
}
