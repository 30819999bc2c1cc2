// The secret addresses of the orders that this device placed: remembered where its owner wants that,
// else known in this tab alone, over a reload too. Of what was ordered for others only that it was.

import { recall, remember } from "./device-memory.js";

const HERE = "farmlive.orders";

/** @returns {Record<string, string> | null} */
function recallHere() {
  try {
    return JSON.parse(sessionStorage.getItem(HERE) ?? "null");
  } catch {
    return null;
  }
}

/**
 * The addresses by order, `{order: url}`; an empty one where it was ordered for someone else.
 * @returns {Record<string, string>}
 */
export const linksOfOrders = () => ({ ...recall("orders"), ...recallHere() });

/** @param {Record<string, string>} links */
function keepHere(links) {
  try {
    sessionStorage.setItem(HERE, JSON.stringify(links));
  } catch {
    // A browser that keeps nothing: the answer itself still leads to the order.
  }
}

/**
 * Keep the address of an order that was placed; `remembered` is null where it is for someone else.
 * @param {{ id: string, url: string }} order
 * @param {{ remembered?: boolean | null }} choice
 */
export function keepLink({ id, url }, { remembered = true }) {
  if (remembered) remember("orders", { ...recall("orders"), [id]: url });
  else keepHere({ ...recallHere(), [id]: remembered === null ? "" : url });
}

/** Forget the addresses, and know still which orders they were of. */
export function forgetLinks() {
  const known = Object.keys(linksOfOrders());
  remember("orders", null);
  if (known.length) keepHere(Object.fromEntries(known.map((order) => [order, ""])));
}
