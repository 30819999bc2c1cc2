"""The page of a buyer's order, for anyone who has its link.

Actions on it go through the API by the order's token, called by static/pages/order/order.js.
"""

from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from markupsafe import Markup

from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop.claims.claims import CLAIMED_IN
from farmlive.shop.core.claim_models import MAX_PHOTOS
from farmlive.shop.core.order_models import Order
from farmlive.shop.orders.buyer_data import Because
from farmlive.shop.orders.pickup import OPEN

# Whoever has the address has the order: no other page and no search engine hears of it.
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


def routes(pages: Pages, services: Services, settings: Settings) -> APIRouter:
    """Build the router of the order's page."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)

    def page(
        request: Request,
        caller: Caller,
        found: Order,
        *,
        may_claim: bool,
        kept_because: Because | None = None,
    ) -> Response:
        return pages.page(
            request,
            "order/order.html",
            cache="no-store",
            headers=HEADERS,
            caller=caller,
            order=found,
            code_drawn=_pickup_qr(found),
            may_claim=may_claim,
            kept_because=kept_because,
            photos_at_most=MAX_PHOTOS,
            backup_days=settings.backup_days,
            outbox_days=settings.outbox_days,
            ask=pages.county.whom_to_ask,
        )

    @router.get("/order/{token}")
    async def order(token: str, request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The page of a buyer's order, for anyone who has its link."""
        found = await services.shop.order(token)
        is_claimed = any(claim.state == "open" for claim in found.claims)
        may_claim = found.state in CLAIMED_IN and not is_claimed and not found.erased
        because = await services.shop.persons.kept_because(found.id) if found.buyer else None
        return page(request, caller, found, may_claim=may_claim, kept_because=because)

    @router.get("/order/{order}/{mark}")
    async def on_paper(
        order: str, mark: str, request: Request, caller: Annotated[Caller, anyone]
    ) -> Response:
        """The read-only page of an order for the code on its papers; no pick-up code."""
        found = await services.shop.order_by_document(order, mark)
        return page(request, caller, found, may_claim=False)

    return router


def _pickup_qr(order: Order) -> Markup | None:
    """Return the pick-up code of an order that was not handed over yet, as a code for scanners: six
    digits.
    """
    if order.code is None or order.state not in OPEN:
        return None
    drawn = segno.make(order.code, error="m", micro=False)
    # segno draws it, of six digits.
    return Markup(drawn.svg_inline(omitsize=True, border=0, svgclass=None, lineclass=None))  # noqa: S704
