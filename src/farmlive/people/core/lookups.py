"""Queries that people makes of rooms above, within its transactions.

People knows no farm, centre, broadcast, order or message: whoever builds it passes these.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection


@dataclass(frozen=True)
class Airing:
    """A broadcast that has not ended: its title, the sources that send, and the source on air;
    `live`: it has begun.
    """

    title: dict[str, Any]
    sending: frozenset[str] = frozenset()
    on_air: str | None = None
    live: bool = False


Require = Callable[[Connection, str], object]
"""Raises NotFound for an unknown farm or centre."""
Airings = Callable[[Connection], Mapping[str, Airing]]
"""Returns the broadcasts that have not ended, by id."""
BuyerOfOrder = Callable[[Connection, str], tuple[str, str | None] | None]
"""Returns the device of an order or hold and the buyer's pseudonym, which a hold has not yet; None
if there is no such order.
"""
SenderOfMessage = Callable[[Connection, str, int], str | None]
"""Returns the device that sent a message of a broadcast; None if there is no such message."""


@dataclass(frozen=True)
class Lookups:
    """The queries of other rooms' data; the two checks of a scope declare what they raise."""

    require_farm: Require
    require_centre: Require
    airings: Airings
    buyer_of_order: BuyerOfOrder
    sender_of_message: SenderOfMessage
