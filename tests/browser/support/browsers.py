"""Browsers of visitors, one for each page that a test opens: contexts of one Chromium.

After a test each is emptied of all that it knows, and opened again for another one. What it has
read of the static files it keeps, as a browser at home does: a page loads some sixty of them.
"""

from contextlib import suppress
from dataclasses import dataclass

from playwright.async_api import Browser, BrowserContext, Error, Page
from scripts.benches.lab.browsers import CAMERA, QUIET, WINDOWLESS, installed
from tests.support.waiting import LONG_S

ARGUMENTS = [*QUIET, *CAMERA]

# Two thirds of what a phone's page costs while it plays is to blur what surrounds the picture, and
# a fifth of what it costs to buy is to move. Those who walk the whole way see all of it.
SHARP = """
const sharp = new CSSStyleSheet();
sharp.replaceSync("* { filter: none !important }");
document.adoptedStyleSheets.push(sharp);
"""


def program(wanted: str = "") -> str:
    """Where Chromium is: the one that is wanted, or the first that is there."""
    if found := installed(*[wanted] if wanted else WINDOWLESS):
        return found
    raise AssertionError("Chromium is missing; ./scripts/test installs it")


@dataclass(frozen=True)
class Kind:
    """What a browser is made with and keeps for good."""

    url: str
    size: tuple[int, int]
    language: str


class Browsers:
    """The browsers of one Chromium that nobody uses at the moment, and how one gets another."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._idle: dict[Kind, list[BrowserContext]] = {}

    async def take(self, kind: Kind) -> tuple[BrowserContext, Page]:
        """A browser that knows nothing, and an empty page in it."""
        if not self._idle.get(kind):
            context = await self._made(kind)
            return context, await context.new_page()
        context = self._idle[kind].pop()
        page = await context.new_page()
        tool = await context.new_cdp_session(page)
        forgotten = {"origin": kind.url, "storageTypes": "local_storage,indexeddb,cache_storage"}
        await tool.send("Storage.clearDataForOrigin", forgotten)
        await tool.detach()
        return context, page

    async def drop_hold(self, kind: Kind, context: BrowserContext) -> None:
        """Somebody else may use it; but not one that can't be emptied any more."""
        try:
            for page in context.pages:
                await page.close()
            await context.clear_cookies()
            await context.clear_permissions()
            await context.set_offline(False)
        except Error:
            await self.throw_away(context)
        else:
            self._idle.setdefault(kind, []).append(context)

    @staticmethod
    async def throw_away(context: BrowserContext) -> None:
        """Nobody uses it again."""
        with suppress(Error):
            await context.close()

    async def _made(self, kind: Kind) -> BrowserContext:
        width, height = kind.size
        context = await self._chromium.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN" if kind.language == "zh" else "en-GB",
            base_url=kind.url,
            has_touch=width < 900,
        )
        context.set_default_timeout(LONG_S * 1000)
        return context
