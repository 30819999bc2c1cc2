"""A buyer's personal data as a page: in the exported file and in the browser.

Owns its drawing, and the forms that request the page or the file by an order's link or a code. They
need no script, and no `blob:`, which browsers within other apps can't save.
shop/privacy/persons.py decides who gets which data.
"""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from farmlive.pages.rendering.languages import language_of
from farmlive.pages.rendering.render import Pages
from farmlive.pages.rendering.static import WEB
from farmlive.pages.services import Services
from farmlive.people import Caller, Guard
from farmlive.settings import Settings
from farmlive.shop.notices.texts import Language
from farmlive.shop.privacy.erasing import OrderScope
from farmlive.shop.privacy.export import Export
from farmlive.shop.privacy.models import AsPageOrFile, CodeForm, PersonAsked
from farmlive.shop.routes.privacy import as_file

# The page stands alone: its style and its photos are written into it.
_STYLES = ("lib/styles/tokens.css", "pages/privacy/person-export.css")
_IMAGE = "data:image/webp;base64,"


class PersonPage:
    """Draws the page."""

    def __init__(self, pages: Pages, settings: Settings):
        self._pages = pages
        self._settings = settings
        style = "".join((WEB / "static" / name).read_text("utf-8") for name in _STYLES)
        self._style = Markup(f"<style>{style}</style>")  # noqa: S704 (our own files)
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        # Whoever opens it hands it to nobody: it loads, sends and frames nothing.
        self.headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
        }

    def draw(self, export: Export, language: Language, photos: Mapping[str, bytes]) -> str:
        """Return the page of an export file with these photos in it: a page opened from within the
        ZIP finds no file beside itself. Other photos appear once the ZIP is unpacked.
        """
        return self._html(
            export, language, photo=lambda name: _data(photos, name) or name, in_file=True
        )

    def draw_for_browser(
        self, export: Export, language: Language, photos: Mapping[str, bytes]
    ) -> str:
        """Return the page for a browser, with these photos in it."""
        return self._html(export, language, photo=partial(_data, photos), in_file=False)

    def _html(
        self,
        export: Export,
        language: Language,
        *,
        photo: Callable[[str], str | None],
        in_file: bool,
    ) -> str:
        return self._pages.in_language(
            language,
            "order/person_export.html",
            export=export,
            photo=photo,
            in_file=in_file,
            style=self._style,
            url=self._settings.url,
            county=self._pages.county.title(language) if self._pages.county.name else "",
            ask=self._pages.county.whom_to_ask,
        )


def _data(photos: Mapping[str, bytes], name: str) -> str | None:
    """Return the photo of that name as a `data:` URL."""
    found = photos.get(name)
    return None if found is None else _IMAGE + b64encode(found).decode()


def routes(pages: Pages, services: Services, drawn: PersonPage) -> APIRouter:
    """Build the router of the forms."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    persons = services.shop.persons

    async def answer(request: Request, whose: OrderScope, asked: AsPageOrFile) -> Response:
        language: Language = "en" if language_of(request) == "en" else "zh"
        if asked.form == "file":
            return as_file(await persons.export(whose, language, drawn.draw), language)
        found, photos = await persons.to_show(whose)
        html = await asyncio.to_thread(drawn.draw_for_browser, found, language, photos)
        return pages.answer(request, html, cache="no-store", headers=drawn.headers)

    @router.post("/order/{token}/export")
    async def export_order(
        token: str, request: Request, asked: Annotated[AsPageOrFile, Form()]
    ) -> Response:
        """Export the data of one order as a page or a file, for anyone who has its token."""
        caller = await _caller(services.guard, request)
        await services.shop.order_link_limits.check(token, caller.address)
        return await answer(request, await persons.of_order(caller, token), asked)

    @router.post("/privacy/export")
    async def export_person(request: Request, asked: Annotated[CodeForm, Form()]) -> Response:
        """Export the data of a phone's orders as a page or a file, by the code sent to it."""
        caller = await _caller(services.guard, request)
        said = PersonAsked(phone=asked.phone, code=asked.code)
        return await answer(request, await persons.of_phone(caller, said), asked)

    @router.get("/order/{token}/export")
    async def to_order(token: str) -> Response:
        """Redirect to the order's page: a form's answer can't be reloaded."""
        return RedirectResponse(f"/order/{quote(token, safe='')}", status_code=303)

    @router.get("/privacy/export")
    async def to_privacy() -> Response:
        """Redirect to the privacy page: a form's answer can't be reloaded."""
        return RedirectResponse("/privacy#privacy-yours", status_code=303)

    return router


async def _caller(guard: Guard, request: Request) -> Caller:
    """Return the caller. Raises CrossSite, UnknownApiKey.

    A page that names itself to nobody, as an order's, has the origin `null`, and browsers from
    before 2023 say nothing else of it. It passes: whoever has a token or a code needs no other page
    to ask by it.
    """
    if request.headers.get("origin") == "null" and "sec-fetch-site" not in request.headers:
        return await guard.identify(request)
    return await guard.caller(request)
