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

/** Forget what was remembered for whoever signs out: the next one at this device is somebody else. */
export function forgetStaff() {
  try {
    for (const name of Object.keys(localStorage))
      if (OF_STAFF.test(name)) localStorage.removeItem(name);
  } catch {
    // Where nothing is kept there is nothing to forget.
  }
}
