// What a page says whose channel lets it in no more: its sign-in is over, or its role is another one now.
// It shows nothing new then, and never tries again by itself.

/** Shows it as soon as the channel is refused. */
export function showSignedOut(channel) {
  channel.addEventListener("state", ({ detail }) => {
    document.querySelector("[data-signed-out]").hidden = detail !== "refused";
  });
}
