"""Takes pictures of a running demo with Chromium, at both sizes and in both languages.

Pictures that a document shows go to docs/pictures; the others go to a folder that git ignores.
"""

import argparse
import io
import json
import re
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright
from scripts.benches.lab import browsers
from scripts.picture_people import colleague, of_keys, of_shut_out
from scripts.picture_trade import Trade, of_claim, of_wrong_price

from farmlive.demo.film.film import KITCHEN, film_in

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
REST = ROOT / ".pictures"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
# A picture's name, its page, what is waited for there, and whose browser it is.
View = tuple[str, str, Callable[[Page], None], BrowserContext]
# For a page's `wait_for_function`: a video on it has a picture, and goes on.
PLAYS = "[...document.querySelectorAll('video')].some(v => v.videoWidth && v.currentTime > 1)"
# The guest holds the phone upright, before whoever stirs the jam.
GUEST = "crop=ih*9/16:ih:iw/2:0,scale=540:960"


def as_device(viewport: dict[str, int]) -> dict[str, Any]:
    """Return the options of a browser context for a phone or a desk."""
    is_phone = viewport is PHONE
    return {
        "viewport": viewport,
        "bypass_csp": True,
        "is_mobile": is_phone,
        "has_touch": is_phone,
    }


def camera(data: Path, cut: str, folder: Path) -> Path:
    """Return some seconds of the demo's kitchen for Chromium's camera, through these filters of
    ffmpeg.
    """
    path = folder / "camera.mjpeg"
    film = film_in(data, KITCHEN)
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", film, "-t", "4", "-vf", cut, path],
        check=True,
    )
    return path


def playing(page: Page) -> None:
    """Wait until a video on the page has a picture."""
    page.wait_for_function(PLAYS, timeout=30_000)


def pinned(page: Page) -> None:
    """Wait until the video plays and a card lies over it."""
    playing(page)
    page.locator("#card").wait_for(timeout=60_000)


def flashing(page: Page) -> None:
    """Wait until the card has a flash batch, as the demo's host runs one now and then."""
    pinned(page)
    page.locator("#card .flash[data-state=running]").wait_for(timeout=400_000)


def settled(page: Page) -> None:
    """Wait until nothing more is loaded."""
    page.wait_for_load_state("load")


def watched(page: Page) -> None:
    """Wait until every camera's tile has a picture, and bring them into sight."""
    playing(page)
    page.locator("[data-sources-panel]").scroll_into_view_if_needed()
    page.wait_for_function(
        "(tiles => tiles.length > 2 && tiles.every(tile => tile.videoWidth))"
        "([...document.querySelectorAll('.cam video')])",
        timeout=30_000,
    )


def waiting(page: Page) -> None:
    """Join as a guest, unless this page did before, and wait for the host."""
    page.wait_for_load_state("networkidle")
    if page.locator("[data-guest][data-standing=intro]").count():
        page.locator("[data-act=open]").click()
        page.locator("[data-act=enter]").click()
    page.locator("[data-guest][data-standing=waiting]").wait_for(timeout=30_000)
    page.wait_for_function("document.querySelector('[data-program-video]').videoWidth > 0")


def listed(page: Page) -> None:
    """Wait until what the page lists has come."""
    page.wait_for_load_state("networkidle")
    page.locator(".skeleton").first.wait_for(state="hidden")


def opened(page: Page, button: str) -> None:
    """Press what opens a part of the console, where that is a sheet: on a phone."""
    if (opens := page.locator(button).first).is_visible():
        opens.click()


def stopped(page: Page) -> None:
    """Wait until the console shows a stopped offer, and bring it into sight."""
    playing(page)
    opened(page, "[data-open-panel=bag]")
    page.locator("[data-bag-list] .note--red").first.wait_for()
    page.locator("[data-bag-list] > :has(.note--red)").first.scroll_into_view_if_needed()


def muted(page: Page) -> None:
    """Open the list of who is muted."""
    playing(page)
    opened(page, "[data-chat-grow]")
    page.locator("[data-muted]").first.click()
    page.locator("[data-muted-list] li").first.wait_for()


