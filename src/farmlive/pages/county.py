"""The county's own page in the studio, and what browsers and search engines read of the site: the
manifest by which a phone installs it, its icons, and robots.txt.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from farmlive.county import County
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


def routes(pages: Pages, services: Services, static: Static, county: County) -> APIRouter:
    """Build the router."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)

    @router.get("/studio/county")
    async def county_page(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The page of the county's name, contact, mark and colour."""
        return redirect_of(request, caller, ("coordinator",)) or pages.page(
            request, "admin/county.html", cache="no-store", caller=caller, colours=COLOURS
        )

    @router.get("/manifest.webmanifest")
    async def manifest(lang: Literal["zh", "en"] = "zh") -> Response:
        """The manifest by which a phone installs the site (W3C, Web Application Manifest)."""
        profile = county.profile
        name = profile.title(lang)
        icons = [
            {
                "src": f"/icon-{size}.png?of={profile.mark[-16:-5]}"
                if profile.mark
                else static.url(f"pictures/icon-{size}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": "any" if profile.mark else "any maskable",
            }
            for size in _SIZES
        ]
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

    @router.get("/icon-{size}.png")
    async def icon(size: Literal["192", "512"]) -> Response:
        """The square icon of the installed page, with the county's mark."""
        drawn = await county.icon(int(size))
        if drawn is None:
            return RedirectResponse(static.url(f"pictures/icon-{size}.png"))
        return Response(drawn, media_type="image/png", headers=_DAY)

    @router.get("/robots.txt")
    async def robots() -> Response:
        """The paths that search engines are asked not to visit (RFC 9309)."""
        return PlainTextResponse(_ROBOTS, headers=_DAY)

    return router
