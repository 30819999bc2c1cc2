"""The state of a broadcast: a fold of its log. Pure; it reads no tables.

`fold` applies one event to a BroadcastState. snapshot.py returns what a set of audiences may see of
it. The pages fold the same events in web/static/lib/state/broadcast-state.js; a test runs both on
one golden log.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from farmlive import compact_json
from farmlive.broadcast import events
from farmlive.broadcast.events import KINDS, EventModel, OrderEvent
from farmlive.broadcast.log import Event

CHAT_KEPT = 50
QUESTIONS_KEPT = 50
# Kinds that change nothing in the state, and per kind the data fields that are not part of it.
PASSED_OVER = frozenset({"flash.corrected", "source.joined"})
UNUSED = {
    "broadcast.paused": frozenset({"reason"}),
    "card.unpinned": frozenset({"offer"}),
    "chat.cleared": frozenset({"message"}),
    "flash.ended": frozenset({"sold", "why"}),
    "lot.stopped": frozenset({"again"}),
    "offer.changed": frozenset({"corrected"}),
    "offer.released": frozenset({"quantity"}),
    "order.erased": frozenset({"number"}),
    "order.expired": frozenset({"state"}),
    "source.left": frozenset({"guest"}),
    **{
        name: frozenset({"passed", "undone"})
        for name, kind in KINDS.items()
        if issubclass(kind, events.OrderStep)
    },
}
_OF_THE_LOT = ("lot", "lot_sold_g", "lot_left_g")
_OF_A_HOLD = ("until", "waited", "corrected")
_OF_A_RUN = ("starts_at", "ends_at")

# An order's audiences, and its data from the events so far.
OrderEvents = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(slots=True)
class BroadcastState:
    """The state of a broadcast after its events up to `seq`."""

    seq: int = 0
    state: str = "scheduled"
    started_at: int | None = None
    ended_at: int | None = None
    paused: bool = False
    source: dict[str, Any] | None = None
    # The source on air has left; `view` shows this to staff only.
    source_left: bool = False
    pinned: str | None = None
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    chat: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=CHAT_KEPT))
    # Questions to answer, the oldest first: `message`, `at`, `nickname`, `text`; for staff alone.
    questions: list[dict[str, Any]] = field(default_factory=list)
    # The answer that viewers read over their chat: a question and `reply`, where it was written.
    answer: dict[str, Any] | None = None
    audience: dict[str, int] = field(default_factory=lambda: {"viewers": 0, "reactions": 0})
    # A hold stays a Python object, since `clock.moved` may change it. Every other order is a line
    # of JSON, which takes a sixth of the memory and costs the garbage collector nothing.
    orders: dict[str, OrderEvents | bytes] = field(default_factory=dict)
    # The data of `rush.began`, by offer.
    rushes: dict[str, dict[str, Any]] = field(default_factory=dict)


def fold(scene: BroadcastState, event: Event) -> None:
    """Apply an event to the state; `event.seq` must be `scene.seq + 1`."""
    scene.seq = event.seq
    known = FOLDS.get(event.kind)
    if known is not None:
        model, change = known
        change(scene, event, model.parse(event.data))


M = TypeVar("M", bound=EventModel)
Change = Callable[[BroadcastState, Event, M], None]
FOLDS: dict[str, tuple[type[EventModel], Change[Any]]] = {}
"""What changes a scene, by the kind of event."""


def _folds(*models: type[M]) -> Callable[[Change[M]], Change[M]]:
    def register(change: Change[M]) -> Change[M]:
        for model in models:
            FOLDS[model.kind] = (model, change)
        return change

    return register


def _used(event: Event, *but: str) -> dict[str, Any]:
    """Return the event's data fields that are part of the state, without the fields in `but`."""
    used = dict(event.data)
    for name in (*UNUSED.get(event.kind, ()), *but):
        used.pop(name, None)
    return used


@_folds(events.BroadcastStarted)
def _start(scene: BroadcastState, event: Event, _: events.BroadcastStarted) -> None:
    scene.state, scene.started_at = "live", event.at


@_folds(events.BroadcastEnded)
def _end(scene: BroadcastState, event: Event, _: events.BroadcastEnded) -> None:
    scene.state, scene.ended_at = "ended", event.at
    scene.pinned, scene.answer, scene.paused = None, None, False


@_folds(events.BroadcastPaused)
def _pause(scene: BroadcastState, _event: Event, __: events.BroadcastPaused) -> None:
    scene.paused = True


@_folds(events.BroadcastResumed)
def _resume(scene: BroadcastState, _event: Event, __: events.BroadcastResumed) -> None:
    scene.paused = False


@_folds(events.SourceSwitched)
def _switch(scene: BroadcastState, event: Event, switched: events.SourceSwitched) -> None:
    # A switch ends a pause: a restarted server has none to resume.
    scene.source = {"id": switched.source, **_used(event, "source")}
    scene.source_left = scene.paused = False


@_folds(events.SourceLeft)
def _leave(scene: BroadcastState, _event: Event, left: events.SourceLeft) -> None:
    if scene.source and scene.source["id"] == left.source:
        scene.source_left = True


