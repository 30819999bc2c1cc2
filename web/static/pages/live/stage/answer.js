// What the team answers of the chat: a viewer's question and the reply, over the chat until the next one.

import { say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";

export class Answer {
  /** @param {HTMLElement} place */
  constructor(place) {
    this._place = place;
  }

  /** @param {Pick<import("../../../lib/state/broadcast-state.js").BroadcastState, "answer">} scene */
  render({ answer }) {
    this._place.hidden = !answer;
    if (!answer) return;
    const values = { name: answer.nickname || t("Guest"), text: answer.text };
    say(this._place.querySelector("[data-asked]"), t("%(name)s: %(text)s", values));
    say(this._place.querySelector("[data-reply]"), answer.reply ?? t("The host is answering"));
  }
}
