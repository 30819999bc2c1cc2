// The bag: every offer of the broadcast, beside the video on a desk and in a sheet on a phone.

import { el, say } from "../../../lib/ui/dom.js";
import { kilograms, money } from "../../../lib/format/format.js";
import { t } from "../../../lib/words.js";
import { buyButton, lotLine, showProduct, stockBar, stockInWords } from "./card.js";
import { flashLine, priceOf, wasOf } from "../../../lib/state/flash-batch.js";
import { isStopped } from "../../../lib/state/broadcast-state.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../types").OfferActs} OfferActs */
/** @typedef {ReturnType<Bag["row"]>} Row */
/** @typedef {Map<string, Row>} Rows by offer */

export class Bag {
  /**
   * `places` are the elements that each show the whole list; `act` as a card has it.
   * @param {HTMLElement[]} places
   * @param {HTMLElement} counter
   * @param {OfferActs} act
   * @param {import("../types").Waits} waits
   */
  constructor(places, counter, act, waits) {
    /** @type {{ place: HTMLElement, rows: Rows }[]} */
    this.places = places.map((place) => ({ place, rows: new Map() }));
    this.counter = counter;
    this.act = act;
    this.waits = waits;
  }

  /**
   * `known` is false until the broadcast has told what is in the bag.
   * @param {import("../../../lib/state/broadcast-state.js").BroadcastState} scene
   * @param {boolean} buyable
   * @param {boolean} known
   */
  render(scene, buyable, known) {
    if (!known) return;
    const cards = inOrder(scene.offers);
    say(this.counter, String(cards.length));
    this.counter.hidden = cards.length === 0;
    for (const { place, rows } of this.places) {
      if (cards.length === 0) {
        rows.clear();
        const words = t("The bag is still empty. Products appear here when the host adds them.");
        place.replaceChildren(el("li", { class: "soft bag__empty" }, words));
        continue;
      }
      if (rows.size === 0) place.replaceChildren();
      for (const card of cards) {
        let row = rows.get(card.id);
        if (!row) {
          row = this.row(card);
          rows.set(card.id, row);
          place.append(row.item);
        }
        this.update(row, card, scene.pinned === card.id, buyable);
      }
      this.arrange(place, cards, rows);
      this.join(cards, rows);
    }
  }

  /**
   * Where the host moved an offer in the bag, its row moves too.
   * @param {HTMLElement} place
   * @param {Offer[]} cards
   * @param {Rows} rows
   */
  arrange(place, cards, rows) {
    cards.forEach((card, index) => {
      const item = rows.get(card.id)?.item;
      if (item && place.children[index] !== item) place.insertBefore(item, place.children[index]);
    });
  }

  /**
   * Offers of one lot stand as one: they share what it still gives, which the last one says.
   * @param {Offer[]} cards
   * @param {Rows} rows
   */
  join(cards, rows) {
    cards.forEach((card, index) => {
      const row = rows.get(card.id);
      if (!row) return;
      const joined = cards[index - 1]?.lot.id === card.lot.id;
      const more = cards[index + 1]?.lot.id === card.lot.id;
      row.item.classList.toggle("bag__row--of-many", joined || more);
      row.item.classList.toggle("bag__row--joined", joined);
      row.lot.hidden = more;
      const { left_g: grams } = card.lot;
      row.shared.hidden = more || !joined || grams === undefined || isStopped(card);
      if (row.shared.hidden || grams === undefined) return;
      const left = kilograms(grams);
      say(row.shared, t("All sizes share what is left of this harvest: %(left)s", { left }));
    });
  }

  /** @param {Offer} card */
  row(card) {
    const parts = {
      picture: el("img", { class: "thumb", alt: "", width: 72, height: 72, loading: "lazy" }),
      name: el("span", { class: "bag__name" }),
      price: el("span", { class: "price price--small" }),
      was: el("s", { class: "price-was" }),
      left: el("span", { class: "small soft" }),
      stock: stockBar(),
      lot: lotLine(this.act),
      shared: el("p", { class: "bag__shared" }),
      flash: flashLine(),
      now: el("span", { class: "badge badge--kumquat" }, t("On screen now")),
      buy: buyButton(card, this.act, "bag__buy"),
    };
    const look = el(
      "button",
      {
        class: "bag__look",
        type: "button",
        "aria-haspopup": "dialog",
        onclick: () => this.act.look(card.id),
      },
      parts.picture,
      el(
        "span",
        { class: "bag__text" },
        parts.now,
        parts.name,
        el("span", { class: "bag__money" }, parts.price, parts.was),
        el("span", { class: "bag__stock" }, parts.stock, parts.left),
      ),
    );
    const item = el(
      "li",
      { class: "bag__row" },
      parts.flash,
      look,
      parts.lot,
      parts.buy,
      parts.shared,
    );
    return { ...parts, item };
  }

  /**
   * @param {Row} row
   * @param {Offer} card
   * @param {boolean} pinned
   * @param {boolean} buyable
   */
  update(row, card, pinned, buyable) {
    const was = wasOf(card);
    showProduct(row, card);
    say(row.price, money(priceOf(card)));
    say(row.was, was ? money(was) : "");
    row.was.hidden = !was;
    row.flash.show(card);
    row.item.classList.toggle("bag__row--flash", row.flash.dataset.state !== "none");
    say(row.left, stockInWords(card));
    row.stock.show(card);
    row.lot.show(card);
    row.now.hidden = !pinned;
    row.buy.show(card, buyable, this.waits.of(card.id));
  }
}

/**
 * The offers as the host arranged them; those of one lot follow the first of it.
 * @param {Map<string, Offer>} offers
 */
function inOrder(offers) {
  /** @type {Map<string, Offer[]>} */
  const lots = new Map();
  for (const card of offers.values())
    lots.set(card.lot.id, [...(lots.get(card.lot.id) ?? []), card]);
  return [...lots.values()].flat();
}
