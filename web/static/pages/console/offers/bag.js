// The bag as the host sees it: one tap pins, and each offer says what became of what was released and
// what its lot still gives. The same cards stand in the dock at the foot of a phone, where a thumb
// reaches them, with stock, price and flash of the one that is shown.

import { say } from "../../../lib/ui/dom.js";
import { count, duration, money } from "../../../lib/format/format.js";
import { now } from "../../../lib/channel/server-clock.js";
import { pictureOf } from "../../../lib/format/product-picture.js";
import { reasonsInWords } from "../../../lib/format/lot-stops.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t, text } from "../../../lib/words.js";
import { running } from "../../../lib/state/flash-batch.js";
import { isStopped } from "../../../lib/state/broadcast-state.js";
import { balanceOf, drawBalance, releasable, sayLot } from "../../../lib/state/lot-balance.js";
import { drawNotes } from "./offer-notices.js";
import { SalesRate } from "./sales-rate.js";
import { neededMore } from "./release.js";
import { spoken, together } from "../../../lib/format/staff-sentences.js";
import { drawParts, firstBack, heldOf, isLow, isOut, leftOfWords, leftWords, parts } from "../../../lib/state/stock-parts.js";

/** The keys of notes, in the order in which they stand. */
const FIRST = ["refused", "price-failed", "price", "righted", "rush", "flash"];

/** That its lot is stopped, and what can still be done with it: `acts`. */
const stopNote = ({ lot }, acts) => ({
  key: "stopped",
  icon: "warning",
  kind: "red",
  words: together([t("Lot %(code)s is stopped.", { code: lot.code }), reasonsInWords(lot.stopped)]),
  acts,
});

const fail = (problem) => toast(spoken(problem), { danger: true });

export class Bag {
  #root;
  #dock;
  #hand;
  #send;
  #deeds;
  #flashes;
  #notes;
  #open = new Set();
  #scene = null;
  #shown = null;
  #brought = null;
  #held = [];
  #paces = new Map();
  #soon = new Map();

