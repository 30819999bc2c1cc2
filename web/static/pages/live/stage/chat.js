// Chat: three lines over the video on a phone, the whole list beside it on a desk.

import { el, say } from "../../../lib/ui/dom.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { sentence } from "../../../lib/format/problems.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";

export class Chat {
  constructor(list, form, sheet, channel) {
    this.list = list;
    this.form = form;
    this.input = form.elements.text;
    this.sheet = sheet;
    this.channel = channel;
    this.lines = new Map();
    this.guest = "";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    sheet.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const name = event.target.elements.nickname.value.trim();
      if (!name) return;
      this.mark("");
      remember("nickname", name);
      close(sheet);
      this.send();
    });
  }

  /** What the server calls this viewer until a nickname is chosen; staff keep their name. */
  welcome(you) {
    this.guest = you.nickname ?? "";
    this.staff = Boolean(you.role);
  }

  async send() {
    const words = this.input.value.trim();
    if (!words) return;
    // The server calls the team by their display names.
    const nickname = this.staff ? "" : recall("nickname");
    if (!nickname && !this.staff) {
      this.askName(this.guest);
      return;
    }
    this.input.value = "";
    try {
      await this.channel.ask({ type: "chat.say", text: words, ...(nickname ? { nickname } : {}) });
    } catch (problem) {
      if (!this.input.value) this.input.value = words;
      const byName = problem.slug === "nickname-refused" || problem.body?.reason === "likeness";
      if (byName) this.askName(nickname || this.guest, sentence(problem));
      else toast(sentence(problem), { danger: true });
    }
  }

  askName(proposed, refusal = "") {
    const field = this.sheet.querySelector("input");
    field.value = proposed;
    this.mark(refusal);
    open(this.sheet);
    field.select();
  }

  /** Say at the field why the nickname was refused, or nothing. */
  mark(refusal) {
    const told = this.sheet.querySelector("#nickname-error");
    say(told, refusal);
    told.hidden = !refusal;
    if (refusal) this.sheet.querySelector("input").setAttribute("aria-invalid", "true");
    else this.sheet.querySelector("input").removeAttribute("aria-invalid");
  }

  render(scene) {
    const live = scene.broadcast?.state === "live";
    this.input.disabled = !live;
    const ended = scene.broadcast?.state === "ended";
    const closed = ended ? t("Chat is closed") : t("Chat opens with the broadcast");
    this.input.placeholder = live ? t("Say something…") : closed;
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 80;
    const now = new Set(scene.chat.map((said) => said.seq));
    for (const [seq, line] of this.lines) {
      if (!now.has(seq)) {
        line.remove();
        this.lines.delete(seq);
      }
    }
    let added = false;
    for (const said of scene.chat) {
      if (this.lines.has(said.seq)) continue;
      const line = lineOf(said);
      this.lines.set(said.seq, line);
      this.list.append(line);
      added = true;
    }
    if (added && atEnd) this.list.scrollTop = this.list.scrollHeight;
  }
}

function lineOf(said) {
  const line = el("p", { class: said.role ? "chat__line chat__line--host" : "chat__line" });
  const name = el("span", { class: "chat__name" });
  say(name, said.nickname || (said.role ? t("The team") : t("Guest")));
  line.append(name);
  if (said.role) line.append(el("span", { class: "badge badge--kumquat" }, t("Host")));
  if (said.simulated)
    line.append(el("span", { class: "badge badge--over chat__mark" }, t("Simulated")));
  line.append(el("span", { class: "chat__text" }, said.text));
  return line;
}
