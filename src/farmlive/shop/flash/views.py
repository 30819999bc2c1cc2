"""Flash batches as events, cards and the API have them. Changes nothing."""

from collections.abc import Iterable
from typing import Any, TypedDict

from sqlalchemy import Connection, Row, bindparam, select

from farmlive.broadcast import events
from farmlive.shop.core.models import money
from farmlive.shop.core.tables import flashes
from farmlive.shop.flash.models import Flash

# The states of a batch that has not ended.
OPEN = ("planned", "running")
_ON_CARDS = select(flashes).where(
    flashes.c.offer.in_(bindparam("offers", expanding=True)), flashes.c.state.in_(OPEN)
)


def read_for_cards(connection: Connection, wanted: Iterable[str]) -> dict[str, Row[Any]]:
    """Return the planned or running batch of each offer that has one."""
    found = connection.execute(_ON_CARDS, {"offers": list(wanted)})
    return {row.offer: row for row in found}


class Facts(TypedDict):
    """A batch as events and cards have it, without its id and its offer."""

    price: events.Money
    boxes: int
    per_buyer: int | None
    starts_at: int
    ends_at: int


def public_facts(row: Row[Any], currency: str) -> Facts:
    """Return a batch as events and cards have it, without its id and its offer."""
    return {
        "price": money(row.price, currency),
        "boxes": row.boxes,
        "per_buyer": row.per_buyer,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
    }


def on_card(row: Row[Any], currency: str) -> dict[str, Any]:
    """Return a batch as its offer's card has it."""
    return {"id": row.id, "state": row.state, **public_facts(row, currency)}


def as_api(row: Row[Any]) -> Flash:
    """Return a batch as the API has it; the row includes its offer's currency."""
    return Flash.model_validate(
        {
            **public_facts(row, row.currency),
            "id": row.id,
            "offer": row.offer,
            "state": row.state,
            "sold": row.sold,
            "held": row.held,
            "ended_at": row.ended_at,
            "why": row.why,
        }
    )


def ended_event(row: Row[Any], why: events.WhyEnded) -> events.FlashEnded:
    """Return the event of a batch's end."""
    return events.FlashEnded(flash=row.id, offer=row.offer, sold=row.sold, why=why)
