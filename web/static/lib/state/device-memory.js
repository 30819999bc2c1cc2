// What this device remembers for its owner; a browser that keeps nothing loses only comfort.

/**
 * Read a remembered value, or null.
 * @param {string} name
 * @returns {any}
 */
export function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(`farmlive.${name}`) ?? "null");
  } catch {
    return null;
  }
}

/**
 * Remember a value; null forgets it.
 * @param {string} name
 * @param {unknown} value
 */
export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(`farmlive.${name}`);
    else localStorage.setItem(`farmlive.${name}`, JSON.stringify(value));
  } catch {
    // Private windows may refuse; the page works without.
  }
}

/** What pages for staff remember: drafts of a harvest's record or a broadcast, and choices in a console. */
const OF_STAFF = /^farmlive\.(prepare|harvest|kept|prices|flash)(\.|$)/;

/** What has no answer yet: hand-overs with their buyers' codes, moves of orders, and an order with its address. */
const WAITING = /^farmlive\.(handing$|moves\.|pending\.)/;

/** Forget what was remembered for whoever signs out: the next one at this device is somebody else. */
export function forgetStaff() {
  try {
    forget(localStorage, OF_STAFF);
    forget(sessionStorage, WAITING);
  } catch {
    // Where nothing is kept there is nothing to forget.
  }
}

/**
 * @param {Storage} storage
 * @param {RegExp} names
 */
function forget(storage, names) {
  const kept = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
  for (const name of kept) if (names.test(name)) storage.removeItem(name);
}
