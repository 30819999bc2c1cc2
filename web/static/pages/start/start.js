// The start page: comes up to date by itself when a broadcast starts, ends or is planned.

import { api } from "../../lib/channel/api.js";
import { page } from "../../lib/words.js";

const EVERY = 15_000;

async function look() {
  if (document.hidden) return;
  const { broadcasts } = await api("GET", "/api/v1/broadcasts");
  /** @type {import("../../lib/state/api").Broadcast[]} */
  const all = broadcasts;
  const now = all.map(({ id, state }) => `${id} ${state}`).join();
  if (now !== page.data.seen) location.reload();
}

// What can't be asked now is asked again in a moment.
setInterval(() => look().catch(() => {}), EVERY);
document.addEventListener("visibilitychange", () => look().catch(() => {}));
