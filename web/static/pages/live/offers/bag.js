// The bag: every offer of the broadcast, beside the video on a desk and in a sheet on a phone.

import { el, icon, say } from "../../../lib/ui/dom.js";
import { kilograms, money } from "../../../lib/format/format.js";
import { pictureOf } from "../../../lib/format/product-picture.js";
import { amountPayable } from "../../../lib/orders/order-sums.js";
import { n, t } from "../../../lib/words.js";
import { buyButton, fullName, lotLine, stockBar, stockInWords } from "./card.js";
import { flashLine, priceOf, wasOf } from "../../../lib/state/flash-batch.js";
import { isStopped } from "../../../lib/state/broadcast-state.js";
import { linksOfOrders } from "../../../lib/state/order-links.js";

export class Bag {
  /** `places` are the elements that each show the whole list; `act` as a card has it. */
  constructor(places, counter, act, waits) {
    this.places = places.map((place) => ({ place, rows: new Map() }));
    this.counter = counter;
    this.act = act;
    this.waits = waits;
  }

  /** `known` is false until the broadcast has told what is in the bag. */
  render(scene, buyable, known) {
    if (!known) return;
    const cards = inOrder(scene.offers);
    say(this.counter, String(cards.length));
    this.counter.hidden = cards.length === 0;
    for (const { place, rows } of this.places) {
      if (cards.length === 0) {
        rows.clear();
        const words = t("The bag is still empty. Products appear here when the host adds them.");
        place.replaceChildren(el("p", { class: "soft bag__empty" }, words));
        continue;
      }
      if (rows.size === 0) place.replaceChildren();
      for (const card of cards) {
        if (!rows.has(card.id)) {
          const row = this.row(card);
          rows.set(card.id, row);
          place.append(row.item);
        }
        this.update(rows.get(card.id), card, scene.pinned === card.id, buyable);
      }
      this.arrange(place, cards, rows);
      this.join(cards, rows);
    }
  }

  /** Where the host moved an offer in the bag, its row moves too. */
  arrange(place, cards, rows) {
    cards.forEach((card, index) => {
      const { item } = rows.get(card.id);
      if (place.children[index] !== item) place.insertBefore(item, place.children[index]);
    });
  }

  /** Offers of one lot stand as one: they share what it still gives, which the last one says. */
  join(cards, rows) {
    cards.forEach((card, index) => {
      const row = rows.get(card.id);
      const joined = cards[index - 1]?.lot.id === card.lot.id;
      const more = cards[index + 1]?.lot.id === card.lot.id;
      row.item.classList.toggle("bag__row--of-many", joined || more);
      row.item.classList.toggle("bag__row--joined", joined);
      row.lot.hidden = more;
      row.shared.hidden = more || !joined || card.lot.left_g === undefined || isStopped(card);
      if (row.shared.hidden) return;
      const left = kilograms(card.lot.left_g);
      say(row.shared, t("All sizes share what this harvest still gives: %(left)s", { left }));
    });
  }

  row(card) {
    const parts = {
      price: el("span", { class: "price price--small" }),
      was: el("s", { class: "price-was" }),
      left: el("span", { class: "small soft" }),
      stock: stockBar(),
      lot: lotLine(card, this.act),
      shared: el("p", { class: "bag__shared" }),
      flash: flashLine(),
      now: el("span", { class: "badge badge--kumquat" }, t("On screen now")),
      buy: buyButton(card, this.act, "bag__buy"),
    };
    const look = el(
      "button",
      { class: "bag__look", type: "button", "aria-haspopup": "dialog", onclick: () => this.act.look(card.id) },
      el("img", { class: "thumb", src: pictureOf(card), alt: "", width: 72, height: 72, loading: "lazy" }),
      el(
        "span",
        { class: "bag__text" },
        parts.now,
        el("span", { class: "bag__name" }, fullName(card)),
        el("span", { class: "bag__money" }, parts.price, parts.was),
        el("span", { class: "bag__stock" }, parts.stock, parts.left),
      ),
    );
    parts.item = el("li", { class: "bag__row" }, parts.flash, look, parts.lot, parts.buy, parts.shared);
    return parts;
  }

  update(row, card, pinned, buyable) {
    const was = wasOf(card);
    say(row.price, money(priceOf(card)));
    say(row.was, was ? money(was) : "");
    row.was.hidden = !was;
    row.flash.show(card);
    say(row.left, stockInWords(card));
    row.stock.show(card);
    row.lot.show(card);
    row.now.hidden = !pinned;
    row.buy.show(card, buyable, this.waits.of(card.id));
  }
}

/** The offers as the host arranged them; those of one lot follow the first of it. */
function inOrder(offers) {
  const cards = [...offers.values()];
  const lots = new Map(cards.map((card) => [card.lot.id, []]));
  for (const card of cards) lots.get(card.lot.id).push(card);
  return [...lots.values()].flat();
}

// One word for it with the studio, whose lists write it small.
const capital = (word) => word[0].toUpperCase() + word.slice(1);

const STATES = {
  placed: () => t("Ordered"),
  packed: () => capital(t("packed")),
  shipped: () => t("On its way"),
  at_centre: () => t("At the pick-up point"),
  received: () => t("Received"),
  cancelled: () => t("Cancelled"),
};

/** The orders that this device placed here, with the way to their pages. What stands there stays while
    the broadcast goes on: who is on a link, or presses it, does not lose it. */
export class OwnOrders {
  /** `places` are the elements that each show them. */
  constructor(places) {
    this.places = places.map((place) => {
      const shown = { place, title: el("h3"), list: el("ul", { class: "stack stack--close" }), rows: new Map() };
      place.replaceChildren(shown.title, shown.list);
      return shown;
    });
  }

  render(scene) {
    const links = linksOfOrders();
    const orders = [...scene.orders.values()].filter((order) => links[order.id]);
    for (const { place, title, list, rows } of this.places) {
      place.hidden = orders.length === 0;
      if (orders.length > 0) say(title, n("Your order", "Your orders", orders.length));
      for (const [order, { item }] of rows) {
        if (orders.some((each) => each.id === order)) continue;
        item.remove();
        rows.delete(order);
      }
      orders.forEach((order, index) => {
        if (!rows.has(order.id)) rows.set(order.id, this.row(links[order.id]));
        const { item, words } = rows.get(order.id);
        say(words, orderInWords(order));
        if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      });
    }
  }

  row(url) {
    const words = el("span");
    const link = el("a", { class: "link", href: url, target: "_blank" }, icon("check", true), words);
    return { item: el("li", {}, link), words };
  }
}

const orderInWords = (order) =>
  [order.number, money(amountPayable(order)), order.stopped ? t("Stopped") : STATES[order.state]?.()].filter(Boolean).join(" · ");
