"""The snapshot for a client that joins: what its audiences may see of the broadcast's state."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from farmlive import compact_json
from farmlive.broadcast.broadcast_state import BroadcastState, OrderEvents, unpacked
from farmlive.broadcast.events.audience_filter import FARM, ORDER, PUBLIC, STAFF, filter_data

STAFF_ORDERS = 50


def view(scene: BroadcastState, audiences: frozenset[str]) -> dict[str, Any]:
    """Return the snapshot for these audiences, without the fields of the broadcast's own row."""
    of_staff = {"rushes": list(scene.rushes.values()), "questions": scene.questions}
    return {
        **(of_staff if STAFF in audiences else {}),
        "paused": scene.paused,
        "source": None if scene.source_left and STAFF in audiences else scene.source,
        "pinned": scene.pinned,
        "offers": _bag(scene),
        "chat": list(scene.chat),
        "answer": scene.answer,
        "audience": scene.audience,
        "orders": _orders(scene, audiences),
    }


def _bag(scene: BroadcastState) -> list[dict[str, Any]]:
    """Return the offers by `position`; offers without one by the order in which they were added."""
    placed = enumerate(scene.offers.values(), 1)
    return [card for _, card in sorted(placed, key=lambda item: item[1].get("position", item[0]))]


def _orders(scene: BroadcastState, audiences: frozenset[str]) -> list[dict[str, Any]]:
    """Return the orders for these audiences: the latest for staff and sellers, all of their own for
    buyers.
    """
    if STAFF in audiences:
        latest = list(islice(reversed(scene.orders.values()), STAFF_ORDERS))
        return [unpacked(kept)[1] for kept in reversed(latest)]
    own = [name.removeprefix(ORDER) for name in audiences if name.startswith(ORDER)]
    found = {order: unpacked(scene.orders[order]) for order in own if order in scene.orders}
    if any(name.startswith(FARM) for name in audiences):
        found |= dict(islice(_latest_of(scene, audiences), STAFF_ORDERS))
    shown = [filter_data(data, told, audiences) for told, data in found.values()]
    return sorted(shown, key=lambda data: int(data["at"]))


def _latest_of(
    scene: BroadcastState, audiences: frozenset[str]
) -> Iterator[tuple[str, OrderEvents]]:
    """Yield the orders for these audiences, the latest first."""
    # Most lines contain none of the names: skip those without decoding them. No order is public.
    names = tuple(compact_json.encode(name) for name in audiences if name != PUBLIC)
    for order, kept in reversed(scene.orders.items()):
        if isinstance(kept, bytes):
            for name in names:
                if name in kept:
                    break
            else:
                continue
        found = unpacked(kept)
        if not audiences.isdisjoint(found[0]):
            yield order, found