@_folds(events.OfferAdded)
def _add(scene: BroadcastState, event: Event, added: events.OfferAdded) -> None:
    card = scene.offers[added.offer] = {"id": added.offer, **_used(event, "offer")}
    if "lot" in card:  # copied, since later events change the lot's weights here
        card["lot"] = dict(card["lot"])
    _count(card)


@_folds(events.OfferChanged)
def _change(scene: BroadcastState, event: Event, changed: events.OfferChanged) -> None:
    _update_card(scene, changed.offer, _used(event, "offer"))


@_folds(events.OfferReleased)
def _release(scene: BroadcastState, event: Event, released: events.OfferReleased) -> None:
    _update_card(scene, released.offer, _used(event, "offer"))


@_folds(events.StockChanged)
def _move_stock(scene: BroadcastState, event: Event, stock: events.StockChanged) -> None:
    card = scene.offers.get(stock.offer)
    if card is not None:
        card |= _used(event, "offer", *_OF_THE_LOT)
    if stock.lot is not None and stock.lot_sold_g is not None:
        for each in _of_lot(scene, stock.lot):
            each["lot"]["sold_g"] = stock.lot_sold_g
            if stock.lot_left_g is not None:
                each["lot"]["left_g"] = stock.lot_left_g
            _count(each)
    elif card is not None:
        _count(card)


@_folds(events.LotChanged)
def _weigh(scene: BroadcastState, event: Event, changed: events.LotChanged) -> None:
    _update_lot(scene, changed.lot, _used(event, *_OF_THE_LOT))


@_folds(events.LotStopped)
def _stop_lot(scene: BroadcastState, _event: Event, stopped: events.LotStopped) -> None:
    _update_lot(scene, stopped.lot, {"stopped": stopped.reasons, "lifted": None, "tested": False})


@_folds(events.LotResumed)
def _resume_lot(scene: BroadcastState, event: Event, resumed: events.LotResumed) -> None:
    at = event.at if resumed.lifted_at is None else resumed.lifted_at
    lifted = {"sentence": resumed.sentence, "at": at} if resumed.sentence else None
    _update_lot(scene, resumed.lot, {"stopped": [], "lifted": lifted, "tested": resumed.tested})


@_folds(events.WaitChanged)
def _wait(scene: BroadcastState, event: Event, changed: events.WaitChanged) -> None:
    _update_card(scene, changed.offer, _used(event, "offer"))


@_folds(events.RushBegan)
def _begin_rush(scene: BroadcastState, event: Event, began: events.RushBegan) -> None:
    scene.rushes[began.offer] = _used(event)


@_folds(events.RushOver)
def _end_rush(scene: BroadcastState, _event: Event, over: events.RushOver) -> None:
    scene.rushes.pop(over.offer, None)


@_folds(events.FlashPlanned)
def _plan_flash(scene: BroadcastState, event: Event, flash: events.FlashPlanned) -> None:
    _update_card(scene, flash.offer, {"flash": _batch(event, "planned")})


@_folds(events.FlashStarted)
def _start_flash(scene: BroadcastState, event: Event, flash: events.FlashStarted) -> None:
    _update_card(scene, flash.offer, {"flash": _batch(event, "running")})


@_folds(events.FlashEnded)
def _end_flash(scene: BroadcastState, _event: Event, ended: events.FlashEnded) -> None:
    card = scene.offers.get(ended.offer)
    if card and (card.get("flash") or {}).get("id") == ended.flash:
        card["flash"] = None


@_folds(events.ClockMoved)
def _move_clock(scene: BroadcastState, _event: Event, moved: events.ClockMoved) -> None:
    """Shift the deadlines of holds and running flash batches, so that each keeps its remaining
    time.
    """
    for order, kept in scene.orders.items():
        if not isinstance(kept, bytes) and "until" in kept[1]:
            told, data = kept  # a checkpoint may share this object: replace it, never change it
            scene.orders[order] = told, {**data, "until": data["until"] + moved.by}
    for offer in scene.offers.values():
        flash = offer.get("flash") or {}
        if flash.get("state") == "running":
            later = {name: flash[name] + moved.by for name in _OF_A_RUN}
            offer["flash"] = {**flash, **later}


@_folds(events.CardPinned)
def _pin(scene: BroadcastState, _event: Event, pinned: events.CardPinned) -> None:
    scene.pinned = pinned.offer


@_folds(events.CardUnpinned)
def _unpin(scene: BroadcastState, _event: Event, __: events.CardUnpinned) -> None:
    scene.pinned = None


@_folds(events.ChatSaid)
def _say(scene: BroadcastState, event: Event, said: events.ChatSaid) -> None:
    if said.text is not None:  # a hidden message has no text
        scene.chat.append({"seq": event.seq, "at": event.at, **_used(event)})


@_folds(events.ChatHidden)
def _hide(scene: BroadcastState, _event: Event, hidden: events.ChatHidden) -> None:
    kept = [said for said in scene.chat if said["seq"] != hidden.message]
    scene.chat = deque(kept, maxlen=CHAT_KEPT)
    _drop(scene, hidden.message)
    if scene.answer and scene.answer["message"] == hidden.message:
        scene.answer = None


