// The chat as the host sees it, the latest last; messages can be hidden and their senders muted. Keeps
// the last few hundred lines: the log has all of them.

import { clock, count } from "../../../lib/format/format.js";
import { Problem } from "../../../lib/channel/api.js";
import { cloned, field, find, say } from "../../../lib/ui/dom.js";
import { ChatPacing, hiddenSince, linesOf } from "../../../lib/state/chat-pacing.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, page, t } from "../../../lib/words.js";
import { post, remove } from "../../../lib/channel/staff-api.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";
import { MutedList } from "./muted-list.js";
import { PassedLines } from "./passed-lines.js";
import { Questions } from "./questions.js";
import { nameOf, roleName } from "./sender-name.js";

/** @typedef {import("../../../lib/state/scene").ChatLine} ChatLine */

const KEPT = 300;
/** More lines a second nobody reads who sells; all of them are in the log. */
const PACE = { perSecond: 8, burst: 15, first: 50, keeps: 300 };
const NEXT_MS = 120;
/** How often the number of those is written. */
const COUNT_MS = 500;
/** So near the end, in pixels, the reader is taken to follow. */
const NEAR = 48;

/** @param {HTMLElement} list */
const sizeOf = ({ clientWidth, clientHeight }) => `${clientWidth} ${clientHeight}`;

