// What a page says whose channel lets it in no more: its sign-in is over, or its role is another one now.
// It shows nothing new then, and never tries again by itself.

import { find } from "../ui/dom.js";

/**
 * Shows it as soon as the channel is refused.
 * @param {import("./channel.js").Channel} channel
 */
export function showSignedOut(channel) {
  channel.addEventListener("state", () => {
    find(document, "[data-signed-out]").hidden = channel.state !== "refused";
  });
}
