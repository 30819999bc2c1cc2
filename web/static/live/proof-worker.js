// The worker in which a proof is searched.

import { search } from "./proof-search.js";

addEventListener("message", async ({ data: { prefix, bits } }) => {
  postMessage(await search(prefix, bits));
});
