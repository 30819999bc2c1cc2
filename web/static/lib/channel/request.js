// Asking the server: over the channel, or over HTTP where that is down.

import { Problem } from "./api.js";

/** The answer to a message of the channel; `instead` asks the same over HTTP. */
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
