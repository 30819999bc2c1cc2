// The server's clock: what runs out there runs out here at the same moment, however this device's
// clock is set.

import { page } from "./words.js";

const loaded = performance.getEntriesByType("navigation")[0]?.responseStart ?? performance.now();

/** Milliseconds since 1970 by the server's clock. */
export const now = () =>
  page.now === undefined ? Date.now() : page.now + performance.now() - loaded;
