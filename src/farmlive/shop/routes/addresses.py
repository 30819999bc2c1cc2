"""Route of pasted addresses. No logic.

The text is in a body only: proxies and browsers record URLs.
"""

from typing import Annotated

from fastapi import APIRouter, Depends

from farmlive.edge.contracts import raises
from farmlive.people import Caller, Guard
from farmlive.people.core.rate_limits import RateLimits
from farmlive.problems import TooMany
from farmlive.shop.addresses.models import ParsedAddress, PastedAddress
from farmlive.shop.addresses.pasted import parse
from farmlive.shop.checkout.limits import check_rate
from farmlive.shop.core import regions
from farmlive.shop.routes.orders import private

# A minute and device; an IP address has as many times that as it has of orders. Nobody pastes more.
PARSES_PER_MINUTE = 10


def routes(limits: RateLimits, guard: Guard) -> APIRouter:
    """Return the router of pasted addresses."""
    router = APIRouter(prefix="/api/v1")
    anyone = Depends(guard.anyone)

    @router.post(
        "/parsed-addresses", dependencies=[Depends(private)], operation_id="addresses_parse"
    )
    @raises(TooMany)
    async def parse_address(
        pasted: PastedAddress, caller: Annotated[Caller, anyone]
    ) -> ParsedAddress:
        """Take a pasted address apart: name, phone, region, street; nothing of it is kept."""
        check_rate(limits, "parsed addresses", caller, PARSES_PER_MINUTE)
        parts = parse(pasted.text)
        code = parts.region or ""
        return ParsedAddress.model_validate(
            {
                **parts._asdict(),
                "region_names": {"zh": regions.names(code), "en": regions.names(code, "en")},
            }
        )

    return router
