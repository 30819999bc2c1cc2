"""Takes the pictures of docs/pictures from a demo that runs, with Chromium, at both sizes."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

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


def main() -> None:
    """Take every picture."""
    demo = json.loads((Path(sys.argv[1]) / "demo.json").read_text())
    url, live = demo["url"], demo["live"]
    host = next(user for user in demo["users"] if user["role"] == "coordinator")
    card = demo["offers"][0]
    views: list[tuple[str, str, Callable[[Page], None], bool]] = [
        ("start", "/", settled, False),
        ("live", f"/live/{live}", pinned, False),
        ("origin", f"/01/{card['gtin']}/10/{card['lot']}", settled, False),
        ("studio", f"/studio/{live}", playing, True),
        ("review", f"/review/{live}", settled, True),
    ]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
            for language in ("zh", "en"):
                context: BrowserContext = browser.new_context(
                    viewport=viewport,
                    bypass_csp=True,
                    is_mobile=size == "phone",
                    has_touch=size == "phone",
                )
                context.request.post(
                    f"{url}/api/v1/session",
                    data={"name": host["name"], "password": host["password"]},
                )
                visitor = browser.new_context(
                    viewport=viewport,
                    bypass_csp=True,
                    is_mobile=size == "phone",
                    has_touch=size == "phone",
                )
                for name, path, wait, staff in views:
                    page = (context if staff else visitor).new_page()
                    page.goto(f"{url}{path}?lang={language}")
                    wait(page)
                    page.screenshot(path=PICTURES / f"{name}-{size}-{language}.png")
                    page.close()
                context.close()
                visitor.close()
        browser.close()


if __name__ == "__main__":
    main()
