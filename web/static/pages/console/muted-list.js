// Who may not write in this broadcast, until when, and letting them write again.

import { el, say } from "../../lib/ui/dom.js";
import { dayAndClock } from "../../lib/format/format.js";
import { close, open } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { t } from "../../lib/words.js";
import { getAll, remove } from "../../lib/channel/staff-api.js";
import { spoken } from "../../lib/format/staff-sentences.js";

export class MutedList {
  #path;
  #dialog = document.getElementById("muted-sheet");
  #list = this.#dialog.querySelector("[data-muted-list]");
  #none = this.#dialog.querySelector("[data-muted-none]");
  #trouble = this.#dialog.querySelector("[data-sheet-problem]");

  constructor(broadcast) {
    this.#path = `/api/v1/broadcasts/${broadcast}/mutes`;
    this.#dialog.querySelector("[data-close]").addEventListener("click", () => close(this.#dialog));
  }

  open() {
    this.#list.replaceChildren();
    this.#none.hidden = true;
    open(this.#dialog);
    this.#load();
  }

  async #load() {
    this.#trouble.hidden = true;
    try {
      const { mutes } = await getAll(this.#path);
      this.#list.replaceChildren(...mutes.map((mute) => this.#row(mute)));
      this.#none.hidden = mutes.length > 0;
    } catch (problem) {
      this.#fail(problem);
    }
  }

  #row(mute) {
    const name = mute.nickname || t("Without a name");
    const words = [untilWords(mute), mute.by ? t("by %(name)s", { name: mute.by }) : ""].filter(Boolean).join(" · ");
    const button = el("button", { class: "button", type: "button", "aria-label": t("Let %(name)s write again", { name }) }, t("Unmute"));
    button.addEventListener("click", () => this.#unmute(mute, name, button));
    return el(
      "li",
      { class: "card muted-row" },
      el("span", { class: "muted-row__who" }, el("b", {}, name), el("span", { class: "soft small" }, words)),
      button,
    );
  }

  async #unmute(mute, name, button) {
    button.setAttribute("aria-busy", "true");
    try {
      await remove(`${this.#path}/${mute.id}`);
      toast(t("%(name)s may write again.", { name }));
    } catch (problem) {
      this.#fail(problem);
    }
    await this.#load();
  }

  #fail(problem) {
    say(this.#trouble, spoken(problem));
    this.#trouble.hidden = false;
  }
}

function untilWords({ until, everywhere }) {
  if (!until) return t("until this broadcast ends");
  const when = dayAndClock(Date.parse(until));
  return everywhere ? t("in all broadcasts until %(when)s", { when }) : t("until %(when)s", { when });
}
