"""Access to staff pages by role, and the page on which an invitation is accepted.

Decides for pages alone; each route of the API decides again.
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


def redirect_of(request: Request, caller: Caller, roles: tuple[str, ...]) -> Response | None:
    """Return the redirect for a caller without one of these roles; None for a caller who has one.

    Nobody signed in is led to signing in and back. Raises Forbidden for another role.
    """
    if caller.role in roles:
        return None
    if caller.role not in ROLES:
        return to_sign_in(request)
    raise Forbidden("This page belongs to another role than yours. A coordinator can change that.")


async def find_own_farm(services: Services, caller: Caller, farm: str) -> Farm:
    """Return the farm for a caller who may manage it. Raises NotFound, and Forbidden for another
    farm's seller.
    """
    found = next((each for each in await services.origin.farms() if each.id == farm), None)
    if found is None:
        raise NotFound("No farm has this address. Choose it from the list of farms.")
    if not caller.may_manage_farm(farm):
        raise Forbidden("This is another farm's page. A coordinator can add the farm to you.")
    return found


def routes(pages: Pages, services: Services) -> APIRouter:
    """Build the router of the invitation's page."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)

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
