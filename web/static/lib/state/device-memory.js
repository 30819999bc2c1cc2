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