export class Chat extends EventTarget {
  /**
   * Event `new` for each message that comes in while one looks.
   * @param {HTMLElement} root
   * @param {import("../types").Send} send
   */
  constructor(root, send) {
    super();
    this._questions = new Questions(find(root, "[data-questions]"), send);
    /** @type {Map<number, HTMLElement>} by seq, oldest first */
    this._items = new Map();
    this._isFollowing = true;
    this._isFirst = true;
    this._pacing = new ChatPacing(PACE);
    /** @type {number | undefined} */
    this._next = undefined;
    this._counted = 0;
    this._skipped = find(root, "[data-chat-skipped]");
    this._passed = new PassedLines((chat) => this._item(chat));
    this._skipped.addEventListener("click", () => this._passed.open(this._pacing.passed));
    this._muteSheet = new FormSheet("mute-sheet");
    this._root = root;
    this._send = send;
    this._muted = new MutedList(page.data.broadcast);
    find(root, "[data-muted]").addEventListener("click", () => this._muted.open());
    this._list = find(root, "[data-chat-list]");
    this._list.addEventListener("scroll", () => {
      // A list of another size is moved by its page; whoever reads did nothing.
      if (this._size !== sizeOf(this._list)) return;
      const { scrollHeight, scrollTop, clientHeight } = this._list;
      this._isFollowing = scrollHeight - scrollTop - clientHeight < NEAR;
    });
    // A turned phone, a keyboard, and questions that come make it another size.
    this._size = sizeOf(this._list);
    new ResizeObserver(() => {
      this._size = sizeOf(this._list);
      this.follow();
    }).observe(this._list);
    const form = find(root, "[data-say]", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._say(form);
    });
  }

  /** @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene */
  draw(scene) {
    this._pacing.offer(scene.chat, performance.now());
    this._drawNext();
    this._questions.draw(scene);
    find(this._root, "[data-say]").hidden = scene.broadcast?.state !== "live";
  }

  /** Draws as many lines as can be read, and the rest a little later. */
  _drawNext() {
    clearTimeout(this._next);
    const now = performance.now();
    // Behind other windows timers come once a minute: what viewers read is drawn as it comes.
    const taken = document.hidden ? this._pacing.takeAll() : this._pacing.take(now);
    for (const chat of taken) this._add(chat);
    if (this._pacing.isWaiting) this._next = setTimeout(() => this._drawNext(), NEXT_MS);
    else this._isFirst = false;
    if (now - this._counted >= COUNT_MS || !this._pacing.isWaiting) this._drawSkipped(now);
    // What is drawn again has the whole list laid out, which a busy chat can't have in each frame.
    if (taken.length === 0 && this._items.size > 0) return;
    while (this._items.size > KEPT) {
      const [[seq, item]] = this._items;
      item.remove();
      this._items.delete(seq);
    }
    find(this._root, "[data-chat-empty]").hidden = this._items.size > 0;
    this._list.hidden = this._items.size === 0;
    this.follow();
  }

  /**
   * Says how many lines came too fast.
   * @param {number} now
   */
  _drawSkipped(now) {
    this._counted = now;
    const { skipped } = this._pacing;
    this._skipped.hidden = !skipped;
    if (!skipped) return;
    const values = { n: count(skipped) };
    say(this._skipped, n("%(n)s more line", "%(n)s more lines", skipped, values));
  }

  /**
   * The page begins anew from a snapshot: what was hidden while the link was gone came by no event.
   * @param {Pick<import("../../../lib/state/broadcast-state.js").BroadcastState, "chat">} scene
   */
  reset({ chat }) {
    const passed = this._pacing.passed.map(({ seq }) => seq);
    const known = [...this._items.keys(), ...this._pacing.waiting, ...passed];
    for (const seq of hiddenSince(known, chat)) this._hideLine(seq);
    this._pacing.begin(chat, performance.now());
  }

  /**
   * Takes up what events say, which may be more than the scene keeps, and marks what they took away; the
   * scene alone does not tell hidden from old.
   * @param {import("../../../lib/state/events").LiveEvent[]} events
   */
  hear(events) {
    this._pacing.offer(linesOf(events), performance.now());
    for (const { kind, data } of events) if (kind === "chat.hidden") this._hideLine(data.message);
  }

  /** @param {number} seq */
  _hideLine(seq) {
    this._pacing.remove(seq);
    const item = this._items.get(seq);
    for (const each of [item, this._passed.item(seq)]) if (each) this._drawHidden(each);
  }

  /** @param {ChatLine} chat */
  _add(chat) {
    const item = this._item(chat);
    this._items.set(chat.seq, item);
    this._list.append(item);
    if (!this._isFirst) this.dispatchEvent(new Event("new"));
  }

  /**
   * A line with what can be done about it.
   * @param {ChatLine} chat
   */
  _item(chat) {
    const item = cloned("feed-chat");
    const line = find(item, "[data-open]");
    line.addEventListener("click", () => {
      const isOpen = item.classList.toggle("is-open");
      line.setAttribute("aria-expanded", String(isOpen));
      this.follow();
    });
    find(item, "[data-queue]").addEventListener("click", () => {
      item.classList.remove("is-open");
      this._questions.queue(chat);
    });
    find(item, "[data-hide]").addEventListener("click", () => this._hide(chat));
    find(item, "[data-mute]").addEventListener("click", () => this._muteSender(chat));
    this._drawChat(item, chat);
    return item;
  }

  /**
   * @param {HTMLElement} item
   * @param {ChatLine} chat
   */
  _drawChat(item, chat) {
    find(item, "[data-who]").textContent = nameOf(chat);
    find(item, "[data-text]").textContent = chat.text;
    find(item, "[data-at]").textContent = clock(chat.at);
    find(item, "[data-simulated]").hidden = !chat.simulated;
    const role = find(item, "[data-role]");
    role.hidden = !chat.role || !chat.nickname;
    role.textContent = chat.role ? roleName(chat.role) : "";
    item.classList.toggle("is-staff", Boolean(chat.role));
    for (const name of ["mute", "queue"]) find(item, `[data-${name}]`).hidden = Boolean(chat.role);
    const name = nameOf(chat);
    find(item, "[data-open]").setAttribute("aria-label", t("Message of %(name)s", { name }));
    find(item, "[data-hide]").setAttribute(
      "aria-label",
      t("Hide the message of %(name)s", { name }),
    );
    find(item, "[data-mute]").setAttribute("aria-label", t("Mute %(name)s", { name }));
    find(item, "[data-queue]").setAttribute("aria-label", t("Question from %(name)s", { name }));
  }

  /** @param {HTMLElement} item */
  _drawHidden(item) {
    item.classList.add("is-hidden");
    find(item, "[data-text]").textContent = t("Hidden.");
    for (const name of ["queue", "hide", "mute", "open"])
      find(item, `[data-${name}]`).hidden = true;
  }

  /** Keeps to the end, where the reader was there. */
  follow() {
    if (this._isFollowing) this._list.scrollTop = this._list.scrollHeight;
  }

  /** @param {ChatLine} chat */
  async _hide(chat) {
    try {
      await this._send("chat.hide", { message: chat.seq });
      toast(t("The message of %(name)s is hidden.", { name: nameOf(chat) }));
    } catch (problem) {
      toastProblem(problem);
    }
  }

  /** @param {ChatLine} chat */
  _muteSender(chat) {
    const name = nameOf(chat);
    this._muteSheet.open({
      title: t("Mute %(name)s?", { name }),
      values: { duration: "ten_minutes" },
      job: async ({ duration }) => {
        await post(`/api/v1/broadcasts/${page.data.broadcast}/mutes`, {
          message: chat.seq,
          duration,
        });
        // Who comes back again and again under other names is blocked.
        const mayBlock = page.data.role !== "moderator";
        return () =>
          toast(
            t("%(name)s is muted.", { name }),
            mayBlock ? { act: t("Block everywhere"), onAct: () => this._block(chat) } : {},
          );
      },
    });
  }

  /** @param {ChatLine} chat */
  async _block(chat) {
    const message = { broadcast: page.data.broadcast, seq: chat.seq };
    const reason = t("Wrote in the chat: %(text)s", { text: chat.text }).slice(0, 200);
    try {
      const made = await post("/api/v1/blocks", { kind: "device", message, reason });
      toast(t("%(name)s is blocked: no more orders or messages.", { name: nameOf(chat) }), {
        act: t("Undo"),
        onAct: () => remove(`/api/v1/blocks/${made.id}`).catch(toastProblem),
      });
    } catch (problem) {
      toastProblem(problem);
    }
  }

  /** @param {HTMLFormElement} form */
  async _say(form) {
    const place = field(form, "text");
    const text = place.value.trim();
    if (!text) return;
    // Free for the next words at once, so that Enter twice says it once.
    place.value = "";
    try {
      await this._send("chat.say", { text });
      this._isFollowing = true;
      this.follow();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      place.value = [text, place.value].filter(Boolean).join(" ");
      toastProblem(problem);
    }
  }
}
