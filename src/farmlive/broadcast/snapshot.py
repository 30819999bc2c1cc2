"""The snapshot: what a late joiner sees, as a fold of the log. Pure; needs no one's tables.

`fold` changes a Scene by one event; `view` shows it to a set of audiences.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from farmlive import compact
from farmlive.broadcast.lines import FARM, ORDER, seen
from farmlive.broadcast.log import STAFF, Event

CHAT_KEPT = 50
STAFF_ORDERS = 50
_OF_A_CARD = (
    "name",
    "picture",
    "position",
    "price",
    "list_price",
    "released",
    "left",
    "sold",
    "held",
    "kept",
)
_OF_A_HOLD = ("until", "waited", "corrected")
_OF_A_STEP = ("undone", "passed")
_OF_A_RUN = ("starts_at", "ends_at")

# An order's audience and what is told of it.
Told = tuple[tuple[str, ...], dict[str, Any]]


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
    # What is held as it is, since the clock may move it; every other order as a line of JSON, which
    # takes a sixth of the memory, and nothing of the garbage collector's time.
    orders: dict[str, Told | bytes] = field(default_factory=dict)
    # By the offer, as `rush.began` told it.
    rushes: dict[str, dict[str, Any]] = field(default_factory=dict)


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
            # It is shown, so a pause is over: a server that was restarted knows of none to end.
            scene.source = {
                name: data[name] for name in ("source", "label", "codec") if name in data
            }
            scene.paused = False
        case "source.left":
            if scene.source and scene.source["source"] == data["source"]:
                scene.source = None
        case "offer.added":
            _add(scene, data)
        case "offer.changed" | "stock.changed" | "offer.released":
            _change(scene, data)
        case "lot.changed":
            for card in _of_lot(scene, data["lot"]):
                card["lot"] |= {name: data[name] for name in ("harvested_g", "wasted_g")}
        case "lot.stopped":
            for card in _of_lot(scene, data["lot"]):
                card["lot"] |= {"stopped": data["reasons"], "lifted": None, "tested": False}
        case "lot.resumed":
            said = data.get("sentence")
            lifted = {"sentence": said, "at": data.get("lifted_at", event.at)} if said else None
            for card in _of_lot(scene, data["lot"]):
                card["lot"] |= {"stopped": [], "lifted": lifted, "tested": data["tested"]}
        case "wait.changed" if data["offer"] in scene.offers:
            scene.offers[data["offer"]]["waiting"] = data["waiting"]
        case "rush.began":
            scene.rushes[data["offer"]] = dict(data)
        case "rush.over":
            scene.rushes.pop(data["offer"], None)
        case "flash.planned" | "flash.started":
            if offer := scene.offers.get(data["offer"]):
                flash = {name: value for name, value in data.items() if name != "offer"}
                state = "planned" if event.kind == "flash.planned" else "running"
                offer["flash"] = {**flash, "state": state}
        case "flash.ended":
            offer = scene.offers.get(data["offer"])
            if offer and (offer.get("flash") or {}).get("flash") == data["flash"]:
                offer["flash"] = None
        case "clock.moved":
            _move(scene, data["by"])
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
        case "order.erased":
            if data["order"] in scene.orders:
                told, order = unpacked(scene.orders[data["order"]])
                scene.orders[data["order"]] = _packed(told, {**order, "buyer": data["buyer"]})
        case kind if kind.startswith("order.") and data:
            _order(scene, event)


def _move(scene: Scene, by: int) -> None:
    """What runs keeps its remaining time."""
    for order, kept in scene.orders.items():
        if not isinstance(kept, bytes) and "until" in kept[1]:
            told, data = kept  # which a checkpoint may have: it is not changed
            scene.orders[order] = told, {**data, "until": data["until"] + by}
    for offer in scene.offers.values():
        flash = offer.get("flash") or {}
        if flash.get("state") == "running":
            offer["flash"] = {**flash, **{name: flash[name] + by for name in _OF_A_RUN}}


def lots(scene: Scene) -> dict[str, tuple[int, int]]:
    """What the cards say of their lots: grams sold and left, by the lot's id."""
    told = (card.get("lot", {}) for card in scene.offers.values())
    return {lot["id"]: (lot["sold_g"], lot["left_g"]) for lot in told if "left_g" in lot}


def _add(scene: Scene, data: dict[str, Any]) -> None:
    card = scene.offers[data["offer"]] = dict(data)
    if "lot" in data:  # what it sold changes here, and not in the event
        card["lot"] = dict(data["lot"])


