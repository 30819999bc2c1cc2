// Chat and orders in one feed, in the order in which they happened, with a filter; messages can be
// hidden and their senders muted. Keeps the last few hundred lines: the review has all of them.

import { ask } from "./ask.js";
import { tell } from "./undo.js";
import { clock, count, inLanguage, money, words } from "./words.js";

const KEPT = 300;
/** So near the end, in pixels, the reader is taken to follow. */
const NEAR = 48;

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

  draw(state) {
    this.#offers = new Map(state.offers.map((offer) => [offer.offer, offer]));
    const lines = [
      ...state.chat.map((chat) => ({ key: `chat-${chat.seq}`, at: chat.at, seq: chat.seq, chat })),
      ...state.orders.map((order) => ({ key: `order-${order.order}`, at: order.at, seq: order.seq, order })),
    ];
    for (const line of lines) {
      const item = this.#items.get(line.key);
      if (!item) this.#add(line);
      else if (line.chat) this.#drawChat(item, line.chat);
      else this.#drawOrder(item, line.order);
    }
    // A message that the fold has taken away was hidden.
    const present = new Set(lines.map((line) => line.key));
    for (const [key, item] of this.#items) {
      if (!present.has(key) && key.startsWith("chat-") && Number(key.slice(5)) >= (state.chat[0]?.seq ?? Infinity)) {
        this.#drawHidden(item);
      }
    }
    while (this.#items.size > KEPT) {
      const [key, item] = this.#items.entries().next().value;
      item.remove();
      this.#items.delete(key);
    }
    this.#root.querySelector("[data-say]").hidden = state.broadcast.state === "ended";
    this.#drawEmpty();
    this.#followOn();
  }

  #add(line) {
    const template = document.getElementById(line.chat ? "feed-chat" : "feed-order");
    const item = template.content.firstElementChild.cloneNode(true);
    item.dataset.order = String(line.seq ?? line.at ?? 0);
    this.#items.set(line.key, item);
    const after = [...this.#list.children].reverse().find((other) => Number(other.dataset.order) <= Number(item.dataset.order));
    if (after) after.after(item);
    else if (Number(item.dataset.order)) this.#list.prepend(item);
    else this.#list.append(item);
    if (line.chat) {
      item.querySelector("[data-hide]").addEventListener("click", () => this.#hide(line.chat));
      item.querySelector("[data-mute]").addEventListener("click", () => this.#muteSender(line.chat));
      this.#drawChat(item, line.chat);
    } else this.#drawOrder(item, line.order);
  }

  #drawChat(item, chat) {
    if (chat.hidden || (chat.text ?? "") === "") {
      this.#drawHidden(item);
      return;
    }
    item.querySelector("[data-who]").textContent = chat.nickname;
    item.querySelector("[data-text]").textContent = chat.text;
    item.querySelector("[data-at]").textContent = chat.at ? clock(chat.at) : "";
    item.querySelector("[data-simulated]").hidden = !chat.simulated;
    const role = item.querySelector("[data-role]");
    role.hidden = !chat.role;
    role.textContent = chat.role ? words(`role_${chat.role}`) : "";
    item.classList.toggle("is-staff", Boolean(chat.role));
    item.querySelector("[data-mute]").hidden = Boolean(chat.role);
    for (const [name, key] of [["hide", "hide_of"], ["mute", "mute_of"]]) {
      item.querySelector(`[data-${name}]`).setAttribute("aria-label", words(key, { name: chat.nickname }));
    }
  }

  #drawHidden(item) {
    item.classList.add("is-hidden");
    item.querySelector("[data-text]").textContent = words("is_hidden");
    for (const name of ["hide", "mute"]) item.querySelector(`[data-${name}]`).hidden = true;
  }

  #drawOrder(item, order) {
    const lines = order.lines.map((line) =>
      words("order_line", { n: count(line.quantity), name: inLanguage(this.#offers.get(line.offer)?.name) }),
    );
    item.querySelector("[data-number]").textContent = order.number;
    item.querySelector("[data-lines]").textContent = lines.join(words("and"));
    item.querySelector("[data-total]").textContent = money(order.total);
    item.querySelector("[data-way]").textContent = words(`way_${order.way}`);
    item.querySelector("[data-simulated]").hidden = !order.simulated;
    item.querySelector("[data-at]").textContent = order.at ? clock(order.at) : "";
  }

  #drawEmpty() {
    const filter = this.#list.dataset.filter ?? "all";
    const shown = [...this.#list.children].some((item) => filter === "all" || item.dataset.kind === filter);
    const empty = this.#root.querySelector("[data-feed-empty]");
    empty.hidden = shown;
    empty.textContent = words(`feed_empty_${filter}`);
  }

  #followOn() {
    if (this.#isFollowing) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #fail(error) {
    tell(error.problem?.detail || error.problem?.title || words("offline_kept"), { problem: true });
  }

  async #hide(chat) {
    try {
      await this.#send("chat.hide", { message: chat.seq });
      tell(words("did_hide", { name: chat.nickname }));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #muteSender(chat) {
    const name = chat.nickname;
    const isMeant = await ask({
      title: words("ask_mute", { name }),
      text: words("ask_mute_text"),
      yes: words("mute"),
    });
    if (!isMeant) return;
    try {
      await this.#send("chat.mute", { message: chat.seq });
      tell(words("did_mute", { name }));
    } catch (error) {
      this.#fail(error);
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
    } catch (error) {
      this.#fail(error);
    }
  }
}
