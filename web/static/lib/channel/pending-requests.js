// An order whose answer has not come: its body and key are kept in this tab, over a reload too, so
// that the same order sent again is the same order.

/**
 * `{body, key}` of the broadcast, or null.
 * @param {string} broadcast
 */
export function recallPending(broadcast) {
  try {
    return JSON.parse(sessionStorage.getItem(`farmlive.pending.${broadcast}`) ?? "null");
  } catch {
    return null;
  }
}

/**
 * Keep it until it is known what became of the order; null forgets it.
 * @param {string} broadcast
 * @param {object | null} pending
 */
export function keepPending(broadcast, pending) {
  try {
    if (pending) sessionStorage.setItem(`farmlive.pending.${broadcast}`, JSON.stringify(pending));
    else sessionStorage.removeItem(`farmlive.pending.${broadcast}`);
  } catch {
    // A browser that keeps nothing: the key lives as long as the page.
  }
}

/** A random key, as the till wants one. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_");
}
