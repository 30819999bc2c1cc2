"""The county's own page in the studio, and what browsers and search engines read of the site: the
manifest by which a phone installs it, and robots.txt.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from farmlive.county.models import COLOURS
from farmlive.pages.entry import redirect_of
from farmlive.pages.rendering.languages import TAGS
from farmlive.pages.rendering.render import Pages
from farmlive.pages.rendering.static import Static
from farmlive.pages.services import Services
from farmlive.people import Caller

# Pages behind a sign-in, and those that only the holder of a link should open.
_ROBOTS = "".join(
    f"{line}\n"
    for line in (
        "User-agent: *",
        *(
            f"Disallow: {path}"
            for path in (
                "/api/",
                "/studio",
                "/review",
                "/order/",
                "/invitation/",
                "/guest/",
                "/whip/",
                "/whep/",
            )
        ),
    )
)
_DAY = {"Cache-Control": "public, max-age=86400"}
_SIZES = (192, 512)


def routes(pages: Pages, services: Services, static: Static) -> APIRouter:
    """Build the router."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)

    @router.get("/studio/county")
    async def county(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The page of the county's name, contact, mark and colour."""
        return redirect_of(request, caller, ("coordinator",)) or pages.page(
            request, "admin/county.html", cache="no-store", caller=caller, colours=COLOURS
        )

    @router.get("/manifest.webmanifest")
    async def manifest(lang: Literal["zh", "en"] = "zh") -> Response:
        """The manifest by which a phone installs the site (W3C, Web Application Manifest)."""
        profile = pages.county
        name = profile.title(lang)
        icons = [
            {
                "src": static.url(f"pictures/icon-{size}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": "any maskable",
            }
            for size in _SIZES
        ]
        if profile.mark:
            icons = [{"src": profile.mark, "sizes": "512x512", "type": "image/webp"}]
        return JSONResponse(
            {
                "id": "/",
                "name": name,
                "short_name": name[:12] if lang == "zh" else name[:24],
                "lang": TAGS[lang],
                "start_url": "/",
                "scope": "/",
                "display": "minimal-ui",
                "background_color": "#faf6ee",
                "theme_color": "#faf6ee",
                "icons": icons,
            },
            media_type="application/manifest+json",
            headers={"Cache-Control": "public, max-age=300"},
        )

    @router.get("/robots.txt")
    async def robots() -> Response:
        """The paths that search engines are asked not to visit (RFC 9309)."""
        return PlainTextResponse(_ROBOTS, headers=_DAY)

    return router