def held(page: Page) -> None:
    """Scroll to the messages that were held back."""
    listed(page)
    page.locator("[data-list=held] li").first.wait_for()
    page.locator("section:has([data-list=held])").evaluate("(held) => held.scrollIntoView()")


def buying(page: Page) -> None:
    """Tap Buy on the pinned card, to open the form with its hold."""
    pinned(page)
    page.locator("#card .pinned__buy").first.click()
    page.locator("dialog[open]").first.wait_for()


def invited(staff: BrowserContext, url: str, live: str) -> str:
    """Invite a guest as a host, in place of earlier ones; return the path of the guest's page."""
    guests = f"{url}/api/v1/broadcasts/{live}/guests"
    csrf = staff.request.get(f"{url}/api/v1/session").json()["csrf"]
    headers = {"X-CSRF-Token": csrf}
    for guest in staff.request.get(guests).json()["guests"]:
        staff.request.delete(f"{guests}/{guest['id']}", headers=headers)
    made = staff.request.post(guests, headers=headers, data={"label": "王月娥"})
    return str(made.json()["url"])


def signed_in(context: BrowserContext, demo: dict[str, Any], role: str) -> None:
    """Sign in as the demo's first account of a role."""
    user = next(user for user in demo["users"] if user["role"] == role)
    context.request.post(
        f"{demo['url']}/api/v1/session",
        data={"name": user["name"], "password": user["password"]},
    )


