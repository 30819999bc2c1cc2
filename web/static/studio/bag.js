// The bag as the host sees it: one tap pins, and each offer says what became of what was released.
// The same cards stand in the dock at the foot of a phone, where a thumb reaches them, with stock and
// price of the one that is shown.

import { say } from "../common/dom.js";
import { count, duration, kilograms, money } from "../common/format.js";
import { now } from "../common/now.js";
import { pictureOf } from "../common/pictures.js";
import { toast } from "../common/toast.js";
import { t, text } from "../common/words.js";
import { Pace } from "./pace.js";
import { spoken, together } from "./sentences.js";
import { drawParts, firstBack, heldOf, isLow, leftWords, parts } from "./stock.js";

const fail = (problem) => toast(spoken(problem), { danger: true });

export class Bag {
  #root;
  #dock;
  #hand;
  #send;
  #releases;
  #prices;
  #scene = null;
  #shown = null;
  #brought = null;
  #held = [];
  #paces = new Map();
  #soon = new Map();

  /** `send(type, fields)` resolves when it is done, rejects with a Problem; moderators have neither
      releases nor prices. */
  constructor(root, dock, send, { releases = null, prices = null } = {}) {
    this.#root = root;
    this.#dock = dock;
    this.#hand = dock.querySelector("[data-hand]");
    this.#send = send;
    this.#releases = releases;
    this.#prices = prices;
    if (this.#hand) this.#bindActs(this.#hand, () => this.#shown);
    setInterval(() => this.#tick(), 1_000);
  }

  draw(scene) {
    this.#scene = scene;
    this.#held = heldOf(scene.orders);
    const isOver = scene.broadcast.state === "ended";
    for (const offer of scene.offers.values()) this.#look(offer, isOver);
    // What is shown, else what was last, else the first: the dock always has something in hand.
    if (scene.pinned || !scene.offers.has(this.#shown)) {
      this.#shown = scene.pinned ?? scene.offers.keys().next().value ?? null;
    }
    this.#root.querySelector("[data-bag-empty]").hidden = scene.offers.size > 0 || isOver;
    this.#root.querySelector("[data-bag-hint]").hidden = scene.offers.size === 0 || isOver;
    this.#each(this.#root.querySelector("[data-bag-list]"), "bag-item", (item, offer) => {
      this.#fill(item, offer, isOver);
      this.#fillStock(item, offer, isOver);
    });
    this.#each(this.#dock.querySelector("[data-dock-list]"), "dock-pin", (item, offer) => {
      this.#fill(item, offer, isOver);
    });
    this.#dock.hidden = scene.offers.size === 0 || isOver;
    this.#drawHand();
    this.#bringPinned();
  }

  /** The pin that is on stands where it can be seen. */
  #bringPinned() {
    const { pinned } = this.#scene;
    if (pinned === this.#brought || this.#dock.hidden) return;
    this.#brought = pinned;
    const list = this.#dock.querySelector("[data-dock-list]");
    const item = list.querySelector(".is-pinned");
    if (item) list.scrollTo({ left: item.offsetLeft - 12, behavior: "smooth" });
  }

  get #offers() {
    const all = [...this.#scene.offers.values()];
    return all.sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  }

  #look(offer, isOver) {
    const pace = this.#paces.get(offer.offer) ?? new Pace();
    this.#paces.set(offer.offer, pace);
    this.#soon.set(offer.offer, isOver ? null : pace.minutesLeft(offer, Date.now()));
  }

  /** Keeps the element of an offer, so that neither focus nor a finger loses it. */
  #each(list, template, fill) {
    const items = new Map([...list.children].map((item) => [item.dataset.offer, item]));
    this.#offers.forEach((offer, index) => {
      let item = items.get(offer.offer);
      items.delete(offer.offer);
      if (!item) {
        item = document.getElementById(template).content.firstElementChild.cloneNode(true);
        item.dataset.offer = offer.offer;
        item.querySelector("[data-pin]").addEventListener("click", () => this.#pin(offer.offer));
        this.#bindActs(item, () => offer.offer);
      }
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      fill(item, offer);
    });
    for (const item of items.values()) item.remove();
  }

  #bindActs(item, which) {
    for (const button of item.querySelectorAll("[data-release]")) {
      const more = button.dataset.release;
      button.addEventListener("click", () => {
        if (more === "own") this.#releases.open(which());
        else this.#releases.release(which(), Number(more));
      });
    }
    item.querySelector("[data-reprice]")?.addEventListener("click", () => this.#prices.open(which()));
  }

  #fill(item, offer, isOver) {
    const isPinned = this.#scene.pinned === offer.offer;
    const set = (key, words, tick) => say(item.querySelector(`[data-${key}]`), words, tick);
    set("name", text(offer.name));
    set("price", money(offer.price));
    set("left", leftWords(offer.left), true);
    item.classList.toggle("is-pinned", isPinned);
    item.classList.toggle("is-out", offer.left <= 0);
    item.classList.toggle("is-low", isLow(offer));
    const pin = item.querySelector("[data-pin]");
    pin.setAttribute("aria-pressed", String(isPinned));
    pin.disabled = isOver;
  }

  #fillStock(item, offer, isOver) {
    const name = text(offer.name);
    const stock = parts(offer);
    const set = (key, words) => say(item.querySelector(`[data-${key}]`), words);
    set("list-price", offer.list_price ? money(offer.list_price) : "");
    set("pin-word", this.#scene.pinned === offer.offer ? t("Pinned") : t("Pin"));
    set("sold", t("%(n)s sold", { n: count(stock.sold) }));
    set("released", t("of %(n)s released", { n: count(stock.released) }));
    drawParts(item.querySelector(".parts"), stock);
    set("lot", this.#lotWords(offer.lot));
    item.querySelector(".bag__acts")?.toggleAttribute("hidden", isOver);
    for (const button of item.querySelectorAll("[data-release]")) {
      const more = button.dataset.release;
      const words = more === "own" ? t("Release another number of %(name)s", { name }) : t("Release %(n)s more of %(name)s", { n: more, name });
      button.setAttribute("aria-label", words);
    }
    item.querySelector("[data-reprice]")?.setAttribute("aria-label", t("Change the price of %(name)s", { name }));
    const picture = item.querySelector("[data-picture]");
    const address = pictureOf(offer);
    if (picture.getAttribute("src") !== address) picture.src = address;
    this.#fillHeld(item, offer);
  }

  /** What a minute changes although nothing happens: holds run out. */
  #fillHeld(item, offer) {
    const { held } = parts(offer);
    say(item.querySelector("[data-held]"), held ? t("%(n)s held", { n: count(held) }) : "");
    const lines = [];
    const minutes = this.#soon.get(offer.offer);
    if (minutes) lines.push(t("Gone in about %(n)s min.", { n: minutes }));
    const back = held ? firstBack(this.#held, offer.offer) : null;
    if (back) lines.push(t("The first hold ends in %(time)s.", { time: duration(back - now()) }));
    say(item.querySelector("[data-soon]"), together(lines));
  }

  #lotWords({ code, harvested_g: harvested, sold_g: sold }) {
    if (!harvested) return t("Lot %(code)s", { code });
    return t("Lot %(code)s: %(sold)s of %(harvested)s sold", {
      code,
      harvested: kilograms(harvested),
      sold: kilograms(sold ?? 0),
    });
  }

  #tick() {
    if (!this.#scene || this.#scene.broadcast.state === "ended") return;
    for (const item of this.#root.querySelectorAll("[data-bag-list] > *")) {
      const offer = this.#scene.offers.get(item.dataset.offer);
      if (offer) this.#fillHeld(item, offer);
    }
  }

  #drawHand() {
    const offer = this.#scene.offers.get(this.#shown);
    if (!this.#hand || !offer) return;
    this.#hand.hidden = false;
    const set = (key, words, tick) => say(this.#hand.querySelector(`[data-${key}]`), words, tick);
    set("name", text(offer.name));
    set("left", leftWords(offer.left), true);
    const { held } = parts(offer);
    set("held", held ? t("%(n)s held", { n: count(held) }) : "");
    const price = this.#hand.querySelector("[data-reprice]");
    say(price, money(offer.price));
    price.setAttribute("aria-label", t("Change the price, now %(price)s", { price: money(offer.price) }));
    this.#hand.classList.toggle("is-out", offer.left <= 0);
    this.#hand.classList.toggle("is-low", isLow(offer));
  }

  async #pin(id) {
    const before = this.#scene.pinned;
    const name = text(this.#scene.offers.get(id).name);
    const put = (offer) => (offer ? this.#send("card.pin", { offer }) : this.#send("card.unpin", {}));
    try {
      await put(before === id ? null : id);
      toast(before === id ? t("%(name)s is off the screen.", { name }) : t("%(name)s is on the screen.", { name }), {
        act: t("Undo"),
        onAct: () => put(before).catch(fail),
      });
    } catch (problem) {
      fail(problem);
    }
  }
}
