"""Access to staff pages by role, and the page on which an invitation is accepted.

Owns the decision for pages alone; what may be done there is decided again by each address of the
API.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from farmlive.origin.core.models import Farm
from farmlive.pages.rendering.render import Pages
from farmlive.pages.routes import to_sign_in
from farmlive.pages.services import Services
from farmlive.people import Caller
from farmlive.people.core.roles import ROLES
from farmlive.problems import Forbidden, NotFound


def stopped(request: Request, caller: Caller, roles: tuple[str, ...]) -> Response | None:
    """Return the URL to redirect the caller to; None for one of the roles.

    Nobody signed in is led to signing in and back. Raises Forbidden for another role.
    """
    if caller.role in roles:
        return None
    if caller.role not in ROLES:
        return to_sign_in(request)
    raise Forbidden("This page belongs to another role than yours. A coordinator can change that.")


async def farm_of(rooms: Services, caller: Caller, farm: str) -> Farm:
    """The farm, for who may keep it. Raises NotFound, and Forbidden for another farm's seller."""
    found = next((each for each in await rooms.origin.farms() if each.id == farm), None)
    if found is None:
        raise NotFound("No farm has this address. Choose it from the list of farms.")
    if not caller.may_manage_farm(farm):
        raise Forbidden("This is another farm's page. A coordinator can add the farm to you.")
    return found


def routes(pages: Pages, rooms: Services) -> APIRouter:
    """Build the router of the invitation's page."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(rooms.guard.anyone)

    @router.get("/invitation/{token}")
    async def invitation(
        token: str, request: Request, caller: Annotated[Caller, anyone]
    ) -> Response:
        """The page of an invitation, where a name and a password are chosen."""
        return pages.page(
            request,
            "studio/invitation.html",
            cache="no-store",
            headers={"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"},
            caller=caller,
            token=token,
        )

    return router