def _change(scene: Scene, data: dict[str, Any]) -> None:
    offer = scene.offers.get(data["offer"])
    touched = [] if offer is None else [offer]
    if offer is not None:
        offer.update({name: data[name] for name in _OF_A_CARD if name in data})
    if "lot_sold_g" in data:
        touched = _of_lot(scene, data["lot"])
        for card in touched:
            card["lot"]["sold_g"] = data["lot_sold_g"]
            if "lot_left_g" in data:
                card["lot"]["left_g"] = data["lot_left_g"]
    for card in touched:
        _count(card)


def _of_lot(scene: Scene, lot: str) -> list[dict[str, Any]]:
    return [card for card in scene.offers.values() if card.get("lot", {}).get("id") == lot]


def _count(card: dict[str, Any]) -> None:
    """What can be had: of what was released what is not taken, as far as the lot holds it.

    A log may be older than what it tells of lots.
    """
    if "left_g" not in card.get("lot", {}):
        return
    free = card["released"] - sum(card.get(name, 0) for name in ("sold", "held", "kept"))
    card["left"] = max(0, min(free, card["lot"]["left_g"] // card["net_weight_g"]))


def _order(scene: Scene, event: Event) -> None:
    """An order as its events so far tell it; `at` is when it was held or placed.

    A hold that came to nothing is forgotten.
    """
    data = event.data
    _, order = unpacked(scene.orders.get(data["order"], ((), {})))
    over = event.kind == "order.expired" or (
        event.kind == "order.cancelled" and order.get("state") == "held"
    )
    # One that is placed again, since a step was taken back, keeps its place and its time.
    begins = event.kind in ("order.held", "order.placed") and not data.get("undone")
    if over or begins:
        scene.orders.pop(data["order"], None)  # a placed one stands among the latest
    if over:
        return
    at = event.at if begins or "at" not in order else order["at"]
    known = {**order, **data, "at": at}
    for name in _OF_A_STEP:
        known.pop(name, None)
    if event.kind == "order.refunded":  # an answer to a claim has an amount of its own
        known["refunded"] = data["amount"]
    if known.get("state") != "held":
        for name in _OF_A_HOLD:
            known.pop(name, None)
    scene.orders[data["order"]] = _packed(event.audience, known)


def _packed(told: tuple[str, ...], order: dict[str, Any]) -> Told | bytes:
    """An order as a scene keeps it: a hold as it is, all else as a line without a line feed."""
    return (told, order) if order.get("state") == "held" else pack_order(told, order)


def pack_order(told: tuple[str, ...], order: dict[str, Any]) -> bytes:
    """An order as a line of JSON."""
    return compact.encode((told, order))


def unpacked(kept: Told | bytes) -> Told:
    """An order of a scene, and who was told of it."""
    if isinstance(kept, bytes):
        told, order = compact.decode(kept)
        return tuple(told), order
    return kept


def view(scene: Scene, audiences: frozenset[str]) -> dict[str, Any]:
    """The snapshot for someone of these audiences, without what only the broadcast's row knows."""
    rushes = {"rushes": list(scene.rushes.values())} if STAFF in audiences else {}
    return {
        **rushes,
        "paused": scene.paused,
        "source": scene.source,
        "pinned": scene.pinned,
        "offers": _bag(scene),
        "chat": list(scene.chat),
        "audience": scene.audience,
        "orders": _orders(scene, audiences),
    }


def _bag(scene: Scene) -> list[dict[str, Any]]:
    """The offers in the order of the bag; where none was told, in that of their adding."""
    placed = enumerate(scene.offers.values(), 1)
    return [card for _, card in sorted(placed, key=lambda item: item[1].get("position", item[0]))]


def _orders(scene: Scene, audiences: frozenset[str]) -> list[dict[str, Any]]:
    """Staff and sellers get the latest, a buyer all of the own."""
    if STAFF in audiences:
        latest = list(islice(reversed(scene.orders.values()), STAFF_ORDERS))
        return [unpacked(kept)[1] for kept in reversed(latest)]
    own = [name.removeprefix(ORDER) for name in audiences if name.startswith(ORDER)]
    found = {order: unpacked(scene.orders[order]) for order in own if order in scene.orders}
    if any(name.startswith(FARM) for name in audiences):
        found |= dict(islice(_latest_of(scene, audiences), STAFF_ORDERS))
    shown = [seen(data, told, audiences) for told, data in found.values()]
    return sorted(shown, key=lambda data: int(data["at"]))


def _latest_of(scene: Scene, audiences: frozenset[str]) -> Iterator[tuple[str, Told]]:
    """The orders that one of the audiences was told of, the latest first."""
    # A line that does not have the name has nothing of it: most are passed over as they are.
    names = [compact.encode(name) for name in audiences]
    for order, kept in reversed(scene.orders.items()):
        if isinstance(kept, bytes) and not any(name in kept for name in names):
            continue
        found = unpacked(kept)
        if not audiences.isdisjoint(found[0]):
            yield order, found
