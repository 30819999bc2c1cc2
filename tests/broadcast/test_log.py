"""Events written together: in their order, without a gap, with one time, told after the commit."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.support.parts import local_log

from farmlive.bilingual import Bilingual
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.events import (
    CardPinned,
    ChatHidden,
    EventModel,
    OfferReleased,
    OrderExpired,
    StockChanged,
)
from farmlive.broadcast.log import Event, Log, UnknownBroadcast, unpack
from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import LocalBus
from farmlive.store import Store

PINNED = CardPinned(offer="a")
RELEASED = OfferReleased(offer="a", quantity=5, released=5)
STOCK = StockChanged(offer="a", released=5, sold=0, left=5)
HIDDEN = ChatHidden(message=1)


async def test_events_of_one_moment_stand_in_their_order(store: Store) -> None:
    bus = LocalBus()
    told: list[Event] = []
    bus.listen(lambda _topic, message: told.append(unpack(message)))
    log = local_log(bus)
    made = await Broadcasts(store, log, bus).create(NewBroadcast(title=Bilingual(en="x")))
    heard: list[tuple[str, int]] = []
    log.add_handler(
        "offer.released", lambda connection, event: heard.append((event.kind, event.seq))
    )
    written = await store.write(lambda c: log.append_all(c, made.id, [PINNED, RELEASED, STOCK]))
    assert [(event.kind, event.seq) for event in written] == [
        ("card.pinned", 1),
        ("offer.released", 2),
        ("stock.changed", 3),
    ]
    assert len({event.at for event in written}) == 1
    assert heard == [("offer.released", 2)]
    assert told == written
    one = await store.write(lambda c: log.append(c, made.id, HIDDEN))
    assert one.seq == 4
    assert await store.read(lambda c: log.events(c, made.id)) == [*written, one]


async def test_what_a_handler_writes_follows_and_is_told_after(store: Store) -> None:
    bus = LocalBus()
    told: list[Event] = []
    bus.listen(lambda _topic, message: told.append(unpack(message)))
    log = local_log(bus)
    made = await Broadcasts(store, log, bus).create(NewBroadcast(title=Bilingual(en="x")))

    def release(connection: Connection, _: Event) -> None:
        log.append(connection, made.id, STOCK)

    log.add_handler("card.pinned", release)
    await store.write(lambda c: log.append_all(c, made.id, [PINNED, RELEASED]))
    assert [(event.kind, event.seq) for event in told] == [
        ("card.pinned", 1),
        ("offer.released", 2),
        ("stock.changed", 3),
    ]


async def test_what_was_missed_names_the_device_of_each_order(store: Store) -> None:
    asked: list[list[str]] = []

    def buyers(_connection: Connection, orders: Sequence[str]) -> dict[str, str]:
        asked.append(list(orders))
        return {"1": "a device", "2": "another"}

    log = Log(LocalBus(), buyers)
    made = await Broadcasts(store, log, LocalBus()).create(NewBroadcast(title=Bilingual(en="x")))
    written: list[EventModel] = [
        PINNED,
        *(OrderExpired(order=order, state="expired") for order in ("1", "2", "1", "gone")),
    ]
    await store.write(lambda c: log.append_all(c, made.id, written))
    missed = await store.read(lambda c: log.missed(c, made.id, 1))
    assert [(event.seq, event.device) for event in missed] == [
        (2, "a device"),
        (3, "another"),
        (4, "a device"),
        (5, None),
    ]
    assert asked == [["1", "2", "gone"]]  # once, each order once
    # Who reads the log itself learns of no device, nor does who is shown an event.
    assert {event.device for event in await store.read(lambda c: log.events(c, made.id))} == {None}
    assert all("device" not in str(event.as_sent()) for event in missed)
    await store.write(lambda c: log.append(c, made.id, HIDDEN))
    await store.read(lambda c: log.missed(c, made.id, 5))
    assert len(asked) == 1


async def test_what_fails_together_leaves_nothing(store: Store, log: Log) -> None:
    made = await Broadcasts(store, log, LocalBus()).create(NewBroadcast(title=Bilingual(en="x")))

    def fail(_connection: Connection, _event: Any) -> None:
        raise RuntimeError("a handler's fault")

    log.add_handler("stock.changed", fail)
    with pytest.raises(RuntimeError):
        await store.write(lambda c: log.append_all(c, made.id, [PINNED, RELEASED, STOCK]))
    assert await store.read(lambda c: log.events(c, made.id)) == []


@pytest.mark.parametrize("broadcast", ["01J00000000000000000000000", "\x00", "", "x" * 100])
async def test_an_unknown_broadcast_has_no_log(store: Store, log: Log, broadcast: str) -> None:
    with pytest.raises(UnknownBroadcast):
        await store.read(lambda c: log.head(c, broadcast))
