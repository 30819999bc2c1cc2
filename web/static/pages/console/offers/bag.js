// The bag as the host sees it: one tap pins, and each offer says what became of what was released and
// what its lot still gives. The same cards stand in the dock at the foot of a phone, where a thumb
// reaches them, with stock, price and flash of the one that is shown.

import { say } from "../../../lib/ui/dom.js";
import { count, duration, money } from "../../../lib/format/format.js";
import { now } from "../../../lib/channel/server-clock.js";
import { pictureOf } from "../../../lib/format/product-picture.js";
import { reasonsInWords } from "../../../lib/format/lot-stops.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t, text } from "../../../lib/words.js";
import { running } from "../../../lib/state/flash-batch.js";
import { isStopped } from "../../../lib/state/broadcast-state.js";
import { balanceOf, drawBalance, releasable, sayLot } from "../../../lib/state/lot-balance.js";
import { drawNotes } from "./offer-notices.js";
import { SalesRate } from "./sales-rate.js";
import { neededMore } from "./release.js";
import { together } from "../../../lib/format/staff-sentences.js";
import {
  drawParts,
  firstBack,
  heldOf,
  isLow,
  isOut,
  leftOfWords,
  leftWords,
  parts,
} from "../../../lib/state/stock-parts.js";

/** With more offers than that no row goes to a hint. */
const FEW = 4;
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

export class Bag {
  /** `send(type, fields)` resolves when it is done, rejects with a Problem; `flashes` are what runs and
      is planned, `deeds` the releases, prices and corrections, which a moderator has not. */
  constructor(root, dock, send, { flashes, deeds, notes }) {
    this._open = new Set();
    /** The rows that the host opened or closed; by themselves those of what is shown or stopped are open. */
    this._rows = new Map();
    this._scene = null;
    this._shown = null;
    this._brought = null;
    this._held = [];
    this._paces = new Map();
    this._soon = new Map();
    this._root = root;
    this._dock = dock;
    this._hand = dock.querySelector("[data-hand]");
    this._send = send;
    this._deeds = deeds;
    this._flashes = flashes;
    this._notes = notes;
    if (this._hand) this._bindActs(this._hand, () => this._shown);
    // What stands above the dock keeps clear of it, however much it has to tell.
    new ResizeObserver(() =>
      document.body.style.setProperty("--dock", `${dock.offsetHeight}px`),
    ).observe(dock);
    setInterval(() => this._tick(), 1_000);
  }

  draw(scene) {
    this._scene = scene;
    this._held = heldOf(scene.orders);
    const isOver = scene.broadcast.state === "ended";
    for (const offer of scene.offers.values()) this._look(offer, isOver);
    this._deeds?.corrections.draw();
    this._deeds?.releases.draw();
    this._flashes.follow();
    // What is shown, else what was last, else the first: the dock always has something in hand.
    if (scene.pinned || !scene.offers.has(this._shown)) {
      this._shown = scene.pinned ?? scene.offers.keys().next().value ?? null;
    }
    this._root.querySelector("[data-bag-empty]").hidden = scene.offers.size > 0 || isOver;
    // Of many products each row is of more use than how to begin.
    const isFew = scene.offers.size > 0 && scene.offers.size <= FEW;
    this._root.querySelector("[data-bag-hint]").hidden = !isFew || isOver;
    if (this._offers.some(({ flash }) => flash))
      this._root.querySelector("[data-flash-hint]")?.remove();
    const shown = this._offers.filter(({ id }) => id === scene.pinned);
    const others = this._offers.filter(({ id }) => id !== scene.pinned);
    const list = this._root.querySelector("[data-bag-list]");
    this._each(list, "bag-item", [...shown, ...others], (item, offer) => {
      this._fill(item, offer, isOver);
      this._fillStock(item, offer, isOver);
    });
    const pins = this._dock.querySelector("[data-dock-list]");
    this._each(pins, "dock-pin", this._offers, (item, offer) => this._fill(item, offer, isOver));
    this._dock.hidden = scene.offers.size === 0 || isOver;
    this._drawHand();
    this._bringPinned();
  }

  /** The pin that is on stands where it can be seen. */
  _bringPinned() {
    const { pinned } = this._scene;
    if (pinned === this._brought || this._dock.hidden) return;
    this._brought = pinned;
    const list = this._dock.querySelector("[data-dock-list]");
    const item = list.querySelector(".is-pinned");
    if (item) list.scrollTo({ left: item.offsetLeft - 12, behavior: "smooth" });
  }

  get _offers() {
    return [...this._scene.offers.values()];
  }

  _look(offer, isOver) {
    const pace = this._paces.get(offer.id) ?? new SalesRate();
    this._paces.set(offer.id, pace);
    // What its flash has set aside is left too.
    const stock = { released: offer.released, left: offer.left + (offer.kept ?? 0) };
    this._soon.set(offer.id, isOver ? null : pace.minutesLeft(stock, Date.now()));
  }

