// Chat: a few lines over the video on a phone, the latest ones beside it on a desk. How fast they come
// is decided by lib/state/chat-pacing.js.

import { el, field, find, say } from "../../../lib/ui/dom.js";
import { Problem } from "../../../lib/channel/api.js";
import { ChatPacing, linesOf } from "../../../lib/state/chat-pacing.js";
import { recall, remember } from "../../../lib/state/device-memory.js";
import { loadWords, t } from "../../../lib/words.js";

/** @typedef {import("../../../lib/state/broadcast-state.js").BroadcastState} BroadcastState */
/** @typedef {import("../../../lib/state/scene").ChatLine} ChatLine */

const KEPT = 50;
/** So near the end, in pixels, the reader is taken to follow. */
const NEAR = 80;

export class Chat {
  /**
   * @param {HTMLElement} list
   * @param {HTMLFormElement} form
   * @param {HTMLDialogElement} sheet asks for a nickname
   * @param {import("../../../lib/channel/channel.js").Channel} channel
   */
  constructor(list, form, sheet, channel) {
    this.list = list;
    this.form = form;
    this.input = field(form, "text");
    this.sheet = sheet;
    this.channel = channel;
    /** @type {Map<number, HTMLElement>} those on the page, by seq, oldest first */
    this.lines = new Map();
    this.pacing = new ChatPacing();
    this.frame = 0;
    this.guest = "";
    this.staff = false;
    this.nickname = find(sheet, "input", HTMLInputElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    find(sheet, "form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.nickname.value.trim();
      if (!name) return;
      this.mark("");
      remember("nickname", name);
      sheet.close();
      this.send();
    });
  }

  /**
   * What the server calls this viewer until a nickname is chosen; staff keep their name.
   * @param {import("../../../lib/channel/frames").You} you
   */
  welcome(you) {
    this.guest = you.nickname;
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
      const said = { type: "chat.say", text: words, ...(nickname ? { nickname } : {}) };
      this.pacing.own((await this.channel.ask(said)).seq);
      this.draw();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!this.input.value) this.input.value = words;
      await loadWords().catch(() => {});
      const [{ sentence }, { toast }] = await Promise.all([
        import("../../../lib/format/problems.js"),
        import("../../../lib/ui/toast.js"),
      ]);
      const byName = problem.slug === "nickname-refused" || problem.body?.reason === "likeness";
      if (byName) this.askName(nickname || this.guest, sentence(problem));
      else toast(sentence(problem), { danger: true });
    }
  }

  /** @param {string} proposed */
  async askName(proposed, refusal = "") {
    const { open } = await import("../../../lib/ui/sheet.js");
    this.nickname.value = proposed;
    this.mark(refusal);
    open(this.sheet);
    this.nickname.select();
  }

  /**
   * Say at the field why the nickname was refused, or nothing.
   * @param {string} refusal
   */
  mark(refusal) {
    const told = find(this.sheet, "#nickname-error");
    say(told, refusal);
    told.hidden = !refusal;
    if (refusal) this.nickname.setAttribute("aria-invalid", "true");
    else this.nickname.removeAttribute("aria-invalid");
  }

  /** @param {BroadcastState} scene */
  render(scene) {
    const live = scene.broadcast?.state === "live";
    this.input.disabled = !live;
    const ended = scene.broadcast?.state === "ended";
    const closed = ended ? t("Chat is closed") : t("Chat opens later");
    this.input.placeholder = live ? t("Say something…") : closed;
    this.pacing.offer(scene.chat, performance.now());
    this.draw();
  }

  /**
   * The page begins anew from a snapshot: what is not in it was hidden, or is older.
   * @param {BroadcastState} scene
   */
  reset(scene) {
    const now = new Set(scene.chat.map(({ seq }) => seq));
    for (const seq of [...this.lines.keys()]) if (!now.has(seq)) this.remove(seq);
    this.pacing.begin(scene.chat, performance.now());
  }

  /**
   * Take up what events say, which may be more than the scene keeps, and away what they hide; later lines
   * push others out, which the scene alone would not tell.
   * @param {import("../../../lib/state/events").LiveEvent[]} events
   */
  hear(events) {
    this.pacing.offer(linesOf(events), performance.now());
    for (const { kind, data } of events) if (kind === "chat.hidden") this.remove(data.message);
  }

  /** @param {number} seq */
  remove(seq) {
    this.pacing.remove(seq);
    this.lines.get(seq)?.remove();
    this.lines.delete(seq);
  }

  /** Draw what its turn is, a few lines a frame, until nothing waits. */
  draw() {
    if (document.hidden) {
      // A page in the background gets no frames.
      cancelAnimationFrame(this.frame);
      this.frame = 0;
      this.add(this.pacing.takeAll());
    }
    if (this.frame || !this.pacing.isWaiting) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.add(this.pacing.take(performance.now()));
      this.draw();
    });
  }

  /** @param {ChatLine[]} said */
  add(said) {
    if (said.length === 0) return;
    const { scrollHeight, scrollTop, clientHeight } = this.list;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    for (const each of said) {
      const line = lineOf(each);
      this.lines.set(each.seq, line);
      this.list.append(line);
    }
    for (const seq of [...this.lines.keys()].slice(0, -KEPT)) this.remove(seq);
    if (isAtEnd) this.list.scrollTop = this.list.scrollHeight;
  }
}

/** @param {ChatLine} said */
function lineOf(said) {
  const line = el("p", { class: said.role ? "chat__line chat__line--host" : "chat__line" });
  const name = el("span", { class: "chat__name" });
  say(name, said.nickname || (said.role ? t("The team") : t("Guest")));
  line.append(name);
  if (said.role) line.append(el("span", { class: "badge badge--kumquat" }, t("Host")));
  line.append(el("span", { class: "chat__text" }, said.text));
  return line;
}
