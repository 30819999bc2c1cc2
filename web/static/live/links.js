// The secret addresses of the orders that this device placed: remembered where its owner wants that,
// else known in this tab alone, over a reload too.

import { recall, remember } from "../common/memory.js";

const HERE = "farmlive.orders";

function recallHere() {
  try {
    return JSON.parse(sessionStorage.getItem(HERE));
  } catch {
    return null;
  }
}

/** The addresses by order, `{order: url}`. */
export const linksOfOrders = () => ({ ...recall("orders"), ...recallHere() });

/** Keep the address of an order that was placed. */
export function keepLink({ order, url }, { remembered = true }) {
  if (remembered) {
    remember("orders", { ...recall("orders"), [order]: url });
    return;
  }
  try {
    sessionStorage.setItem(HERE, JSON.stringify({ ...recallHere(), [order]: url }));
  } catch {
    // A browser that keeps nothing: the answer itself still leads to the order.
  }
}
