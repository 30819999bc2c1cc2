"""Times the requests of a page in Chromium, and throttles its CPU, by the DevTools protocol."""

from dataclasses import dataclass, field
from typing import Any, Self

from playwright.async_api import CDPSession, Page

# Notes when the card can be bought from, or a broadcast's link is there, and when the video shows
# a frame: in the first frame that the page draws afterwards, in seconds since the navigation.
_WATCH = """
(() => {
  const found = (window.found = {});
  const note = (name) => {
    if (name in found) return;
    found[name] = null;
    requestAnimationFrame(() => {
      found[name] = performance.now() / 1000;
    });
  };
  const look = () => {
    const card = document.querySelector(".pinned__buy:enabled, .show__title a");
    if (card && card.getClientRects().length) note("card_s");
    const video = document.getElementById("video");
    if (video && !video.dataset.watched) {
      video.dataset.watched = "1";
      video.requestVideoFrameCallback(() => note("frame_s"));
    }
  };
  const all = { subtree: true, childList: true, attributes: true };
  new MutationObserver(look).observe(document, all);
})();
"""


@dataclass
class PageLoad:
    """The requests of a page since `tap`, and the bytes that came of them, heads included.

    A WebSocket is one request, and its bytes are those of its messages and of its handshake.
    """

    session: CDPSession
    urls: list[str] = field(default_factory=list)
    octets: int = 0
    began: float | None = None
    whep_s: float | None = None

    @classmethod
    async def tap(cls, page: Page) -> Self:
        """Listen to what a page will load, and have it note when it is there."""
        await page.add_init_script(_WATCH)
        load = cls(await page.context.new_cdp_session(page))
        load.session.on("Network.requestWillBeSent", load._sent)
        load.session.on("Network.loadingFinished", load._loaded)
        load.session.on("Network.webSocketCreated", load._channel)
        load.session.on("Network.webSocketHandshakeResponseReceived", load._opened)
        load.session.on("Network.webSocketFrameReceived", load._heard)
        await load.session.send("Network.enable")
        return load

    async def slow_down(self, times: int) -> None:
        """Throttle the page's CPU by this factor."""
        await self.session.send("Emulation.setCPUThrottlingRate", {"rate": times})

    def _sent(self, told: dict[str, Any]) -> None:
        url = told["request"]["url"]
        if url.startswith("data:"):
            return
        self.urls.append(url)
        if self.began is None:
            self.began = told["timestamp"]
        if self.whep_s is None and "/whep/" in url and told["request"]["method"] == "POST":
            self.whep_s = told["timestamp"] - self.began

    def _loaded(self, told: dict[str, Any]) -> None:
        self.octets += round(told["encodedDataLength"])

    def _channel(self, told: dict[str, Any]) -> None:
        self.urls.append(told["url"])

    def _opened(self, told: dict[str, Any]) -> None:
        self.octets += len(told["response"].get("headersText", ""))

    def _heard(self, told: dict[str, Any]) -> None:
        self.octets += len(told["response"]["payloadData"].encode())
