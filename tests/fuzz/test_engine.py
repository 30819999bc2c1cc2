"""An engine that hears anything from anyone: nothing is raised, what is ignored is counted, what
it holds is bounded and goes away, and what a viewer gets is whole.
"""

import asyncio
import gc
import struct
import time
import weakref
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pylibsrtp import Error
from tests.fuzz.corpus import Session
from tests.fuzz.engine_driver import Kind, PythonWorks, on_each
from tests.fuzz.live_engine import LOCAL, PLAYERS, PUBLISHERS, House, at_home
from tests.fuzz.random_feeds import feeds, own_streams
from tests.support.waiting import until

from farmlive.media.signalling import negotiation
from farmlive.media.wire import rtp


async def run(
    session: Session, fed: list[tuple[str, bytes, float]], kind: Kind, protected: bool
) -> None:
    async with at_home(session, kind) as house:
        # It flows, before anything else comes.
        for data in session.rtp:
            sent = house.publisher.sending.protect(data) if protected else data
            house.feed(sent, house.publisher.address)
            house.after(0.005)
        for who, data, pause in fed:
            take(house, who, data, protected)
            house.after(pause)
        await house.check()
        house.check_received()


def take(house: House, who: str, data: bytes, protected: bool) -> None:
    end = {"publisher": house.publisher, "viewer": house.viewer}.get(who)
    if end is None:
        ignored, told = house.engine.counters()["datagrams_ignored"], len(house.heard.told)
        house.feed(data, house.stranger)
        assert house.engine.counters()["datagrams_ignored"] == ignored + 1
        # A publisher may fall silent at any reading.
        assert {each[0] for each in house.heard.told[told:]} <= {"on_silent"}
        return
    if end is house.viewer:
        data = own_streams(data, (house.ssrcs.video, house.ssrcs.audio))
    # What can't be protected comes as it is.
    with suppress(Error, ValueError):
        if protected:
            is_report = rtp.is_rtcp(data)
            data = (end.sending.protect_rtcp if is_report else end.sending.protect)(data)
    house.feed(data, end.address)


@on_each
@pytest.mark.parametrize("protected", [False, True], ids=["plain", "protected"])
@pytest.mark.parametrize("session", PUBLISHERS, ids=lambda each: each.name)
async def test_a_recorded_session_is_relayed_whole(
    session: Session, protected: bool, kind: Kind
) -> None:
    with nullcontext() if protected else kind.plain():
        await run(session, [("viewer", data, 0.1) for data in PLAYERS[0].rtcp], kind, protected)


@on_each
@given(some.data())
def test_any_plain_packet_harms_nobody(kind: Kind, data: some.DataObject) -> None:
    session = data.draw(some.sampled_from(PUBLISHERS))
    with kind.plain(), asyncio.Runner() as runner:
        runner.run(run(session, data.draw(feeds(session)), kind, protected=False))


@on_each
@given(some.data())
def test_any_datagram_harms_nobody(kind: Kind, data: some.DataObject) -> None:
    session = data.draw(some.sampled_from(PUBLISHERS))
    with asyncio.Runner() as runner:
        runner.run(run(session, data.draw(feeds(session)), kind, protected=True))


async def test_what_is_gone_leaves_nothing() -> None:
    """Of the engine in Python; of the one in C each House asks its census."""
    async with at_home(PUBLISHERS[0], PythonWorks) as house:
        for data in house.session.rtp:
            house.feed(house.publisher.sending.protect(data), house.publisher.address)
            house.after(0.01)
        await house.check()
        left = traces(house)
        for peer in house.peers:
            house.engine.remove_peer(peer)
        house.engine.remove_output(house.output)
        house.after(2)
        await until(lambda: not alive(left), "what is under way ends by itself")


def alive(traces: list[weakref.ref[Any]]) -> list[Any]:
    gc.collect()
    return [each() for each in traces if each() is not None]


def traces(house: House) -> list[weakref.ref[Any]]:
    """All that stands for the publisher, the viewer and the output."""
    peers = house.engine._peers
    assert isinstance(peers, dict)
    publisher, viewer = (peers[number] for number in house.peers)
    assert publisher.publisher is not None
    assert viewer.viewer is not None
    assert viewer.viewer.epoch is not None
    held = (publisher, viewer, publisher.publisher, viewer.fanout, *publisher.publisher.tracks)
    return [weakref.ref(each) for each in held]


def with_extensions(number: int, ssrc: int, payload_type: int, elements: dict[int, bytes]) -> bytes:
    """A packet whose header extensions are these."""
    body = b"".join(
        bytes((name << 4 | len(value) - 1,)) + value for name, value in elements.items()
    )
    body += bytes(-len(body) & 3)
    head = struct.pack("!BBHII", 0x90, payload_type, number & 0xFFFF, 0, ssrc)
    return head + struct.pack("!HH", 0xBEDE, len(body) // 4) + body + number.to_bytes(2, "big")


@on_each
async def test_feedback_on_very_many_packets_at_once_can_be_sent(kind: Kind) -> None:
    async with at_home(PUBLISHERS[0], kind) as house:
        _, publishing, _ = negotiation.publish(house.session.offer, LOCAL)
        wide = publishing.transport_cc
        video = next(track for track in publishing.tracks if track.kind == "video")
        assert wide is not None
        for number in range(3_000):
            elements = {wide: number.to_bytes(2, "big")}
            # Each seems to come long before the one before it, and every other one is missing.
            data = with_extensions(2 * number, 5, next(iter(video.codecs)), elements)
            house.now += 0.1 if number % 2 else -0.099
            house.feed(house.publisher.sending.protect(data), house.publisher.address)
        house.now = time.monotonic() + 0.2
        await house.check()
        got = [data for data in house.heard_by_publisher() if data[0] >= 128]
        plain_text = [house.publisher.receiving.unprotect_rtcp(data) for data in got]
        assert any(b"\x8f\xcd" in data or b"\xaf\xcd" in data for data in plain_text)
        house.check_received()


@on_each
async def test_streams_of_retransmission_without_end_are_not_kept(kind: Kind) -> None:
    session = next(each for each in PUBLISHERS if "layers" in each.name)
    async with at_home(session, kind) as house:
        _, publishing, _ = negotiation.publish(session.offer, LOCAL)
        video = next(track for track in publishing.tracks if track.kind == "video")
        assert publishing.repaired_rid is not None
        for number in range(500):
            elements = {publishing.repaired_rid: video.layers[0].encode()}
            data = with_extensions(number, number, next(iter(video.retransmissions)), elements)
            house.feed(house.publisher.sending.protect(data), house.publisher.address)
        await house.check()
