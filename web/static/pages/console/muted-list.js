// Who may not write in this broadcast, until when, and letting them write again.

import { el, say } from "../../lib/ui/dom.js";
import { dayAndClock } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { t } from "../../lib/words.js";
import { getAll, remove } from "../../lib/channel/staff-api.js";
import { spoken } from "../../lib/format/staff-sentences.js";

export class MutedList {
  constructor(broadcast) {
    this._dialog = document.getElementById("muted-sheet");
    this._list = this._dialog.querySelector("[data-muted-list]");
    this._none = this._dialog.querySelector("[data-muted-none]");
    this._trouble = this._dialog.querySelector("[data-sheet-problem]");
    this._path = `/api/v1/broadcasts/${broadcast}/mutes`;
    this._dialog.querySelector("[data-close]").addEventListener("click", () => close(this._dialog));
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
      const { mutes } = await getAll(this._path);
      this._list.replaceChildren(...mutes.map((mute) => this._row(mute)));
      this._none.hidden = mutes.length > 0;
    } catch (problem) {
      this._fail(problem);
    }
  }

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

  async _unmute(mute, name, button) {
    button.setAttribute("aria-busy", "true");
    try {
      await remove(`${this._path}/${mute.id}`);
      toast(t("%(name)s can write again.", { name }));
    } catch (problem) {
      this._fail(problem);
    }
    await this._load();
  }

  _fail(problem) {
    say(this._trouble, spoken(problem));
    this._trouble.hidden = false;
  }
}

function untilWords({ until, everywhere }) {
  if (!until) return t("until this broadcast ends");
  const when = dayAndClock(Date.parse(until));
  return everywhere
    ? t("in all broadcasts until %(when)s", { when })
    : t("until %(when)s", { when });
}
