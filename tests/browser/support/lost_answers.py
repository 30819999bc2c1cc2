"""A network that loses the answers to orders."""

import json
from typing import Any

from playwright.async_api import Page, Route

# The channel breaks whenever an order is sent by it.
FRAIL = """
window.WebSocket = class extends WebSocket {
  send(text) {
    if (JSON.parse(text).type === "order.place") this.close();
    else super.send(text);
  }
};
"""


class Proxy:
    """What stands before the server: while it is `broken` it loses the answers to orders."""

    def __init__(self) -> None:
        self.broken = True
        self.passes = True
        self.keys: list[str] = []
        self.answer: dict[str, Any] | None = None

    async def __call__(self, route: Route) -> None:
        self.keys.append(route.request.headers["idempotency-key"])
        if self.broken:
            if self.passes:
                await route.fetch()
            await route.fulfill(status=502, content_type="text/html", body="<h1>Bad Gateway</h1>")
        elif self.answer is not None:
            await route.fulfill(
                status=self.answer["status"],
                content_type="application/problem+json",
                body=json.dumps(self.answer),
            )
        else:
            await route.continue_()


async def behind(page: Page) -> Proxy:
    proxy = Proxy()
    await page.route("**/api/v1/broadcasts/*/orders", proxy)
    return proxy


async def come_back(page: Page) -> None:
    """The network says that it is there again, so that nobody waits for the next pause."""
    await page.evaluate("dispatchEvent(new Event('online'))")