@_folds(events.ChatQueued)
def _queue(scene: BroadcastState, event: Event, queued: events.ChatQueued) -> None:
    if queued.message is not None:  # a hidden message has no text
        _drop(scene, queued.message)
        scene.questions = [*scene.questions, {"at": event.at, **_used(event)}][-QUESTIONS_KEPT:]


@_folds(events.ChatDropped)
def _drop_question(scene: BroadcastState, _event: Event, dropped: events.ChatDropped) -> None:
    _drop(scene, dropped.message)


@_folds(events.ChatAnswered)
def _answer(scene: BroadcastState, event: Event, answered: events.ChatAnswered) -> None:
    if answered.message is not None:
        _drop(scene, answered.message)
        scene.answer = {"at": event.at, **_used(event)}


@_folds(events.ChatCleared)
def _clear(scene: BroadcastState, _event: Event, __: events.ChatCleared) -> None:
    scene.answer = None


def _drop(scene: BroadcastState, message: int) -> None:
    scene.questions = [each for each in scene.questions if each["message"] != message]


@_folds(events.AudienceCounted)
def _count_viewers(scene: BroadcastState, event: Event, _: events.AudienceCounted) -> None:
    scene.audience = _used(event)


@_folds(events.OrderErased)
def _erase(scene: BroadcastState, _event: Event, erased: events.OrderErased) -> None:
    if erased.order in scene.orders:
        told, order = unpacked(scene.orders[erased.order])
        scene.orders[erased.order] = _packed(told, {**order, "buyer": erased.buyer})


@_folds(*(kind for kind in KINDS.values() if issubclass(kind, OrderEvent)))
def _order(scene: BroadcastState, event: Event, model: OrderEvent) -> None:
    """Merge an order event into the order's state; `at` is when it was held or placed.

    Expired and cancelled holds are removed.
    """
    _, order = unpacked(scene.orders.get(model.order, ((), {})))
    over = isinstance(model, events.OrderExpired) or (
        isinstance(model, events.OrderCancelled) and order.get("state") == "held"
    )
    # An order whose transition to placed is an undo keeps its position and its time.
    begins = isinstance(model, events.OrderHeld) or (
        isinstance(model, events.OrderPlaced) and not model.undone
    )
    if over or begins:
        # reinserted below, which moves it to the end: the latest
        scene.orders.pop(model.order, None)
    if over:
        return
    at = event.at if begins or "at" not in order else order["at"]
    known = {"id": model.order, **order, **_used(event, "order"), "at": at}
    if isinstance(model, events.OrderRefunded):  # the refund of a claim has an amount of its own
        known["refunded"] = model.amount
    if known.get("state") != "held":
        for name in _OF_A_HOLD:
            known.pop(name, None)
    scene.orders[model.order] = _packed(event.audience, known)


def _packed(told: tuple[str, ...], order: dict[str, Any]) -> OrderEvents | bytes:
    """Return an order as the state stores it: a hold as an object, any other as a line of JSON."""
    return (told, order) if order.get("state") == "held" else pack_order(told, order)


def pack_order(told: tuple[str, ...], order: dict[str, Any]) -> bytes:
    """Encode an order as a line of JSON, without a line feed."""
    return compact_json.encode((told, order))


def unpacked(kept: OrderEvents | bytes) -> OrderEvents:
    """Return a stored order's audiences and data."""
    if isinstance(kept, bytes):
        told, order = compact_json.decode(kept)
        return tuple(told), order
    return kept


def _batch(event: Event, state: str) -> dict[str, Any]:
    """Return the flash batch as its card shows it."""
    return {"id": event.data["flash"], **_used(event, "flash", "offer"), "state": state}


def _update_card(scene: BroadcastState, offer: str, facts: dict[str, Any]) -> None:
    card = scene.offers.get(offer)
    if card is not None:
        card |= facts
        _count(card)


def _of_lot(scene: BroadcastState, lot: str) -> list[dict[str, Any]]:
    return [card for card in scene.offers.values() if card.get("lot", {}).get("id") == lot]


def _update_lot(scene: BroadcastState, lot: str, facts: dict[str, Any]) -> None:
    """Merge the facts into the lot of each card that sells it."""
    for card in _of_lot(scene, lot):
        card["lot"] |= facts


def _count(card: dict[str, Any]) -> None:
    """Compute how many boxes are left: released minus sold, held and kept, at most what the lot's
    remaining weight allows.

    Logs from before lots had weights lack them; their cards have no `left`.
    """
    if "left_g" not in card.get("lot", {}):
        return
    free = card["released"] - sum(card.get(name, 0) for name in ("sold", "held", "kept"))
    card["left"] = max(0, min(free, card["lot"]["left_g"] // card["net_weight_g"]))


def lots(scene: BroadcastState) -> dict[str, tuple[int, int]]:
    """Return the lots' weights from the cards: grams sold and left, by lot id."""
    told = (card.get("lot", {}) for card in scene.offers.values())
    return {lot["id"]: (lot["sold_g"], lot["left_g"]) for lot in told if "left_g" in lot}
