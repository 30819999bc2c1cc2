// The worker in which a proof is searched.

import { search } from "./proof-of-work-search.js";

addEventListener("message", async ({ data: { prefix, bits } }) => {
  try {
    postMessage(await search(prefix, bits));
  } catch {
    postMessage(null); // this browser has no Web Crypto here
  }
});
