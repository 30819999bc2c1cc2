// The sum that keeps robots from the till: a string whose SHA-256 behind a prefix begins with so many
// zero bits. Found in a worker, or where there is none in slices, so that the page never stands still.

import { Problem } from "./api.js";
import { search } from "./proof-of-work-search.js";

/**
 * The proof for a prefix; the same prefix always has the same one. Null where the browser can't
 * search, as on a page without HTTPS.
 * @param {string} prefix
 * @param {number} bits
 * @returns {Promise<string | null>}
 */
export async function prove(prefix, bits) {
  if (!globalThis.crypto?.subtle) return null;
  const worker = begin();
  if (!worker) return search(prefix, bits);
  try {
    return await new Promise((resolve, reject) => {
      worker.addEventListener("message", ({ data }) => resolve(data));
      worker.addEventListener("error", reject);
      worker.postMessage({ prefix, bits });
    });
  } catch {
    return search(prefix, bits);
  } finally {
    worker.terminate();
  }
}

/**
 * The answer to what may need a proof of its key: `send` gets the proof, or nothing where none is
 * known to be needed, and is asked again with it where the server wants one. `search` is `prove`,
 * for who tells that it goes on. Throws Problem.
 * @template T
 * @param {string} broadcast
 * @param {string} key
 * @param {(proof?: string) => Promise<T>} send
 * @param {{ proof?: string, search?: typeof prove }} [options]
 * @returns {Promise<T>}
 */
export async function proven(broadcast, key, send, { proof, search = prove } = {}) {
  try {
    return await send(proof);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.slug !== "proof-needed" || proof) throw problem;
    const found = await search(`${broadcast}:${key}:`, problem.body.bits);
    if (found === null) throw problem;
    return send(found);
  }
}

function begin() {
  try {
    return new Worker(new URL("./proof-of-work-worker.js", import.meta.url), { type: "module" });
  } catch {
    return null;
  }
}