def shown() -> set[str]:
    """Return the names of the files that the documents show."""
    pages = (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    return {name for page in pages for name in re.findall(r"pictures/([\w.-]+)", page.read_text())}


def webp(picture: bytes) -> bytes:
    """Encode a screenshot as WebP: lossless, or at quality 90 where that is smaller."""
    pixels = Image.open(io.BytesIO(picture)).convert("RGB")
    encoded = []
    for options in ({"lossless": True, "quality": 100}, {"quality": 90}):
        file = io.BytesIO()
        pixels.save(file, "WEBP", method=6, **options)
        encoded.append(file.getvalue())
    return min(encoded, key=len)


class Album:
    """The folders for pictures, by whether a document shows them."""

    def __init__(self, shown_folder: Path, rest_folder: Path | None):
        self._shown, self._shown_folder, self._rest_folder = shown(), shown_folder, rest_folder

    def path(self, name: str) -> Path | None:
        """Return the path for the picture of this file name, or None if nobody wants it."""
        folder = self._shown_folder if name in self._shown else self._rest_folder
        if folder is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name


def take(views: list[View], url: str, language: str, size: str, album: Album) -> None:
    """Take those of these pictures that the album wants, in one language."""
    for name, path, wait, context in views:
        file = album.path(f"{name}-{size}-{language}.webp")
        if file is None:
            continue
        page = context.new_page()
        page.goto(f"{url}{path}?lang={language}")
        wait(page)
        page.wait_for_timeout(600)  # what slides in has come to rest
        file.write_bytes(webp(page.screenshot()))
        page.close()


def main() -> None:
    """Take every picture, or the named ones."""
    parser = argparse.ArgumentParser(prog="./scripts/pictures", description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=".farmlive-demo", metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a picture such as slips")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--shown", action="store_true", help="only those that a document shows")
    which.add_argument("--to", type=Path, help="one folder for all of them, shown or not")
    options = parser.parse_args()
    data, named = options.data, set(options.names)
    album = Album(options.to or PICTURES, None if options.shown else options.to or REST)
    if not (data / "demo.json").exists():
        raise SystemExit(f"No demo runs in {data}: ./scripts/demo --data {data} starts one.")
    demo = json.loads((data / "demo.json").read_text())
    url, live = demo["url"], demo["live"]
    card, dear = demo["offers"][0], demo["offers"][-1]

    def wanted(views: list[View]) -> list[View]:
        return [view for view in views if not named or view[0] in named]

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        seen = camera(data, GUEST, Path(folder))
        flags = [
            *(*browsers.ARGUMENTS, *browsers.CAMERA),
            f"--use-file-for-fake-video-capture={seen}",
        ]
        browser = playwright.chromium.launch(
            executable_path=browsers.installed(*browsers.WINDOWLESS), args=flags
        )
        for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
            staff, clerk, visitor = (browser.new_context(**as_device(viewport)) for _ in range(3))
            signed_in(staff, demo, "coordinator")
            signed_in(clerk, demo, "clerk")
            ask = staff.request.get
            broadcasts = ask(f"{url}/api/v1/broadcasts").json()["broadcasts"]
            past, *_, closed = (one["id"] for one in broadcasts if one["state"] == "ended")
            farm = ask(f"{url}/api/v1/farms").json()["farms"][0]["id"]
            trade = Trade(staff, visitor, url, live)
            offers = ask(f"{url}/api/v1/broadcasts/{live}/offers").json()["offers"]
            plenty = max(offers, key=lambda offer: int(offer["left"]))
            order = trade.ordered(plenty)["url"]
            picked_up = trade.picked_up(plenty)
            trade.brought(past)
            trade.mispriced(dear)
            trade.muted()
            claimed = trade.claimed(closed, data, Path(folder))
            colleague(browser, staff, url, live)
            wrong = partial(of_wrong_price, offer=dear["id"])
            guest = visitor.new_page()
            visitor.grant_permissions(["camera", "microphone"])
            link = invited(staff, url, live)
            views: list[View] = [
                ("start", "/", settled, visitor),
                ("live", f"/live/{live}", pinned, visitor),
                ("flash", f"/live/{live}", flashing, visitor),
                ("buy", f"/live/{live}", buying, visitor),
                ("order", order, settled, visitor),
                ("pick-up", picked_up, settled, visitor),
                ("claimed", claimed, settled, visitor),
                ("origin", f"/01/{card['gtin']}/10/{card['lot']}", settled, visitor),
                ("farm", f"/origin/farm/{farm}", settled, visitor),
                ("studio", f"/studio/{live}", playing, staff),
                ("cameras", f"/studio/{live}", watched, staff),
                ("orders", f"/studio/{past}/orders", listed, staff),
                ("claim", f"/studio/{closed}/orders", of_claim, staff),
                ("wrong-price", f"/studio/{live}", wrong, staff),
                ("slips", f"/studio/{past}/orders/slips", settled, staff),
                ("labels", f"/studio/{past}/orders/labels", settled, staff),
                ("hand-over", "/studio/handover", listed, staff),
                ("clerk", "/studio", listed, clerk),
                ("fees", "/studio/fees", listed, staff),
                ("harvest", f"/studio/farms/{farm}/harvest", settled, staff),
                ("people", "/studio/people", listed, staff),
                ("keys", "/studio/people", of_keys, staff),
                ("shut-out", "/studio/people", of_shut_out, staff),
                ("account", "/studio/account", listed, staff),
                ("audit", "/studio/audit", listed, staff),
                ("privacy", "/privacy", settled, visitor),
                ("muted", f"/studio/{live}", muted, staff),
                ("held", "/studio/people", held, staff),
                ("review", f"/review/{past}", settled, staff),
                ("pick-list", f"/review/{past}/lists/pick-list", settled, staff),
            ]
            jam = demo["offers"][2]["lot_id"]
            of_stop: list[View] = [
                ("stopped", f"/origin/lot/{jam}", settled, visitor),
                ("stopped-studio", f"/studio/{live}", stopped, staff),
                ("stopped-lot", f"/studio/lots/{jam}", listed, staff),
            ]

            for language in ("zh", "en"):
                if not named or "guest" in named:
                    guest.goto(f"{url}{link}?lang={language}")
                    waiting(guest)
                    guest.wait_for_timeout(600)
                    if file := album.path(f"guest-{size}-{language}.webp"):
                        file.write_bytes(webp(guest.screenshot()))
                take(wanted(views), url, language, size, album)
            # Pictures of the jam on sale are taken before its lot is stopped.
            if wanted(of_stop):
                with trade.stopped(jam):
                    for language in ("zh", "en"):
                        take(wanted(of_stop), url, language, size, album)
            for context in (staff, clerk, visitor):
                context.close()
        browser.close()


if __name__ == "__main__":
    main()
