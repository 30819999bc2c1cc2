// Who may not write in this broadcast, until when, and letting them write again.

import { Problem } from "../../../lib/channel/api.js";
import { el, find, findDialog, say } from "../../../lib/ui/dom.js";
import { dayAndClock } from "../../../lib/format/format.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";
import { getAll, remove } from "../../../lib/channel/staff-api.js";
import { spoken } from "../../../lib/format/staff-sentences.js";

/** @typedef {import("../../../lib/state/api").MuteAnswer} Mute */

export class MutedList {
  /** @param {string} broadcast */
  constructor(broadcast) {
    this._dialog = findDialog(document, "#muted-sheet");
    this._list = find(this._dialog, "[data-muted-list]");
    this._none = find(this._dialog, "[data-muted-none]");
    this._trouble = find(this._dialog, "[data-sheet-problem]");
    this._path = `/api/v1/broadcasts/${broadcast}/mutes`;
    find(this._dialog, "[data-close]").addEventListener("click", () => close(this._dialog));
  }

  open() {
    this._list.replaceChildren();
    this._none.hidden = true;
    open(this._dialog);
    this._load();
  }

  async _load() {
    this._trouble.hidden = true;
    try {
      const found = await getAll(this._path);
      /** @type {Mute[]} */
      const mutes = found.mutes;
      this._list.replaceChildren(...mutes.map((mute) => this._row(mute)));
      this._none.hidden = mutes.length > 0;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this._fail(problem);
    }
  }

  /** @param {Mute} mute */
  _row(mute) {
    const name = mute.nickname || t("Without a name");
    const words = [untilWords(mute), mute.by ? t("by %(name)s", { name: mute.by }) : ""]
      .filter(Boolean)
      .join(" · ");
    const button = el(
      "button",
      { class: "button", type: "button", "aria-label": t("Let %(name)s write again", { name }) },
      t("Unmute"),
    );
    button.addEventListener("click", () => this._unmute(mute, name, button));
    return el(
      "li",
      { class: "card muted-row" },
      el(
        "span",
        { class: "muted-row__who" },
        el("b", {}, name),
        el("span", { class: "soft small" }, words),
      ),
      button,
    );
  }

  /**
   * @param {Mute} mute
   * @param {string} name
   * @param {HTMLElement} button
   */
  async _unmute(mute, name, button) {
    button.setAttribute("aria-busy", "true");
    try {
      await remove(`${this._path}/${mute.id}`);
      toast(t("%(name)s can write again.", { name }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this._fail(problem);
    }
    await this._load();
  }

  /** @param {Problem} problem */
  _fail(problem) {
    say(this._trouble, spoken(problem));
    this._trouble.hidden = false;
  }
}

/** @param {Mute} mute */
function untilWords({ until, everywhere }) {
  if (!until) return t("until this broadcast ends");
  const when = dayAndClock(Date.parse(until));
  return everywhere
    ? t("in all broadcasts until %(when)s", { when })
    : t("until %(when)s", { when });
}