  /** `send(type, fields)` resolves when it is done, rejects with a Problem; `flashes` are what runs and
      is planned, `deeds` the releases, prices and corrections, which a moderator has not. */
  constructor(root, dock, send, { flashes, deeds, notes }) {
    this.#root = root;
    this.#dock = dock;
    this.#hand = dock.querySelector("[data-hand]");
    this.#send = send;
    this.#deeds = deeds;
    this.#flashes = flashes;
    this.#notes = notes;
    if (this.#hand) this.#bindActs(this.#hand, () => this.#shown);
    // What stands above the dock keeps clear of it, however much it has to tell.
    new ResizeObserver(() => document.body.style.setProperty("--dock", `${dock.offsetHeight}px`)).observe(dock);
    setInterval(() => this.#tick(), 1_000);
  }

  draw(scene) {
    this.#scene = scene;
    this.#held = heldOf(scene.orders);
    const isOver = scene.broadcast.state === "ended";
    for (const offer of scene.offers.values()) this.#look(offer, isOver);
    this.#deeds?.corrections.draw();
    this.#deeds?.releases.draw();
    this.#flashes.follow();
    // What is shown, else what was last, else the first: the dock always has something in hand.
    if (scene.pinned || !scene.offers.has(this.#shown)) {
      this.#shown = scene.pinned ?? scene.offers.keys().next().value ?? null;
    }
    this.#root.querySelector("[data-bag-empty]").hidden = scene.offers.size > 0 || isOver;
    this.#root.querySelector("[data-bag-hint]").hidden = scene.offers.size === 0 || isOver;
    if (this.#offers.some(({ flash }) => flash)) this.#root.querySelector("[data-flash-hint]")?.remove();
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
    return [...this.#scene.offers.values()];
  }

  #look(offer, isOver) {
    const pace = this.#paces.get(offer.id) ?? new SalesRate();
    this.#paces.set(offer.id, pace);
    // What its flash has set aside is left too.
    const stock = { released: offer.released, left: offer.left + (offer.kept ?? 0) };
    this.#soon.set(offer.id, isOver ? null : pace.minutesLeft(stock, Date.now()));
  }

  /** Keeps the element of an offer, so that neither focus nor a finger loses it. */
  #each(list, template, fill) {
    const items = new Map([...list.children].map((item) => [item.dataset.offer, item]));
    this.#offers.forEach((offer, index) => {
      let item = items.get(offer.id);
      items.delete(offer.id);
      if (!item) {
        item = document.getElementById(template).content.firstElementChild.cloneNode(true);
        item.dataset.offer = offer.id;
        item.querySelector("[data-pin]").addEventListener("click", () => this.#pin(offer.id));
        this.#bindActs(item, () => offer.id);
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
        if (more === "own") this.#deeds.releases.open(which());
        else this.#deeds.releases.release(which(), Number(more));
      });
    }
    item.querySelector("[data-reprice]")?.addEventListener("click", () => this.#deeds.prices.open(which()));
    item.querySelector("[data-begin-flash]")?.addEventListener("click", () => this.#flashes.open(which()));
    item.querySelector("[data-lot]")?.addEventListener("click", () => {
      if (!this.#open.delete(which())) this.#open.add(which());
      this.#fillBalance(item, this.#scene.offers.get(which()));
    });
  }

  #fill(item, offer, isOver) {
    const isPinned = this.#scene.pinned === offer.id;
    const set = (key, words, tick) => say(item.querySelector(`[data-${key}]`), words, tick);
    set("name", text(offer.name));
    // The pins in the dock say what viewers see: the flash while it runs.
    const flash = item.querySelector(".dock__pin") ? running(offer) : null;
    set("price", money(flash?.price ?? offer.price));
    set("left", flash ? leftWords(offer.kept) : leftOfWords(offer), true);
    item.classList.toggle("is-pinned", isPinned);
    item.classList.toggle("is-out", isOut(offer));
    item.classList.toggle("is-low", isLow(offer));
    const pin = item.querySelector("[data-pin]");
    pin.setAttribute("aria-pressed", String(isPinned));
    pin.disabled = isOver || (isStopped(offer) && !isPinned);
    item.classList.toggle("is-stopped", isStopped(offer));
  }

  #fillStock(item, offer, isOver) {
    const name = text(offer.name);
    const stock = parts(offer);
    const set = (key, words) => say(item.querySelector(`[data-${key}]`), words);
    set("list-price", offer.list_price ? money(offer.list_price) : "");
    set("pin-word", this.#scene.pinned === offer.id ? t("Pinned") : t("Pin"));
    set("sold", t("%(n)s sold", { n: count(stock.sold) }));
    set("released", t("of %(n)s released", { n: count(stock.released) }));
    drawParts(item.querySelector(".parts"), stock);
    this.#fillBalance(item, offer);
    item.querySelector(".bag__acts")?.toggleAttribute("hidden", isOver || isStopped(offer));
    for (const button of item.querySelectorAll("[data-release]")) {
      const more = button.dataset.release;
      const words = more === "own" ? t("Release another number of %(name)s", { name }) : t("Release %(n)s more of %(name)s", { n: more, name });
      button.setAttribute("aria-label", words);
    }
    item.querySelector("[data-reprice]")?.setAttribute("aria-label", t("Change the price of %(name)s", { name }));
    this.#fillFlash(item, offer, isOver);
    const waiting = isOver ? 0 : (offer.waiting ?? 0);
    set("waiting", waiting ? t("%(n)s on the waiting list", { n: count(waiting) }) : "");
    drawNotes(item.querySelector("[data-notes]"), this.#notesOf(offer, isOver));
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
    const minutes = this.#soon.get(offer.id);
    if (minutes && !isStopped(offer)) lines.push(t("Gone in about %(n)s min.", { n: minutes }));
    const back = held ? firstBack(this.#held, offer.id) : null;
    if (back) lines.push(t("The first hold ends in %(time)s.", { time: duration(back - now()) }));
    say(item.querySelector("[data-soon]"), together(lines));
  }

  /** The balance of its lot, once its line was tapped. */
  #fillBalance(item, offer) {
    // A green line beside a stop would call the lot good.
    const balance = isStopped(offer) ? null : balanceOf(offer, this.#scene.offers.values());
    const line = item.querySelector("[data-lot]");
    line.hidden = !balance;
    const isOpen = this.#open.has(offer.id) && balance !== null;
    if (balance) sayLot(line, balance, isOpen);
    const place = item.querySelector("[data-balance]");
    place.hidden = !isOpen;
    if (isOpen) drawBalance(place, balance);
  }

  #fillFlash(item, offer, isOver) {
    const place = item.querySelector("[data-flash]");
    if (isOver) place.hidden = true;
    else this.#flashes.draw(place, offer, this.#held);
    const begin = item.querySelector("[data-begin-flash]");
    if (!begin) return;
    begin.disabled = Boolean(offer.flash);
    begin.setAttribute("aria-label", t("Flash batch of %(name)s", { name: text(offer.name) }));
  }

  /** What is told and asked of an offer, and that boxes of it are waited for; what matters most first. */
  #notesOf(offer, isOver) {
    if (isStopped(offer)) return [stopNote(offer, this.#stopActs(offer, isOver))];
    if (!this.#deeds) return [];
    const notes = this.#notes.of(offer.id).sort((one, other) => FIRST.indexOf(one.key) - FIRST.indexOf(other.key));
    // Orders at a wrong price are still looked at after the end, and a flash still may have been wrong;
    // nothing else can be done then.
    if (isOver) return notes.filter(({ kind, key, acts }) => kind === "leaf" || (key === "flash" && acts.length > 0));
    const waiting = offer.waiting ?? 0;
    const more = neededMore(offer, releasable(offer, this.#scene.offers.values()));
    if (!more) return notes;
    const wanted = {
      key: "waiting",
      icon: "person",
      words: n("%(n)s box is on the waiting list.", "%(n)s boxes are on the waiting list.", waiting, { n: count(waiting) }),
      acts: [{ words: t("Release %(n)s", { n: count(more) }), run: () => this.#deeds.releases.release(offer.id, more), name: text(offer.name) }],
    };
    const past = notes.filter(({ key }) => key === "flash");
    return [...notes.filter((note) => !past.includes(note)), wanted, ...past];
  }

  #stopActs({ id, lot, name }, isOver) {
    const acts = [];
    if (this.#scene.pinned === id && !isOver) acts.push({ words: t("Take it down"), run: () => this.takeDown(), name: text(name) });
    if (this.#deeds) acts.push({ words: t("Who has this lot"), run: () => window.open(`/studio/lots/${lot.id}`, "_blank"), name: text(name) });
    return acts;
  }

  /** Takes away the card that is on the screen. */
  takeDown() {
    if (this.#scene.pinned) this.#pin(this.#scene.pinned);
  }

  #tick() {
    if (!this.#scene || this.#scene.broadcast.state === "ended") return;
    for (const item of this.#root.querySelectorAll("[data-bag-list] > *")) {
      const offer = this.#scene.offers.get(item.dataset.offer);
      if (offer) this.#fillHeld(item, offer);
      if (offer?.flash) this.#fillFlash(item, offer, false);
    }
    const shown = this.#scene.offers.get(this.#shown);
    if (this.#hand && shown?.flash) this.#fillFlash(this.#hand, shown, false);
  }

  #drawHand() {
    const offer = this.#scene.offers.get(this.#shown);
    if (!this.#hand || !offer) return;
    this.#hand.hidden = false;
    this.#hand.querySelector(".dock__acts").hidden = isStopped(offer);
    const set = (key, words, tick) => say(this.#hand.querySelector(`[data-${key}]`), words, tick);
    set("name", text(offer.name));
    set("left", leftOfWords(offer), true);
    const { held } = parts(offer);
    set("held", held ? t("%(n)s held", { n: count(held) }) : "");
    const price = this.#hand.querySelector("[data-reprice]");
    say(price, money(offer.price));
    price.setAttribute("aria-label", t("Change the price, now %(price)s", { price: money(offer.price) }));
    this.#fillFlash(this.#hand, offer, false);
    const notes = this.#notesOf(offer, false);
    // One at a time, and while it is news: the dock must not cover what it stands over.
    const news = notes.filter(({ newsUntil = Infinity }) => newsUntil > now());
    drawNotes(this.#hand.querySelector("[data-notes]"), news.slice(0, 1));
    this.#hand.classList.toggle("is-out", isOut(offer));
    this.#hand.classList.toggle("is-low", isLow(offer));
  }

  async #pin(id) {
    const before = this.#scene.pinned;
    const name = text(this.#scene.offers.get(id).name);
    // What is stopped can't be put back.
    const canUndo = !before || !isStopped(this.#scene.offers.get(before));
    const put = (offer) => (offer ? this.#send("card.pin", { offer }) : this.#send("card.unpin", {}));
    try {
      await put(before === id ? null : id);
      toast(before === id ? t("%(name)s is off the screen.", { name }) : t("%(name)s is on the screen.", { name }), {
        ...(canUndo && { act: t("Undo"), onAct: () => put(before).catch(fail) }),
      });
    } catch (problem) {
      fail(problem);
    }
  }
}
