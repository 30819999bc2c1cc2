// The questions that the team wants to answer, the same on every phone of it, and the answer that viewers
// read over their chat.

import { el, find, icon, say } from "../../../lib/ui/dom.js";
import { count } from "../../../lib/format/format.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";
import { nameOf } from "./sender-name.js";

/** @typedef {import("../../../lib/state/scene").Question} Question */
/** @typedef {{ nickname?: string }} Sender */

export class Questions {
  /**
   * `send(type, fields)` as in commands.js.
   * @param {HTMLElement} root
   * @param {import("../types").Send} send
   */
  constructor(root, send) {
    this._root = root;
    this._list = find(root, "[data-questions-list]");
    this._answer = find(root, "[data-answer-shown]");
    this._counts = document.querySelectorAll("[data-questions-count]");
    this._send = send;
    /** @type {Map<number, HTMLElement>} by the seq of its message */
    this._items = new Map();
    this._sheet = new FormSheet("reply-sheet");
    find(this._answer, "[data-clear]").addEventListener("click", () =>
      this._send("chat.clear", {}).catch(toastProblem),
    );
  }

  /**
   * Queue a message of the chat as a question.
   * @param {Sender & { seq: number }} chat
   */
  async queue({ seq, ...chat }) {
    try {
      await this._send("chat.queue", { message: seq });
      toast(t("%(name)s's question is waiting for an answer.", { name: nameOf(chat) }));
    } catch (problem) {
      toastProblem(problem);
    }
  }

  /** @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene */
  draw({ questions, answer, broadcast }) {
    const isOver = broadcast?.state === "ended";
    for (const [message, item] of this._items) {
      if (questions.some((each) => each.message === message)) continue;
      item.remove();
      this._items.delete(message);
    }
    for (const question of questions) if (!this._items.has(question.message)) this._add(question);
    this._list.hidden = questions.length === 0;
    this._answer.hidden = answer === null;
    if (answer) {
      const values = { name: nameOf(answer), text: answer.text };
      say(find(this._answer, "[data-asked]"), t("%(name)s: %(text)s", values));
      say(find(this._answer, "[data-reply-shown]"), answer.reply ?? t("Answered live"));
    }
    this._root.hidden = isOver || (questions.length === 0 && answer === null);
    for (const place of this._counts)
      say(place, questions.length && !isOver ? count(questions.length) : "", true);
  }

  /** @param {Question} question */
  _add(question) {
    const name = nameOf(question);
    const { message } = question;
    /**
     * @param {string | Node} what
     * @param {string} label
     * @param {() => unknown} run
     */
    const act = (what, label, run, kind = "button--icon") =>
      el(
        "button",
        {
          class: `button ${kind}`.trim(),
          type: "button",
          "aria-label": label,
          title: kind ? label : null,
          onclick: run,
        },
        what,
      );
    const item = el(
      "li",
      { class: "question" },
      el("p", { class: "question__text" }, el("b", {}, name), " ", question.text),
      el(
        "span",
        { class: "question__acts" },
        act(t("Reply…"), t("Reply to %(name)s…", { name }), () => this._reply(question), ""),
        act(icon("check"), t("Answered: %(name)s", { name }), () => this._show(message)),
        act(
          icon("close"),
          t("Dismiss %(name)s's question", { name }),
          () => this._send("chat.drop", { message }).catch(toastProblem),
          "button--quiet button--icon",
        ),
      ),
    );
    this._items.set(message, item);
    this._list.append(item);
  }

  /** @param {number} message */
  _show(message) {
    this._send("chat.answer", { message }).catch(toastProblem);
  }

  /** @param {Question} question */
  _reply(question) {
    this._sheet.open({
      title: t("%(name)s: %(text)s", { name: nameOf(question), text: question.text }),
      values: { reply: "" },
      job: async ({ reply }) => {
        await this._send("chat.answer", { message: question.message, reply });
      },
    });
  }
}
