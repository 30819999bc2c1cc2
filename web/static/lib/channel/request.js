// Asking the server: over the channel, or over HTTP where that is down.

import { Problem } from "./api.js";

/**
 * The answer to a message of the channel; `instead` asks the same over HTTP.
 * @template T
 * @param {import("./channel.js").Channel} channel
 * @param {import("./channel.js").Message} message
 * @param {() => Promise<T>} instead
 * @returns {Promise<T>}
 */
export async function request(channel, message, instead) {
  if (channel.state === "open" && navigator.onLine) {
    try {
      return await channel.ask(message);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.slug !== "offline") throw problem;
    }
  }
  return instead();
}
