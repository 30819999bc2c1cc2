// What viewers buy by: the bag, the sheets of an offer, of buying and of a lot's story, what is held and
// the waiting list. live.js imports it once the picture is there, or at the first tap that needs it.

import { find, findDialog } from "../../lib/ui/dom.js";
import { close, open } from "../../lib/ui/sheet.js";
import { Bag } from "./offers/bag.js";
import { OwnOrders } from "./buying/own-orders.js";
import { Basket } from "./buying/basket/basket.js";
import { Buying } from "./buying/buy.js";
import { HoldBar } from "./buying/hold-bar.js";
import { OfferDetails } from "./offers/offer-details.js";
import { Ordering } from "./buying/ordering.js";
import { openOrigin, refreshOrigin } from "./offers/origin-sheet.js";
import { WaitlistView } from "./offers/waitlist-view.js";
import { Waitlist } from "./offers/waitlist.js";

/** @param {string} id */
const at = (id) => find(document, `#${id}`);
/** @param {string} id */
const sheet = (id) => findDialog(document, `#${id}`);

export function closeSheets() {
  for (const dialog of document.querySelectorAll("dialog")) close(dialog);
}

export class Shop {
  /**
   * `draw` draws the offers again, after a change that no event tells.
   * @param {{ broadcast: import("../../lib/state/api").Broadcast, centres: import("../../lib/state/api").Centre[], channel: import("../../lib/channel/channel.js").Channel, scene: import("../../lib/state/broadcast-state.js").BroadcastState, draw: () => void }} page
   */
  constructor({ broadcast, centres, channel, scene, draw }) {
    this.scene = scene;
    this.waits = new Waitlist(broadcast.id, channel);
    this.basket = new Basket(broadcast.id, channel, scene);
    this.ordering = new Ordering(broadcast.id, channel, scene, this.basket);
    /**
     * What taps on an offer do, wherever it stands.
     * @type {import("./types").OfferActs & { openBag: () => void }}
     */
    this.act = {
      // `price` is the one that was seen; a tap that came by the offer's own sheet was counted there.
      buy: (offer, { price, counted = false } = {}) => {
        closeSheets();
        if (!counted) channel.tell({ type: "card.open", offer });
        this.buying.begin(offer, price);
      },
      wait: (offer, quantity) => this.waiting.join(offer, quantity),
      leave: (offer) => this.waiting.leave(offer, sheet("look-sheet")),
      openBag: () => open(sheet("bag-sheet")),
      look: (offer) => {
        closeSheets();
        this.look.show(offer);
      },
      origin: (lot) => {
        closeSheets();
        openOrigin(sheet("origin-sheet"), lot);
      },
    };
    const { act, basket, ordering, waits } = this;
    const begin = () => {
      this.waiting.read();
      if (!sheet("buy-sheet").open) closeSheets();
      this.buying.begin(null);
    };
    this.buying = new Buying(sheet("buy-sheet"), { basket, ordering, scene, centres }, act);
    this.waiting = new WaitlistView({ waits, basket, scene, begin });
    this.look = new OfferDetails(sheet("look-sheet"), { scene, channel, waits }, act);
    this.bag = new Bag([at("bag-list"), at("bag-sheet-list")], at("bag-count"), act, waits);
    this.ownOrders = new OwnOrders([at("bag-orders"), at("bag-sheet-orders")]);
    const kept = new HoldBar(at("kept"), basket, begin);
    waits.addEventListener("change", draw);
    basket.addEventListener("stopped", draw);
    ordering.addEventListener("asking", () => kept.render());
    ordering.addEventListener("placed", () => this.ownOrders.render(scene));
  }

  /**
   * `isKnown`: whether a snapshot has come.
   * @param {boolean} buyable
   * @param {boolean} isKnown
   */
  renderOffers(buyable, isKnown) {
    this.bag.render(this.scene, buyable, isKnown);
    this.look.render(buyable);
  }

  /** @param {boolean} buyable */
  render(buyable) {
    this.ownOrders.render(this.scene);
    this.basket.sync();
    this.ordering.sync();
    this.buying.render(buyable);
  }

  /** A snapshot came, which the scene has already. */
  welcome() {
    this.basket.log.hearAll();
    this.waits.welcome();
  }

  /**
   * One event, which the scene has already.
   * @param {import("../../lib/state/events").LiveEvent} event
   */
  apply(event) {
    this.waits.apply(event);
    this.basket.log.hear(event);
    if (event.kind === "order.held" && event.data.corrected) this.basket.corrected(event.data);
  }

  /**
   * All events of a frame, once each was applied.
   * @param {import("../../lib/state/events").LiveEvent[]} events
   */
  hear(events) {
    for (const { kind, data } of events) if (kind === "clock.moved") this.basket.moved(data.by);
    for (const { kind, data } of events)
      if (kind === "lot.stopped" || kind === "lot.resumed")
        refreshOrigin(sheet("origin-sheet"), data.lot);
  }
}
