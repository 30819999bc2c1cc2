"""API keys of each role; where a test is not about pick-up points, its clerk has all of them."""

from collections.abc import Iterable
from typing import Any

from farmlive.app import Application
from farmlive.bilingual import Bilingual
from farmlive.people import Caller
from farmlive.shop.core.models import NewCentre

# Of whom the audit list tells nothing.
_NOBODY = Caller(None, None, None, "a device", "127.0.0.1")


async def every_centre(house: Application, role: str = "clerk") -> list[str]:
    """The ids of the pick-up points, of one that is made where there is none; for a clerk alone."""
    if role != "clerk":
        return []
    found = await house.shop.centres()
    if not found:
        name = Bilingual(zh="城关镇", en="Chengguan")
        new = NewCentre(name=name, address=name)
        found = [await house.shop.catalogue.add_centre(_NOBODY, new)]
    return [centre.id for centre in found]


async def role_key(house: Application, role: Any, farms: Iterable[str] = ()) -> str:
    """An API key of this role: a seller's of these farms, a clerk's of all pick-up points."""
    centres = await every_centre(house, role)
    return (await house.people.create_api_key(role, role, farms, centres))[1]
