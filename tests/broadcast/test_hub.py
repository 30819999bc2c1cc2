"""What a hub sends, what it drops for a slow client, and when it cuts one: by fake wires."""

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.waiting import LONG_S, until

from farmlive.broadcast import hub as hubs
from farmlive.broadcast.event_index import drop_superseded
from farmlive.broadcast.hub import Counts, Hub
from farmlive.broadcast.log import Event
from farmlive.broadcast.wire.client import Client


class FakeWire:
    """A socket that remembers, and that can be full."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.full = 0
        self.code: int | None = None
        self.wrote = asyncio.Event()

    def put(self, frame: bytes) -> None:
        self.raw.append(frame)
        start = 2 if frame[1] < 126 else 4 if frame[1] == 126 else 10
        self.frames.append(json.loads(frame[start:]))
        self.wrote.set()

    def buffered(self) -> int:
        return self.full

    def cut(self, code: int, reason: str) -> None:
        self.code = code
        self.wrote.set()

    def exempt(self) -> None:
        """Nothing is counted here."""


def event(seq: int, kind: str = "chat.said", audience: str = "public", **data: Any) -> Event:
    return Event("B", seq, seq, kind, (audience,), data or {"text": str(seq)})


async def nothing(_after: int) -> list[Event]:
    return []


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(hubs, "FLUSH_S", 0.01)
    monkeypatch.setattr(hubs, "URGENT_S", 0.0)
    return Hub("B", nothing, Counts())


def client(hub: Hub, *audiences: str) -> tuple[Client, FakeWire]:
    wire = FakeWire()
    made = Client(wire, "device", frozenset({"public", *audiences}), "nick", to=hub.scene.seq)
    hub.join(made)
    return made, wire


async def wrote(wire: FakeWire) -> None:
    await asyncio.wait_for(wire.wrote.wait(), LONG_S)
    wire.wrote.clear()


def seqs(wire: FakeWire) -> list[int]:
    return [event["seq"] for frame in wire.frames for event in frame["events"]]


async def test_clients_with_the_same_rights_get_the_very_same_bytes(hub: Hub) -> None:
    (_, one), (_, two) = client(hub), client(hub)
    hub.receive(event(1))
    await wrote(one)
    assert one.raw[0] is two.raw[0]
    assert hub.counts.frames == 1
    assert hub.counts.deliveries == 2


async def test_an_event_seen_twice_is_sent_once(hub: Hub) -> None:
    _, wire = client(hub)
    hub.receive(event(1))
    hub.receive(event(1))
    hub.receive(event(2))
    await wrote(wire)
    assert seqs(wire) == [1, 2]


async def test_a_gap_is_filled_from_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def catch_up(after: int) -> list[Event]:
        asked.append(after)
        return [event(seq) for seq in range(after + 1, 5)]

    hub = Hub("B", catch_up, Counts())
    _, wire = client(hub)
    hub.receive(event(4))
    await wrote(wire)
    assert asked == [0]
    assert seqs(wire) == [1, 2, 3, 4]


class Slow:
    """A log that is read up to where it is let, as often as it is let."""

    def __init__(self, *events: Event):
        self.events = list(events)
        self.asked: list[int] = []
        self._reads: asyncio.Queue[int] = asyncio.Queue()

    def let(self, upto: int) -> None:
        """Let one read end, with what had been written up to there when it began."""
        self._reads.put_nowait(upto)

    async def __call__(self, after: int) -> list[Event]:
        self.asked.append(after)
        upto = await self._reads.get()
        return [each for each in self.events if after < each.seq <= upto]


def of_buyer(seq: int, kind: str = "order.held", device: str | None = "device") -> Event:
    told = ("staff", "farm:1", "order:1")
    return Event("B", seq, seq, kind, told, {"order": "1", "waited": True}, device)


async def test_a_gap_costs_no_buyer_the_right_to_hear_of_an_order(hub: Hub) -> None:
    log = hub.catch_up = Slow(event(1), of_buyer(2), event(3))
    (_, buyer), (stranger, other) = client(hub), client(hub)
    hub.leave(stranger)
    stranger.device = "another"
    hub.join(stranger)
    log.let(3)
    hub.receive(event(3))  # 1 and 2 were lost on their way
    await wrote(buyer)
    hub.receive(of_buyer(4, "order.packed", None))
    hub.receive(event(5))
    await until(lambda: seqs(other)[-1:] == [5], "all was sent")
    assert seqs(buyer) == [1, 2, 3, 4, 5]
    assert seqs(other) == [1, 3, 5]


@pytest.mark.parametrize("seq", [1, 3])
async def test_an_event_out_of_turn_gives_its_buyer_the_right_at_once(hub: Hub, seq: int) -> None:
    buyer, _ = client(hub)
    hub.receive(event(1))
    hub.receive(of_buyer(seq))
    assert buyer.audiences == {"public", "order:1"}
    hub.stop()


async def test_what_is_written_while_the_log_is_read_is_read_at_once(hub: Hub) -> None:
    log = hub.catch_up = Slow(*(event(seq) for seq in range(1, 7)))
    _, wire = client(hub)
    hub.receive(event(2))
    await until(lambda: log.asked == [0], "the log is read")
    hub.receive(event(4))
    hub.receive(event(6))
    log.let(3)
    await until(lambda: log.asked == [0, 3], "it is read again, though nothing more was heard")
    log.let(6)
    await until(lambda: seqs(wire) == [1, 2, 3, 4, 5, 6], "all of it is sent")
    assert log.asked == [0, 3]


async def test_what_the_log_does_not_have_is_not_asked_for_again(hub: Hub) -> None:
    log = hub.catch_up = Slow(event(1))
    _, wire = client(hub)
    hub.receive(event(1_000))
    await until(lambda: log.asked == [0], "the log is read")
    log.let(1)
    await wrote(wire)
    assert (seqs(wire), log.asked) == ([1], [0])
    hub.receive(event(2))
    await wrote(wire)
    assert (seqs(wire), log.asked) == ([1, 2], [0])


async def test_who_must_reach_a_seq_does_not_settle_for_an_earlier_read(hub: Hub) -> None:
    log = hub.catch_up = Slow(*(event(seq) for seq in range(1, 5)))
    hub.receive(event(2))
    await until(lambda: log.asked == [0], "the log is read")
    reached = asyncio.create_task(hub.catch_up_to(4))
    log.let(2)
    log.let(4)
    await asyncio.wait_for(reached, LONG_S)
    assert hub.scene.seq == 4
    hub.stop()


async def test_a_log_that_cannot_be_read_is_read_at_the_next_event(hub: Hub) -> None:
    log = Slow(*(event(seq) for seq in range(1, 5)))
    failed: list[int] = []

    async def away(after: int) -> list[Event]:
        failed.append(after)
        hub.receive(event(3))  # heard of while it is asked
        raise OSError("the database is away")

    hub.catch_up = away
    _, wire = client(hub)
    with capture_logs() as lines:
        hub.receive(event(2))
        await until(lambda: lines, "it says so")
    assert failed == [0]
    hub.catch_up = log
    log.let(4)
    hub.receive(event(4))
    await wrote(wire)
    assert seqs(wire) == [1, 2, 3, 4]


async def test_a_slow_client_gets_the_newest_stock_and_every_message(hub: Hub) -> None:
    _, slow = client(hub)
    _, fast = client(hub)
    slow.full = hubs.SLOW_BYTES + 1
    hub.receive(event(1, "stock.changed", offer="a", left=9))
    hub.receive(event(2))
    hub.receive(event(3, "stock.changed", offer="a", left=8))
    hub.receive(event(4, "stock.changed", offer="b", left=5))
    await wrote(fast)
    assert slow.frames == []
    slow.full = 0
    await wrote(slow)
    assert seqs(slow) == [2, 3, 4]
    assert slow.frames[-1]["to"] == 4
    assert hub.counts.superseded == 1
    assert seqs(fast) == [1, 2, 3, 4]


async def test_in_a_rush_nobody_gets_stale_stock(hub: Hub) -> None:
    _, viewer = client(hub)
    _, buyer = client(hub, "order:2")
    hub.receive(event(1))
    hub.receive(order(2, "1"))
    for seq in range(3, 3 + hubs.RUSH):
        hub.receive(event(seq, "stock.changed", offer="ab"[seq % 2], left=100 - seq))
    await wrote(viewer)
    last = 2 + hubs.RUSH
    assert seqs(viewer) == [1, last - 1, last]
    assert seqs(buyer) == [1, 2, last - 1, last]
    assert viewer.frames[-1]["to"] == last
    assert hub.counts.superseded == hubs.RUSH - 2


async def test_each_order_reaches_every_channel_of_its_device_alone(hub: Hub) -> None:
    (_, one), (_, two), (_, other) = client(hub), client(hub), client(hub)
    other_client = next(each for each in hub.clients if each.wire is other)
    hub.leave(other_client)
    other_client.device = "another"
    hub.join(other_client)
    placed = order(1, "1")
    hub.receive(Event("B", 1, 1, placed.kind, placed.audience, placed.data, "device"))
    hub.receive(event(2))
    await wrote(one)
    assert (seqs(one), seqs(two), seqs(other)) == ([1, 2], [1, 2], [2])


async def test_a_client_that_stays_full_is_cut_and_costs_the_others_nothing(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "STALL_S", 0.02)
    stalled, wire = client(hub)
    _, other = client(hub)
    wire.full = hubs.SLOW_BYTES + 1
    hub.receive(event(1))
    await wrote(wire)
    assert wire.code == hubs.TRY_AGAIN_LATER
    assert stalled not in hub.clients
    assert seqs(other) == [1]


async def test_a_client_more_than_the_ring_behind_is_cut(hub: Hub) -> None:
    _, wire = client(hub)
    wire.full = hubs.SLOW_BYTES + 1
    for seq in range(1, hubs.RESUMABLE + 3):
        hub.receive(event(seq))
    await wrote(wire)
    assert wire.code == hubs.TRY_AGAIN_LATER


async def test_an_order_goes_to_its_buyer_and_staff_alone(hub: Hub) -> None:
    _, viewer = client(hub)
    _, buyer = client(hub, "order:1")
    _, host = client(hub, "staff")
    hub.receive(Event("B", 1, 1, "order.placed", ("staff", "order:1"), {"order": "1"}))
    hub.receive(event(2))
    await wrote(viewer)
    assert seqs(viewer) == [2]
    assert seqs(buyer) == [1, 2]
    assert seqs(host) == [1, 2]


async def test_a_pinned_card_does_not_wait_for_the_next_frame(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "FLUSH_S", 3600)
    _, wire = client(hub)
    hub.receive(event(1))  # the first goes at once and opens the hour
    await wrote(wire)
    hub.receive(event(2))
    hub.receive(event(3, "card.pinned", offer="a"))
    await wrote(wire)
    assert seqs(wire) == [1, 2, 3]
    hub.stop()


def test_newest_keeps_the_order_and_the_last_of_each_offer() -> None:
    events = [
        event(1, "stock.changed", offer="a", left=3),
        event(2, "audience.counted", viewers=1, reactions=0),
        event(3),
        event(4, "stock.changed", offer="a", left=2),
        event(5, "audience.counted", viewers=2, reactions=0),
    ]
    assert [kept.seq for kept in drop_superseded(events)] == [3, 4, 5]


def order(seq: int, *farms: str) -> Event:
    """An order of one line a farm, each of seq minor units."""
    told = ("staff", *(f"farm:{farm}" for farm in farms), f"order:{seq}")
    lines = [{"farm": farm, "quantity": 1, "total": seq} for farm in farms]
    total = {"amount": seq * len(farms), "currency": "CNY"}
    data = {"order": str(seq), "buyer": "x", "lines": lines, "total": total}
    return Event("B", seq, seq, "order.placed", told, data)


async def test_sellers_get_their_own_lines_and_those_of_one_farm_the_same_bytes(hub: Hub) -> None:
    (_, one), (_, two) = client(hub, "farm:1"), client(hub, "farm:1")
    _, both = client(hub, "farm:1", "farm:2")
    _, none = client(hub, "farm:3")
    _, host = client(hub, "staff")
    hub.receive(order(1, "1", "2"))
    hub.receive(event(2))
    await wrote(one)
    assert one.raw[0] is two.raw[0]
    (shown, _) = one.frames[0]["events"]
    assert shown["data"] == {
        "order": "1",
        "lines": [{"farm": "1", "quantity": 1, "total": 1}],
        "total": {"amount": 1, "currency": "CNY"},
    }
    assert [line["farm"] for line in both.frames[0]["events"][0]["data"]["lines"]] == ["1", "2"]
    assert "buyer" not in both.frames[0]["events"][0]["data"]
    assert seqs(none) == [2]
    assert host.frames[0]["events"][0]["data"] == order(1, "1", "2").data


async def test_many_orders_cost_one_frame_for_all_viewers_and_one_a_buyer(hub: Hub) -> None:
    viewers = [client(hub) for _ in range(20)]
    buyers = [client(hub, f"order:{seq}") for seq in (1, 2)]
    hub.receive(order(1, "1"))
    hub.receive(order(2, "1"))
    hub.receive(event(3))
    await wrote(viewers[0][1])
    assert hub.counts.frames == 3
    assert [seqs(wire) for _, wire in buyers] == [[1, 3], [2, 3]]


async def test_a_rush_cuts_nobody_who_keeps_up(hub: Hub) -> None:
    _, wire = client(hub)
    for seq in range(1, 3 * hubs.RESUMABLE):  # without a turn of the loop
        hub.receive(event(seq))
    hub.stop()
    assert wire.code is None
    assert seqs(wire) == list(range(1, 3 * hubs.RESUMABLE))


async def test_an_erased_buyer_is_in_no_memory_of_the_hub(hub: Hub) -> None:
    """Neither in what late joiners are shown, nor in what is sent again; and its device, which is
    known as another, hears of the order no more.
    """
    data = {"order": "O", "number": "A0001", "buyer": "old", "lines": [], "state": "placed"}
    placed = Event("B", 1, 1, "order.placed", ("staff", "order:O"), data, "device")
    packed = Event("B", 2, 2, "order.packed", ("staff", "order:O"), {"order": "O", "state": "p"})
    buyer, _ = client(hub, "order:O")
    staff, wire = client(hub, "staff")
    for each in (placed, packed):
        hub.receive(each)
    await wrote(wire)
    hub.receive(event(3, "order.erased", "staff", order="O", number="A0001", buyer="new"))
    await wrote(wire)
    late, _ = client(hub, "staff")
    late.to = 0
    kept = repr([*hub._ring, hub.scene])
    assert "'old'" not in kept
    assert "'device'" not in kept
    assert "'new'" in hub.frame(late, {}).decode(errors="replace").replace('"', "'")
    assert buyer.audiences == {"public"}
    assert staff.audiences == {"public", "staff"}
