// The bag as the host sees it: one tap pins, and each offer says what became of what was released and
// what its lot still gives. The same cards stand in the dock at the foot of a phone, where a thumb
// reaches them, with stock, price and flash of the one that is shown.

import { find, findAll, findOptional, say } from "../../../lib/ui/dom.js";
import { count, duration, money } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { now } from "../../../lib/channel/server-clock.js";
import { pictureOf } from "../../../lib/format/product-picture.js";
import { toast } from "../../../lib/ui/toast.js";
import { t, text } from "../../../lib/words.js";
import { running } from "../../../lib/state/flash-batch.js";
import { BroadcastState, isStopped } from "../../../lib/state/broadcast-state.js";
import { balanceOf, drawBalance, sayLot } from "../../../lib/state/lot-balance.js";
import { notesOf } from "./bag-notes.js";
import { drawItems } from "./offer-items.js";
import { drawNotes } from "./offer-notices.js";
import { SalesRate } from "./sales-rate.js";
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

/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/**
 * What a host does with offers; a moderator has none of it.
 * @typedef {object} Deeds
 * @property {import("./price-sheet.js").Prices} prices
 * @property {import("./release.js").Releases} releases
 * @property {import("./price-correction.js").Corrections} corrections
 */

/** With more offers than that no row goes to a hint. */
const FEW = 4;
export class Bag {
  /**
   * `send(type, fields)` resolves when it is done, rejects with a Problem; `flashes` are what runs and
   * is planned, `deeds` the releases, prices and corrections, which a moderator has not.
   * @param {HTMLElement} root
   * @param {HTMLElement} dock
   * @param {import("../types").Send} send
   * @param {{ flashes: import("./flash-batches.js").Flashes, deeds: Deeds | null, notes: import("./offer-notices.js").OfferNotices }} parts
   */
  constructor(root, dock, send, { flashes, deeds, notes }) {
    /** @type {Set<string>} the offers whose balance is open */
    this._open = new Set();
    /** @type {Map<string, boolean>} the rows that the host opened or closed; by themselves those of what is shown or stopped are open. */
    this._rows = new Map();
    this._scene = new BroadcastState();
    /** @type {string | null} the offer in the dock's hand */
    this._shown = null;
    /** @type {string | null} the pin that was brought into sight */
    this._brought = null;
    /** @type {import("../../../lib/state/scene").LiveOrder[]} */
    this._held = [];
    /** @type {Map<string, SalesRate>} by offer */
    this._paces = new Map();
    /** @type {Map<string, number | null>} minutes until it is gone, by offer */
    this._soon = new Map();
    this._root = root;
    this._dock = dock;
    this._hand = findOptional(dock, "[data-hand]");
    this._send = send;
    this._deeds = deeds;
    this._flashes = flashes;
    this._notes = notes;
    if (this._hand) this._bindActs(this._hand, () => this._shown ?? "");
    // What stands above the dock keeps clear of it, however much it has to tell.
    new ResizeObserver(() =>
      document.body.style.setProperty("--dock", `${dock.offsetHeight}px`),
    ).observe(dock);
    setInterval(() => this._tick(), 1_000);
  }

  /** @param {BroadcastState} scene */
  draw(scene) {
    this._scene = scene;
    this._held = heldOf(scene.orders);
    const isOver = scene.broadcast?.state === "ended";
    for (const offer of scene.offers.values()) this._look(offer, isOver);
    this._deeds?.corrections.draw();
    this._deeds?.releases.draw();
    this._flashes.follow();
    // What is shown, else what was last, else the first: the dock always has something in hand.
    if (scene.pinned || !scene.offers.has(this._shown ?? "")) {
      this._shown = scene.pinned ?? scene.offers.keys().next().value ?? null;
    }
    find(this._root, "[data-bag-empty]").hidden = scene.offers.size > 0 || isOver;
    // Of many products each row is of more use than how to begin.
    const isFew = scene.offers.size > 0 && scene.offers.size <= FEW;
    find(this._root, "[data-bag-hint]").hidden = !isFew || isOver;
    if (this._offers.some(({ flash }) => flash))
      this._root.querySelector("[data-flash-hint]")?.remove();
    const shown = this._offers.filter(({ id }) => id === scene.pinned);
    const others = this._offers.filter(({ id }) => id !== scene.pinned);
    const list = find(this._root, "[data-bag-list]");
    const make = (/** @type {HTMLElement} */ item, /** @type {Offer} */ { id }) => {
      find(item, "[data-pin]").addEventListener("click", () => this._pin(id));
      this._bindActs(item, () => id);
    };
    drawItems(list, "bag-item", [...shown, ...others], {
      make,
      fill: (item, offer) => {
        this._fill(item, offer, isOver);
        this._fillStock(item, offer, isOver);
      },
    });
    const pins = find(this._dock, "[data-dock-list]");
    const fill = (/** @type {HTMLElement} */ item, /** @type {Offer} */ offer) =>
      this._fill(item, offer, isOver);
    drawItems(pins, "dock-pin", this._offers, { make, fill });
    this._dock.hidden = scene.offers.size === 0 || isOver;
    this._drawHand();
    this._bringPinned();
  }

