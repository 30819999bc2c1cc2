"""Takes the pictures of docs/pictures from a demo that runs, with Chromium, at both sizes."""

import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def playing(page: Page) -> None:
    """Wait until a video on the page has a picture."""
    page.wait_for_function(
        "[...document.querySelectorAll('video')].some(v => v.videoWidth && v.currentTime > 1)",
        timeout=30_000,
    )


def pinned(page: Page) -> None:
    """Wait until the video plays and a card lies over it."""
    playing(page)
    page.locator("#card").wait_for(timeout=60_000)


def settled(page: Page) -> None:
    """Wait until nothing more is loaded."""
    page.wait_for_load_state("load")


def listed(page: Page) -> None:
    """Wait until what the page lists has come."""
    page.wait_for_load_state("networkidle")
    page.locator(".skeleton").first.wait_for(state="hidden")


def buying(page: Page) -> None:
    """Tap Buy on the pinned card, so that the form with its hold is open."""
    pinned(page)
    page.locator("#card .pinned__buy").first.click()
    page.locator("dialog[open]").first.wait_for()


def ordered(visitor: BrowserContext, url: str, live: str, offer: dict[str, Any]) -> str:
    """Place an order, as a visitor would; the address of its page."""
    answer = visitor.request.post(
        f"{url}/api/v1/broadcasts/{live}/orders",
        headers={"Idempotency-Key": secrets.token_urlsafe(16)},
        data={
            "lines": [
                {"offer": offer["offer"], "quantity": 2, "price": offer["price"]["amount"]},
            ],
            "buyer": {"name": "王月娥", "phone": "13800001001"},
            "delivery": {"way": "parcel", "address": "福建省福州市鼓楼区东街 12 号"},
            "payment": "cash_on_delivery",
        },
    )
    return str(answer.json()["url"])


def main() -> None:
    """Take every picture."""
    demo = json.loads((Path(sys.argv[1]) / "demo.json").read_text())
    url, live = demo["url"], demo["live"]
    host = next(user for user in demo["users"] if user["role"] == "coordinator")
    card = demo["offers"][0]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
            staff, visitor = (
                browser.new_context(
                    viewport=viewport,
                    bypass_csp=True,
                    is_mobile=size == "phone",
                    has_touch=size == "phone",
                )
                for _ in range(2)
            )
            staff.request.post(
                f"{url}/api/v1/session",
                data={"name": host["name"], "password": host["password"]},
            )
            ask = staff.request.get
            broadcasts = ask(f"{url}/api/v1/broadcasts").json()["broadcasts"]
            past = next(one["id"] for one in broadcasts if one["state"] == "ended")
            farm = ask(f"{url}/api/v1/farms").json()["farms"][0]["id"]
            order = ordered(visitor, url, live, card)
            views: list[tuple[str, str, Callable[[Page], None], BrowserContext]] = [
                ("start", "/", settled, visitor),
                ("live", f"/live/{live}", pinned, visitor),
                ("buy", f"/live/{live}", buying, visitor),
                ("order", order, settled, visitor),
                ("origin", f"/01/{card['gtin']}/10/{card['lot']}", settled, visitor),
                ("farm", f"/origin/farm/{farm}", settled, visitor),
                ("studio", f"/studio/{live}", playing, staff),
                ("orders", f"/studio/{past}/orders", listed, staff),
                ("harvest", f"/studio/farms/{farm}/harvest", settled, staff),
                ("people", "/studio/people", listed, staff),
                ("review", f"/review/{past}", settled, staff),
                ("pick-list", f"/review/{past}/lists/pick-list", settled, staff),
            ]
            for language in ("zh", "en"):
                for name, path, wait, context in views:
                    page = context.new_page()
                    page.goto(f"{url}{path}?lang={language}")
                    wait(page)
                    page.wait_for_timeout(600)  # what slides in has come to rest
                    page.screenshot(path=PICTURES / f"{name}-{size}-{language}.png")
                    page.close()
            staff.close()
            visitor.close()
        browser.close()


if __name__ == "__main__":
    main()
