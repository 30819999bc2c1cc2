"""The snapshot: what a late joiner sees, as a fold of the log. Pure; needs no one's tables.

`fold` changes a Scene by one event; `view` shows it to a set of audiences.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from farmlive.broadcast.lines import FARM, ORDER, seen
from farmlive.broadcast.log import STAFF, Event

CHAT_KEPT = 50
STAFF_ORDERS = 50


@dataclass(slots=True)
class Scene:
    """What is so in a broadcast after its events up to `seq`."""

    seq: int = 0
    state: str = "scheduled"
    started_at: int | None = None
    ended_at: int | None = None
    paused: bool = False
    source: dict[str, Any] | None = None
    pinned: str | None = None
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    chat: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=CHAT_KEPT))
    audience: dict[str, int] = field(default_factory=lambda: {"viewers": 0, "reactions": 0})
    orders: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=dict)


def fold(scene: Scene, event: Event) -> None:
    """Change the scene by the event that follows it; `event.seq` is `scene.seq + 1`."""
    scene.seq = event.seq
    data = event.data
    match event.kind:
        case "broadcast.started":
            scene.state, scene.started_at = "live", event.at
        case "broadcast.ended":
            scene.state, scene.ended_at = "ended", event.at
            scene.pinned, scene.paused = None, False
        case "broadcast.paused":
            scene.paused = True
        case "broadcast.resumed":
            scene.paused = False
        case "source.switched":
            scene.source = {"source": data["source"], "label": data["label"]}
        case "source.left":
            if scene.source and scene.source["source"] == data["source"]:
                scene.source = None
        case "offer.added":
            scene.offers[data["offer"]] = dict(data)
        case "offer.changed" | "stock.changed" | "offer.released":
            _change(scene.offers.get(data["offer"]), data)
        case "card.pinned":
            scene.pinned = data["offer"]
        case "card.unpinned":
            scene.pinned = None
        case "chat.said" if data:
            scene.chat.append({"seq": event.seq, "at": event.at, **data})
        case "chat.hidden":
            kept = [said for said in scene.chat if said["seq"] != data["message"]]
            scene.chat = deque(kept, maxlen=CHAT_KEPT)
        case "audience.counted":
            scene.audience = {"viewers": data["viewers"], "reactions": data["reactions"]}
        case kind if kind.startswith("order.") and data:
            _, order = scene.orders.get(data["order"], ((), {}))
            scene.orders[data["order"]] = (event.audience, {**order, **data, "at": event.at})


def _change(offer: dict[str, Any] | None, data: dict[str, Any]) -> None:
    if offer is None:
        return
    for name in ("price", "list_price", "released", "left", "sold"):
        if name in data:
            offer[name] = data[name]


def view(scene: Scene, audiences: frozenset[str]) -> dict[str, Any]:
    """The snapshot for someone of these audiences, without what only the broadcast's row knows."""
    return {
        "paused": scene.paused,
        "source": scene.source,
        "pinned": scene.pinned,
        "offers": list(scene.offers.values()),
        "chat": list(scene.chat),
        "audience": scene.audience,
        "orders": _orders(scene, audiences),
    }


def _orders(scene: Scene, audiences: frozenset[str]) -> list[dict[str, Any]]:
    """Staff and sellers get the latest, a buyer all of the own."""
    if STAFF in audiences:
        return [data for _, data in list(scene.orders.values())[-STAFF_ORDERS:]]
    own = [name.removeprefix(ORDER) for name in audiences if name.startswith(ORDER)]
    found = {order: scene.orders[order] for order in own if order in scene.orders}
    if any(name.startswith(FARM) for name in audiences):
        sold = (
            item for item in reversed(scene.orders.items()) if not audiences.isdisjoint(item[1][0])
        )
        found |= dict(islice(sold, STAFF_ORDERS))
    shown = [seen(data, told, audiences) for told, data in found.values()]
    return sorted(shown, key=lambda data: int(data["at"]))
