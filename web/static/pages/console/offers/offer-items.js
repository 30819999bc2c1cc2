// A list with an element for each offer, which stays while the offer does, so that neither focus nor a finger
// loses it.

import { cloned, findAll } from "../../../lib/ui/dom.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */

/**
 * Draw the offers in their order; `make` is told of each new element, and `fill` of all.
 * @param {HTMLElement} list
 * @param {string} template the id of the <template> of an element
 * @param {Offer[]} offers
 * @param {{ make: (item: HTMLElement, offer: Offer) => void, fill: (item: HTMLElement, offer: Offer) => void }} act
 */
export function drawItems(list, template, offers, { make, fill }) {
  const items = new Map(
    findAll(list, ":scope > [data-offer]").map((item) => [item.dataset.offer, item]),
  );
  const focused = document.activeElement;
  offers.forEach((offer, index) => {
    let item = items.get(offer.id);
    items.delete(offer.id);
    if (!item) {
      item = cloned(template);
      item.dataset.offer = offer.id;
      make(item, offer);
    }
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    fill(item, offer);
  });
  for (const item of items.values()) item.remove();
  // A row that moves to the top loses the focus on its way.
  if (focused !== document.activeElement && focused instanceof HTMLElement)
    if (list.contains(focused)) focused.focus({ preventScroll: true });
}