  /** Keeps the element of an offer, so that neither focus nor a finger loses it. */
  _each(list, template, offers, fill) {
    const items = new Map([...list.children].map((item) => [item.dataset.offer, item]));
    const focused = document.activeElement;
    offers.forEach((offer, index) => {
      let item = items.get(offer.id);
      items.delete(offer.id);
      if (!item) {
        item = document.getElementById(template).content.firstElementChild.cloneNode(true);
        item.dataset.offer = offer.id;
        item.querySelector("[data-pin]").addEventListener("click", () => this._pin(offer.id));
        this._bindActs(item, () => offer.id);
      }
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      fill(item, offer);
    });
    for (const item of items.values()) item.remove();
    // A row that moves to the top loses the focus on its way.
    if (focused !== document.activeElement && list.contains(focused))
      focused.focus({ preventScroll: true });
  }

  _bindActs(item, which) {
    for (const button of item.querySelectorAll("[data-release]")) {
      const more = button.dataset.release;
      button.addEventListener("click", () => {
        if (more === "own") this._deeds.releases.open(which());
        else this._deeds.releases.release(which(), Number(more));
      });
    }
    item
      .querySelector("[data-reprice]")
      ?.addEventListener("click", () => this._deeds.prices.open(which()));
    item
      .querySelector("[data-begin-flash]")
      ?.addEventListener("click", () => this._flashes.open(which()));
    item.querySelector("[data-open]")?.addEventListener("click", () => {
      this._rows.set(which(), !item.classList.contains("is-open"));
      this._fillRow(item, this._scene.offers.get(which()));
    });
    item.querySelector("[data-lot]")?.addEventListener("click", () => {
      if (!this._open.delete(which())) this._open.add(which());
      this._fillBalance(item, this._scene.offers.get(which()));
    });
  }