  /** The pin that is on stands where it can be seen. */
  _bringPinned() {
    const { pinned } = this._scene;
    if (pinned === this._brought || this._dock.hidden) return;
    this._brought = pinned;
    const list = find(this._dock, "[data-dock-list]");
    const item = findOptional(list, ".is-pinned");
    if (item) list.scrollTo({ left: item.offsetLeft - 12, behavior: "smooth" });
  }

  /** What the notes of offers are made of. */
  get _noting() {
    const takeDown = () => this.takeDown();
    return { scene: this._scene, deeds: this._deeds, notes: this._notes, takeDown };
  }

  get _offers() {
    return [...this._scene.offers.values()];
  }

  /**
   * @param {Offer} offer
   * @param {boolean} isOver
   */
  _look(offer, isOver) {
    const pace = this._paces.get(offer.id) ?? new SalesRate();
    this._paces.set(offer.id, pace);
    // What its flash has set aside is left too.
    const stock = { released: offer.released, left: offer.left + (offer.kept ?? 0) };
    this._soon.set(offer.id, isOver ? null : pace.minutesLeft(stock, Date.now()));
  }

  /**
   * @param {HTMLElement} item
   * @param {() => string} which
   */
  _bindActs(item, which) {
    for (const button of findAll(item, "[data-release]")) {
      const more = button.dataset.release;
      button.addEventListener("click", () => {
        if (more === "own") this._deeds?.releases.open(which());
        else this._deeds?.releases.release(which(), Number(more));
      });
    }
    item
      .querySelector("[data-reprice]")
      ?.addEventListener("click", () => this._deeds?.prices.open(which()));
    item
      .querySelector("[data-begin-flash]")
      ?.addEventListener("click", () => this._flashes.open(which()));
    item.querySelector("[data-open]")?.addEventListener("click", () => {
      this._rows.set(which(), !item.classList.contains("is-open"));
      const offer = this._scene.offers.get(which());
      if (offer) this._fillRow(item, offer);
    });
    item.querySelector("[data-lot]")?.addEventListener("click", () => {
      if (!this._open.delete(which())) this._open.add(which());
      const offer = this._scene.offers.get(which());
      if (offer) this._fillBalance(item, offer);
    });
  }

  /**
   * @param {HTMLElement} item
   * @param {Offer} offer
   * @param {boolean} isOver
   */
  _fill(item, offer, isOver) {
    const isPinned = this._scene.pinned === offer.id;
    /**
     * @param {string} key
     * @param {string} words
     */
    const set = (key, words, tick = false) => say(item.querySelector(`[data-${key}]`), words, tick);
    set("name", text(offer.name));
    // The pins in the dock say what viewers see: the flash while it runs.
    const flash = item.querySelector(".dock__pin") ? running(offer) : null;
    set("price", money(flash?.price ?? offer.price));
    set("left", flash ? leftWords(offer.kept ?? 0) : leftOfWords(offer), true);
    item.classList.toggle("is-pinned", isPinned);
    item.classList.toggle("is-out", isOut(offer));
    item.classList.toggle("is-low", isLow(offer));
    const pin = find(item, "[data-pin]", HTMLButtonElement);
    pin.setAttribute("aria-pressed", String(isPinned));
    pin.disabled = isOver || (isStopped(offer) && !isPinned);
    item.classList.toggle("is-stopped", isStopped(offer));
  }

  /**
   * Opens a row of what is shown or stopped, unless the host has closed it, and any that was tapped.
   * @param {HTMLElement} item
   * @param {Offer} offer
   */
  _fillRow(item, offer) {
    const isPinned = this._scene.pinned === offer.id;
    // What comes up on the screen opens, whatever was done with its row before.
    if (isPinned && !item.classList.contains("was-pinned")) this._rows.delete(offer.id);
    item.classList.toggle("was-pinned", isPinned);
    const isOpen = this._rows.get(offer.id) ?? (isPinned || isStopped(offer));
    item.classList.toggle("is-open", isOpen);
    find(item, "[data-open]").setAttribute("aria-expanded", String(isOpen));
  }

