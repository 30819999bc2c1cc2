// Chat and orders in one feed, in the order in which they happened, with a filter; messages can be
// hidden and their senders muted. Keeps the last few hundred lines: the review has all of them.

import { clock, count, money } from "../common/format.js";
import { sentence } from "../common/problems.js";
import { toast } from "../common/toast.js";
import { t, text } from "../common/words.js";
import { ask } from "./ask.js";

const KEPT = 300;
/** So near the end, in pixels, the reader is taken to follow. */
const NEAR = 48;

const fail = (problem) => toast(sentence(problem), { danger: true });
const roleName = (role) => (role === "host" ? t("Host") : t("Coordinator"));

export class Feed {
  #root;
  #list;
  #send;
  #items = new Map();
  #offers = new Map();
  #isFollowing = true;

  constructor(root, send) {
    this.#root = root;
    this.#send = send;
    this.#list = root.querySelector("[data-feed-list]");
    this.#list.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#list;
      this.#isFollowing = scrollHeight - scrollTop - clientHeight < NEAR;
    });
    for (const choice of root.querySelectorAll("[name=feed-filter]")) {
      choice.addEventListener("change", () => {
        this.#list.dataset.filter = choice.value;
        this.#drawEmpty();
        this.#followOn();
      });
    }
    const form = root.querySelector("[data-say]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say(form);
    });
  }

  draw(scene) {
    this.#offers = scene.offers;
    for (const chat of scene.chat) this.#put({ key: `chat-${chat.seq}`, at: chat.at, chat });
    for (const order of scene.orders.values()) {
      this.#put({ key: `order-${order.order}`, at: order.at, order });
    }
    while (this.#items.size > KEPT) {
      const [key, item] = this.#items.entries().next().value;
      item.remove();
      this.#items.delete(key);
    }
    this.#root.querySelector("[data-say]").hidden = scene.broadcast.state !== "live";
    this.#drawEmpty();
    this.#followOn();
  }

  /** Marks what the events took away; the scene alone does not tell hidden from old. */
  hear(events) {
    for (const { kind, data } of events) {
      const item = kind === "chat.hidden" && this.#items.get(`chat-${data.message}`);
      if (item) this.#drawHidden(item);
    }
  }

  #put(line) {
    const item = this.#items.get(line.key);
    if (!item) this.#add(line);
    else if (line.order) this.#drawOrder(item, line.order);
  }

  #add(line) {
    const template = document.getElementById(line.chat ? "feed-chat" : "feed-order");
    const item = template.content.firstElementChild.cloneNode(true);
    item.dataset.at = String(line.at);
    this.#items.set(line.key, item);
    // Nearly always the last: chat and orders come one after another, a snapshot's two lists do not.
    let before = this.#list.lastElementChild;
    while (before && Number(before.dataset.at) > line.at) before = before.previousElementSibling;
    if (before) before.after(item);
    else this.#list.prepend(item);
    if (line.chat) {
      item.querySelector("[data-hide]").addEventListener("click", () => this.#hide(line.chat));
      item.querySelector("[data-mute]").addEventListener("click", () => this.#muteSender(line.chat));
      this.#drawChat(item, line.chat);
    } else this.#drawOrder(item, line.order);
  }

  #drawChat(item, chat) {
    item.querySelector("[data-who]").textContent = chat.nickname;
    item.querySelector("[data-text]").textContent = chat.text;
    item.querySelector("[data-at]").textContent = clock(chat.at);
    item.querySelector("[data-simulated]").hidden = !chat.simulated;
    const role = item.querySelector("[data-role]");
    role.hidden = !chat.role;
    role.textContent = chat.role ? roleName(chat.role) : "";
    item.classList.toggle("is-staff", Boolean(chat.role));
    item.querySelector("[data-mute]").hidden = Boolean(chat.role);
    const name = chat.nickname;
    item.querySelector("[data-hide]").setAttribute("aria-label", t("Hide the message of %(name)s", { name }));
    item.querySelector("[data-mute]").setAttribute("aria-label", t("Mute %(name)s", { name }));
  }

  #drawHidden(item) {
    item.classList.add("is-hidden");
    item.querySelector("[data-text]").textContent = t("Hidden.");
    for (const name of ["hide", "mute"]) item.querySelector(`[data-${name}]`).hidden = true;
  }

  #drawOrder(item, order) {
    const lines = order.lines.map((line) =>
      t("%(n)s × %(name)s", { n: count(line.quantity), name: text(this.#offers.get(line.offer)?.name) }),
    );
    item.querySelector("[data-number]").textContent = order.number;
    item.querySelector("[data-lines]").textContent = lines.join(", ");
    item.querySelector("[data-total]").textContent = money(order.total);
    item.querySelector("[data-way]").textContent = order.way === "pickup" ? t("picked up") : t("by parcel");
    item.querySelector("[data-simulated]").hidden = !order.simulated;
    item.querySelector("[data-at]").textContent = clock(order.at);
  }

  #drawEmpty() {
    const filter = this.#list.dataset.filter ?? "all";
    const shown = [...this.#list.children].some((item) => filter === "all" || item.dataset.kind === filter);
    const empty = this.#root.querySelector("[data-feed-empty]");
    empty.hidden = shown;
    empty.textContent =
      filter === "orders" ? t("No orders yet. They appear here as they come.")
      : filter === "chat" ? t("Nobody has written yet.")
      : t("What viewers write and buy appears here.");
  }

  #followOn() {
    if (this.#isFollowing) this.#list.scrollTop = this.#list.scrollHeight;
  }

  async #hide(chat) {
    try {
      await this.#send("chat.hide", { message: chat.seq });
      toast(t("The message of %(name)s is hidden.", { name: chat.nickname }));
    } catch (problem) {
      fail(problem);
    }
  }

  async #muteSender(chat) {
    const name = chat.nickname;
    const isMeant = await ask({
      title: t("Mute %(name)s?", { name }),
      words: t("Nothing that this device writes appears in this broadcast any more. It can still watch and buy."),
      yes: t("Mute"),
    });
    if (!isMeant) return;
    try {
      await this.#send("chat.mute", { message: chat.seq });
      toast(t("%(name)s is muted.", { name }));
    } catch (problem) {
      fail(problem);
    }
  }

  async #say(form) {
    const field = form.elements.text;
    const text = field.value.trim();
    if (!text) return;
    try {
      await this.#send("chat.say", { text });
      field.value = "";
      this.#isFollowing = true;
      this.#followOn();
    } catch (problem) {
      fail(problem);
    }
  }
}
