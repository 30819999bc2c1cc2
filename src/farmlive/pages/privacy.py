"""The privacy page: what is stored of buyers, viewers and guests, why, for how long, and whom to
contact.

The periods are settings; the county's name and contact are its own (county/).
"""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.people import Caller
from farmlive.settings import Settings

_EMAIL = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+\.[^\s@<>,;:\"()]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,24}[0-9]")


def routes(pages: Pages, services: Services, settings: Settings) -> APIRouter:
    """Build the router of the privacy page."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)

    @router.get("/privacy")
    async def privacy(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The privacy page: what is kept of people, why and how long."""
        return pages.page(
            request,
            "order/privacy.html",
            caller=caller,
            settings=settings,
            contact=pages.county.contact,
            contact_url=contact_url(pages.county.contact),
            backup_days=settings.backup_days,
            sends_codes=services.shop.persons.sends_codes,
        )

    return router


def contact_url(contact: str) -> str:
    """Return the link of a contact that is an e-mail address or a phone number alone, or ""."""
    contact = contact.strip()
    if _EMAIL.fullmatch(contact):
        return f"mailto:{contact}"
    if _PHONE.fullmatch(contact):
        return "tel:" + re.sub(r"[^0-9+]", "", contact)
    return ""