  /**
   * @param {HTMLElement} item
   * @param {Offer} offer
   * @param {boolean} isOver
   */
  _fillStock(item, offer, isOver) {
    const name = text(offer.name);
    this._fillRow(item, offer);
    const stock = parts(offer);
    /**
     * @param {string} key
     * @param {string} words
     */
    const set = (key, words) => say(item.querySelector(`[data-${key}]`), words);
    set("list-price", offer.list_price ? money(offer.list_price) : "");
    set("pin-word", this._scene.pinned === offer.id ? t("Pinned") : t("Pin"));
    set("pin-name", name);
    set("sold", t("%(n)s sold", { n: count(stock.sold) }));
    set("released", t("of %(n)s released", { n: count(stock.released) }));
    drawParts(find(item, ".parts"), stock);
    this._fillBalance(item, offer);
    item.querySelector(".bag__acts")?.toggleAttribute("hidden", isOver || isStopped(offer));
    for (const button of findAll(item, "[data-release]")) {
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
    drawNotes(find(item, "[data-notes]"), notesOf(offer, isOver, this._noting));
    const picture = find(item, "[data-picture]", HTMLImageElement);
    const address = pictureOf(offer);
    if (picture.getAttribute("src") !== address) picture.src = address;
    this._fillHeld(item, offer);
  }

  /**
   * What a minute changes although nothing happens: holds run out.
   * @param {HTMLElement} item
   * @param {Offer} offer
   */
  _fillHeld(item, offer) {
    const { held } = parts(offer);
    say(item.querySelector("[data-held]"), held ? t("%(n)s held", { n: count(held) }) : "");
    /** @type {string[]} */
    const lines = [];
    const minutes = this._soon.get(offer.id);
    if (minutes && !isStopped(offer)) lines.push(t("Sold out in about %(n)s min.", { n: minutes }));
    const back = held ? firstBack(this._held, offer.id) : null;
    if (back) lines.push(t("The first hold ends in %(time)s.", { time: duration(back - now()) }));
    say(item.querySelector("[data-soon]"), together(lines));
  }

  /**
   * The balance of its lot, once its line was tapped.
   * @param {HTMLElement} item
   * @param {Offer} offer
   */
  _fillBalance(item, offer) {
    // A green line beside a stop would call the lot good.
    const balance = isStopped(offer) ? null : balanceOf(offer, this._scene.offers.values());
    const line = find(item, "[data-lot]");
    line.hidden = !balance;
    const isOpen = this._open.has(offer.id) && balance !== null;
    if (balance) sayLot(line, balance, isOpen);
    const place = find(item, "[data-balance]");
    place.hidden = !isOpen;
    if (isOpen && balance) drawBalance(place, balance);
  }

  /**
   * @param {HTMLElement} item
   * @param {Offer} offer
   * @param {boolean} isOver
   */
  _fillFlash(item, offer, isOver) {
    const place = find(item, "[data-flash]");
    if (isOver) place.hidden = true;
    else this._flashes.draw(place, offer, this._held);
    const begin = findOptional(item, "[data-begin-flash]", HTMLButtonElement);
    if (!begin) return;
    begin.disabled = Boolean(offer.flash);
    begin.setAttribute("aria-label", t("Flash batch of %(name)s", { name: text(offer.name) }));
  }

  /** Takes away the card that is on the screen. */
  takeDown() {
    if (this._scene.pinned) this._pin(this._scene.pinned);
  }

  _tick() {
    if (!this._scene.broadcast || this._scene.broadcast.state === "ended") return;
    for (const item of findAll(this._root, "[data-bag-list] > *")) {
      const offer = this._scene.offers.get(item.dataset.offer ?? "");
      if (offer) this._fillHeld(item, offer);
      if (offer?.flash) this._fillFlash(item, offer, false);
    }
    const shown = this._scene.offers.get(this._shown ?? "");
    if (this._hand && shown?.flash) this._fillFlash(this._hand, shown, false);
  }

  _drawHand() {
    const offer = this._scene.offers.get(this._shown ?? "");
    const hand = this._hand;
    if (!hand || !offer) return;
    hand.hidden = false;
    find(hand, ".dock__acts").hidden = isStopped(offer);
    /**
     * @param {string} key
     * @param {string} words
     */
    const set = (key, words, tick = false) => say(hand.querySelector(`[data-${key}]`), words, tick);
    set("name", text(offer.name));
    set("left", leftOfWords(offer), true);
    const { held } = parts(offer);
    set("held", held ? t("%(n)s held", { n: count(held) }) : "");
    const price = find(hand, "[data-reprice]");
    say(price, money(offer.price));
    price.setAttribute(
      "aria-label",
      t("Change the price, now %(price)s", { price: money(offer.price) }),
    );
    this._fillFlash(hand, offer, false);
    const notes = notesOf(offer, false, this._noting);
    // One at a time, and while it is news: the dock must not cover what it stands over.
    const news = notes.filter(({ newsUntil = Infinity }) => newsUntil > now());
    drawNotes(find(hand, "[data-notes]"), news.slice(0, 1));
    hand.classList.toggle("is-out", isOut(offer));
    hand.classList.toggle("is-low", isLow(offer));
  }

  /** @param {string} id */
  async _pin(id) {
    const before = this._scene.pinned;
    const name = text(this._scene.offers.get(id)?.name);
    // What is stopped can't be put back.
    const last = before === null ? undefined : this._scene.offers.get(before);
    const canUndo = !last || !isStopped(last);
    /** @param {string | null} offer */
    const put = (offer) =>
      offer ? this._send("card.pin", { offer }) : this._send("card.unpin", {});
    try {
      await put(before === id ? null : id);
      toast(
        before === id ? t("%(name)s is unpinned.", { name }) : t("%(name)s is pinned.", { name }),
        {
          ...(canUndo ? { act: t("Undo"), onAct: () => put(before).catch(toastProblem) } : {}),
        },
      );
    } catch (problem) {
      toastProblem(problem);
    }
  }
}