  _fill(item, offer, isOver) {
    const isPinned = this._scene.pinned === offer.id;
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

  /** Opens a row of what is shown or stopped, unless the host has closed it, and any that was tapped. */
  _fillRow(item, offer) {
    const isPinned = this._scene.pinned === offer.id;
    // What comes up on the screen opens, whatever was done with its row before.
    if (isPinned && !item.classList.contains("was-pinned")) this._rows.delete(offer.id);
    item.classList.toggle("was-pinned", isPinned);
    const isOpen = this._rows.get(offer.id) ?? (isPinned || isStopped(offer));
    item.classList.toggle("is-open", isOpen);
    item.querySelector("[data-open]").setAttribute("aria-expanded", String(isOpen));
  }

  _fillStock(item, offer, isOver) {
    const name = text(offer.name);
    this._fillRow(item, offer);
    const stock = parts(offer);
    const set = (key, words) => say(item.querySelector(`[data-${key}]`), words);
    set("list-price", offer.list_price ? money(offer.list_price) : "");
    set("pin-word", this._scene.pinned === offer.id ? t("Pinned") : t("Pin"));
    set("pin-name", name);
    set("sold", t("%(n)s sold", { n: count(stock.sold) }));
    set("released", t("of %(n)s released", { n: count(stock.released) }));
    drawParts(item.querySelector(".parts"), stock);
    this._fillBalance(item, offer);
    item.querySelector(".bag__acts")?.toggleAttribute("hidden", isOver || isStopped(offer));
    for (const button of item.querySelectorAll("[data-release]")) {
      const more = button.dataset.release;
      const words =
        more === "own"
          ? t("Release another number of %(name)s", { name })
          : t("Release %(n)s more of %(name)s", { n: more, name });
      button.setAttribute("aria-label", words);
    }
    item
      .querySelector("[data-reprice]")
      ?.setAttribute("aria-label", t("Change the price of %(name)s", { name }));
    this._fillFlash(item, offer, isOver);
    const waiting = isOver ? 0 : (offer.waiting ?? 0);
    set("waiting", waiting ? t("%(n)s on the waiting list", { n: count(waiting) }) : "");
    drawNotes(item.querySelector("[data-notes]"), this._notesOf(offer, isOver));
    const picture = item.querySelector("[data-picture]");
    const address = pictureOf(offer);
    if (picture.getAttribute("src") !== address) picture.src = address;
    this._fillHeld(item, offer);
  }

  /** What a minute changes although nothing happens: holds run out. */
  _fillHeld(item, offer) {
    const { held } = parts(offer);
    say(item.querySelector("[data-held]"), held ? t("%(n)s held", { n: count(held) }) : "");
    const lines = [];
    const minutes = this._soon.get(offer.id);
    if (minutes && !isStopped(offer)) lines.push(t("Sold out in about %(n)s min.", { n: minutes }));
    const back = held ? firstBack(this._held, offer.id) : null;
    if (back) lines.push(t("The first hold ends in %(time)s.", { time: duration(back - now()) }));
    say(item.querySelector("[data-soon]"), together(lines));
  }

  /** The balance of its lot, once its line was tapped. */
  _fillBalance(item, offer) {
    // A green line beside a stop would call the lot good.
    const balance = isStopped(offer) ? null : balanceOf(offer, this._scene.offers.values());
    const line = item.querySelector("[data-lot]");
    line.hidden = !balance;
    const isOpen = this._open.has(offer.id) && balance !== null;
    if (balance) sayLot(line, balance, isOpen);
    const place = item.querySelector("[data-balance]");
    place.hidden = !isOpen;
    if (isOpen) drawBalance(place, balance);
  }

  _fillFlash(item, offer, isOver) {
    const place = item.querySelector("[data-flash]");
    if (isOver) place.hidden = true;
    else this._flashes.draw(place, offer, this._held);
    const begin = item.querySelector("[data-begin-flash]");
    if (!begin) return;
    begin.disabled = Boolean(offer.flash);
    begin.setAttribute("aria-label", t("Flash batch of %(name)s", { name: text(offer.name) }));
  }

  /** What is told and asked of an offer, and that boxes of it are waited for; what matters most first. */
  _notesOf(offer, isOver) {
    if (isStopped(offer)) return [stopNote(offer, this._stopActs(offer, isOver))];
    if (!this._deeds) return [];
    const notes = this._notes
      .of(offer.id)
      .sort((one, other) => FIRST.indexOf(one.key) - FIRST.indexOf(other.key));
    // Orders at a wrong price are still looked at after the end, and a flash still may have been wrong;
    // nothing else can be done then.
    if (isOver)
      return notes.filter(
        ({ kind, key, acts }) => kind === "leaf" || (key === "flash" && acts.length > 0),
      );
    const waiting = offer.waiting ?? 0;
    const more = neededMore(offer, releasable(offer, this._scene.offers.values()));
    if (!more) return notes;
    const wanted = {
      key: "waiting",
      icon: "person",
      words: n(
        "%(n)s box is on the waiting list.",
        "%(n)s boxes are on the waiting list.",
        waiting,
        { n: count(waiting) },
      ),
      acts: [
        {
          words: t("Release %(n)s", { n: count(more) }),
          run: () => this._deeds.releases.release(offer.id, more),
          name: text(offer.name),
        },
      ],
    };
    const past = notes.filter(({ key }) => key === "flash");
    return [...notes.filter((note) => !past.includes(note)), wanted, ...past];
  }

  _stopActs({ id, lot, name }, isOver) {
    const acts = [];
    if (this._scene.pinned === id && !isOver)
      acts.push({ words: t("Unpin"), run: () => this.takeDown(), name: text(name) });
    if (this._deeds)
      acts.push({
        words: t("Who bought this lot"),
        run: () => window.open(`/studio/lots/${lot.id}`, "_blank"),
        name: text(name),
      });
    return acts;
  }

  /** Takes away the card that is on the screen. */
  takeDown() {
    if (this._scene.pinned) this._pin(this._scene.pinned);
  }

  _tick() {
    if (!this._scene || this._scene.broadcast.state === "ended") return;
    for (const item of this._root.querySelectorAll("[data-bag-list] > *")) {
      const offer = this._scene.offers.get(item.dataset.offer);
      if (offer) this._fillHeld(item, offer);
      if (offer?.flash) this._fillFlash(item, offer, false);
    }
    const shown = this._scene.offers.get(this._shown);
    if (this._hand && shown?.flash) this._fillFlash(this._hand, shown, false);
  }

  _drawHand() {
    const offer = this._scene.offers.get(this._shown);
    if (!this._hand || !offer) return;
    this._hand.hidden = false;
    this._hand.querySelector(".dock__acts").hidden = isStopped(offer);
    const set = (key, words, tick) => say(this._hand.querySelector(`[data-${key}]`), words, tick);
    set("name", text(offer.name));
    set("left", leftOfWords(offer), true);
    const { held } = parts(offer);
    set("held", held ? t("%(n)s held", { n: count(held) }) : "");
    const price = this._hand.querySelector("[data-reprice]");
    say(price, money(offer.price));
    price.setAttribute(
      "aria-label",
      t("Change the price, now %(price)s", { price: money(offer.price) }),
    );
    this._fillFlash(this._hand, offer, false);
    const notes = this._notesOf(offer, false);
    // One at a time, and while it is news: the dock must not cover what it stands over.
    const news = notes.filter(({ newsUntil = Infinity }) => newsUntil > now());
    drawNotes(this._hand.querySelector("[data-notes]"), news.slice(0, 1));
    this._hand.classList.toggle("is-out", isOut(offer));
    this._hand.classList.toggle("is-low", isLow(offer));
  }

  async _pin(id) {
    const before = this._scene.pinned;
    const name = text(this._scene.offers.get(id).name);
    // What is stopped can't be put back.
    const canUndo = !before || !isStopped(this._scene.offers.get(before));
    const put = (offer) =>
      offer ? this._send("card.pin", { offer }) : this._send("card.unpin", {});
    try {
      await put(before === id ? null : id);
      toast(
        before === id ? t("%(name)s is unpinned.", { name }) : t("%(name)s is pinned.", { name }),
        {
          ...(canUndo && { act: t("Undo"), onAct: () => put(before).catch(toastProblem) }),
        },
      );
    } catch (problem) {
      toastProblem(problem);
    }
  }
}
