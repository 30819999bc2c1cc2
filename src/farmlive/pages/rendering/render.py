"""The pages' Jinja2 environment, and the one way to answer with a page.

Owns the language, the formats, the caching and the content security policy of every page; the
routes have the contents.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response

from farmlive.clock import now_ms
from farmlive.county.models import CountyProfile
from farmlive.edge.cleartext import cleartext_links
from farmlive.money import DECIMALS
from farmlive.pages.rendering.compression import accepts_gzip
from farmlive.pages.rendering.formats import Formats
from farmlive.pages.rendering.languages import (
    COOKIE,
    COOKIE_DAYS,
    LANGUAGES,
    NAMES,
    SECURE_COOKIE,
    TAGS,
    language_of,
    read_words,
    requested_language,
)
from farmlive.pages.rendering.pictures import BOXES, DRAWINGS, drawing
from farmlive.pages.rendering.scripts import modules
from farmlive.pages.rendering.static import WEB, Static
from farmlive.pages.rendering.styles import data_url
from farmlive.pages.rendering.watch import WATCH, WATCH_SOURCE
from farmlive.people import Guard
from farmlive.settings import Settings

# No page loads, sends or frames anything outside this server; no style stands inline, and no script
# but the one that watches the others begin.
POLICY = "; ".join(
    [
        "default-src 'self'",
        f"script-src 'self' {WATCH_SOURCE}",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
# The scripts that the live page begins with. The words of what these load come with it.
LIVE = ("pages/live/first.js", "pages/live/live.js")
# The methods of Formats that templates use.
FILTERS = (
    "text",
    "money",
    "number",
    "weight",
    "kilograms",
    "area",
    "clock",
    "day",
    "moment",
    "date_time",
    "ago",
    "iso",
    "duration",
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=()",
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie, Accept-Language",
}

# Of a file that is made for a visitor: nothing in it is shown as a page.
FILE_HEADERS = {**HEADERS, "Content-Security-Policy": "default-src 'none'"}


class Pages:
    """Renders templates of web/templates in the visitor's language.

    `county` is the county that runs the server.

    `clocks_off` says by how many milliseconds the machine's clock is off, and the database's, and
    `lacks_node_url` whether another server is out of reach for want of its address.
    """

    def __init__(
        self,
        settings: Settings,
        static: Static,
        guard: Guard,
        *,
        clocks_off: Callable[[], tuple[int, int]],
        lacks_node_url: Callable[[], bool],
        county: Callable[[], CountyProfile],
    ):
        self._county = county
        self._clocks_off = clocks_off
        self._settings = settings
        self._guard = guard
        self._cleartext = cleartext_links(settings)
        self._lacks_node_url = lacks_node_url
        self._static = static
        self._words = read_words(WEB / "locale")
        self._drawing = asyncio.Lock()
        self._environments = {language: self._environment(language) for language in LANGUAGES}

    def _environment(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(WEB / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        words = self._words[language]
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            words.gettext, words.ngettext, newstyle=True
        )
        formats = Formats(language, self._settings.time_zone)
        for name in FILTERS:
            environment.filters[name] = getattr(formats, name)
        environment.filters["one_sheet"] = self._one_sheet
        environment.globals.update(
            language=language,
            tag=TAGS[language],
            static=self._static.url,
            modules=self._static.modules,
            mark=data_url(self._static.folder / "pictures" / "mark.svg"),
            script_words=lambda *entries: words.of_scripts(
                *modules(self._static.folder, *entries, later=True)
            ),
            words_at_once=lambda *entries: words.of_scripts(
                *modules(self._static.folder, *entries)
            ),
            words_later=self._words_later(language),
            drawing=lambda name: self._static.url(f"pictures/{drawing(name)}"),
            drawings={"kinds": DRAWINGS, "boxes": BOXES},
            watch=Markup(WATCH),  # noqa: S704 (our own file)
            now=now_ms,
            time_zone=self._settings.time_zone,
            zone_name=formats.zone_name,
            currency=self._settings.currency,
            currency_decimals=DECIMALS,
        )
        return environment

    def _words_later(self, language: str) -> str | None:
        """Return the URL of those words that the live page needs not at once; None of a language
        that has none.
        """
        folder, words = self._static.folder, self._words[language]
        at_once = words.of_scripts(*modules(folder, *LIVE))
        every = words.of_scripts(*modules(folder, *LIVE, later=True))
        later = {key: said for key, said in every.items() if key not in at_once}
        if not later:
            return None
        content = json.dumps(later, ensure_ascii=False, separators=(",", ":")).encode()
        return self._static.add(f"words/live.{language}.json", content, "application/json")

    def _one_sheet(self, head: Markup) -> Markup:
        """Join the styles that a page's head links, which has been escaped already."""
        return Markup(self._static.one_sheet(str(head)))  # noqa: S704

    def static_url(self, path: str) -> str:
        """Return the URL path of a file of web/static."""
        return self._static.url(path)

    @property
    def county(self) -> CountyProfile:
        """The county that runs the server."""
        return self._county()

    def gettext(self, request: HTTPConnection, message: str) -> str:
        """Return a message in the visitor's language, for the few texts of routes."""
        return self._words[language_of(request)].gettext(message)

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Render or send one visitor's page at a time, after other tasks had their turn: an order
        waits for one page at most, however many are requested.
        """
        async with self._drawing:
            await asyncio.sleep(0)
            yield

    def in_language(self, language: str, template: str, **context: Any) -> str:
        """Render a template by itself, for no visit, in this language."""
        return self._environments[language].get_template(template).render(**context)

    def html(self, request: HTTPConnection, template: str, **context: Any) -> str:
        """Render a template in the visitor's language."""
        language = language_of(request)
        caller = context.pop("caller", None)
        county = self._county()
        return (
            self._environments[language]
            .get_template(template)
            .render(
                path=request.url.path,
                languages=[
                    {"name": NAMES[other], "tag": TAGS[other], "url": self._switch(request, other)}
                    for other in LANGUAGES
                    if other != language
                ],
                caller=caller,
                signed_in_as=caller.name if caller and caller.account else None,
                county=county,
                shop_name=county.title(language),
                factor_until=self._guard.factor_until(caller),
                factor_extensions=self._guard.factor_extensions(caller),
                unnamed_proxy=self._guard.unnamed_proxy,
                cleartext=self._cleartext,
                lacks_contact=county.lacks_contact,
                county_contact=county.phone or county.contact,
                clocks_off=self._clocks_off(),
                lacks_node_url=self._lacks_node_url(),
                **context,
            )
        )

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        cache: Literal["private, no-cache", "no-store"] = "private, no-cache",
        headers: dict[str, str] | None = None,
        **context: Any,
    ) -> Response:
        """Answer with a page; with `caller` in the context, staff see the link to the studio."""
        html = self.html(request, template, **context)
        return self.answer(request, html, status=status, cache=cache, headers=headers)

    def answer(
        self,
        request: Request,
        html: str,
        *,
        coded: bytes | None = None,
        status: int = 200,
        cache: Literal["private, no-cache", "no-store"] = "private, no-cache",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Answer with a rendered page, and remember the requested language.

        `coded`: the page in gzip, for those who take it; only of one that all visitors share.
        """
        given = {**HEADERS, "Cache-Control": cache, **(headers or {})}
        content: str | bytes = html
        if coded is not None:
            given["Vary"] += ", Accept-Encoding"
            if accepts_gzip(request.headers.get("accept-encoding", "")):
                given["Content-Encoding"] = "gzip"
                content = coded
        response = HTMLResponse(content, status_code=status, headers=given)
        language = requested_language(request)
        if language is not None:
            response.set_cookie(
                SECURE_COOKIE if self._settings.secure else COOKIE,
                language,
                max_age=COOKIE_DAYS * 86400,
                path="/",
                samesite="lax",
                secure=self._settings.secure,
            )
        return response

    @staticmethod
    def _switch(request: HTTPConnection, language: str) -> str:
        """Return this page's URL in another language."""
        query = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
        # A path that begins with two slashes would be another host's URL.
        path = "/" + request.url.path.lstrip("/\\")
        return f"{path}?{urlencode([*query, ('lang', language)])}"
