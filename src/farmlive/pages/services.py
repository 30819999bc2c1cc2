"""The rooms that pages read; composition/http.py passes them. Pages write nothing: scripts use the
API.
"""

from dataclasses import dataclass

from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.bus import Bus
from farmlive.origin.origin import Origin
from farmlive.people import Guard, People
from farmlive.review.review import Review
from farmlive.shop.shop import Shop


@dataclass(frozen=True)
class Services:
    """The services that the pages' routes use."""

    bus: Bus
    guard: Guard
    people: People
    broadcasts: Broadcasts
    shop: Shop
    origin: Origin
    review: Review
