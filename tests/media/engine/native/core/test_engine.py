"""The engine in C behind the engine's calls, by hand."""

import asyncio
import gc
import os
import weakref
from collections.abc import Callable

import pytest
from tests.media.engine.native.support.stepped_engine import (
    GCM,
    HERE,
    KEYFRAME,
    LOCAL,
    VIDEO,
    VIEWING,
    Hand,
    check,
    picture,
)
from tests.media.engine.native.support.stepped_engines import Told
from tests.media.support import packets
from tests.media.support.h264_sps import MAIN_WITH_B
from tests.support.waiting import until

from farmlive.media.engine.interface import Credentials, Incoming, Keys, Publishing
from farmlive.media.engine.native import _native
from farmlive.media.wire import codecs, stun


def test_a_check_is_answered_and_told(hand: Hand) -> None:
    peer = hand.engine.add_peer(LOCAL)
    hand.take(check(LOCAL))
    [(to, answer)] = hand.relay.sent()
    assert to == HERE
    assert stun.parse(answer).kind == stun.BINDING_SUCCESS
    assert stun.parse(answer).authentic(LOCAL.password.encode())
    assert hand.told.events == [("reached", peer)]
    hand.take(check(Credentials("name", "another password")))
    assert not [answer for _, answer in hand.relay.sent() if answer[1] == 1]


def test_new_credentials_serve_beside_the_old(hand: Hand) -> None:
    peer, new = hand.engine.add_peer(LOCAL), Credentials("new", "a newer password")
    hand.engine.restart_ice(peer, new)
    hand.take(check(LOCAL))
    hand.take(check(new))
    assert len(hand.relay.sent()) == 2


def test_records_go_both_ways_once_the_address_is_proved(hand: Hand) -> None:
    peer = hand.engine.add_peer(LOCAL)
    hand.engine.send(peer, b"\x16dropped")
    hand.take(b"\x16a stranger's", HERE)
    hand.take(check(LOCAL))
    hand.relay.sent()
    hand.engine.send(peer, b"\x16ours")
    hand.take(b"\x16theirs", HERE)
    assert hand.relay.sent() == [(HERE, b"\x16ours")]
    assert hand.told.events == [("reached", peer), ("dtls", peer, b"\x16theirs")]


def test_a_flood_of_records_takes_nobody_elses_turn(hand: Hand) -> None:
    peers = [hand.engine.add_peer(Credentials(name, "password")) for name in ("one", "other")]
    ways = [(f"192.0.2.{number}", 4000) for number in (1, 2)]
    for name, way in zip(("one", "other"), ways, strict=True):
        hand.take(check(Credentials(name, "password")), way)
    for _ in range(2):
        hand.told.events.clear()
        for _ in range(10_000):
            hand.relay.take(b"\x16", -1.0, ways[0], hand.now)
        hand.relay.take(b"\x16", -1.0, ways[1], hand.now)
        hand.engine.dispatch_events()
        told = [peer for _, peer, _ in hand.told.events]
        assert [told.count(peer) for peer in peers] == [64, 1]
    assert hand.engine.counters()["datagrams_ignored"] == 2 * (10_000 - 64)


def test_a_viewer_gets_what_is_on_air(hand: Hand) -> None:
    publisher, camera = hand.secured()
    viewer, screen = hand.secured(("192.0.2.2", 4000))
    output = hand.engine.add_output()
    hand.engine.publish(publisher, VIDEO)
    hand.engine.view(viewer, output, VIEWING)
    hand.engine.put_on_air(output, publisher)
    hand.take(picture(camera, KEYFRAME))
    hand.relay.run(hand.now + 0.05)
    media = [data for to, data in hand.relay.sent() if to == viewer and not 192 <= data[1] <= 223]
    [received] = [packets.parse(screen.unprotect(data)) for data in media]
    assert received.ssrc == hand.engine.ssrcs(output).video
    assert received.packet.payload == KEYFRAME
    assert ("aired", output, publisher) in hand.told.events
    assert hand.engine.viewer_health(viewer) is not None
    assert hand.engine.health(viewer) is None
    assert hand.engine.viewer_health(publisher) is None
    assert hand.engine.health(publisher) is not None
    assert hand.engine.counters()["packets_sent"] == 1


def test_an_objection_is_a_sentence(hand: Hand) -> None:
    peer, camera = hand.secured()
    hand.engine.publish(peer, Publishing([Incoming("video", 90_000, {96: "H264:main"})]))
    hand.take(picture(camera, MAIN_WITH_B))
    hand.relay.run(hand.now + 1)
    hand.relay.run(hand.now + 2)
    hand.engine.dispatch_events()
    assert ("objected", peer, codecs.NO_B_FRAMES) in hand.told.events
    health = hand.engine.health(peer)
    assert health is not None
    assert health.objection == codecs.NO_B_FRAMES


def test_sessions_are_kept_until_nobody_uses_them(hand: Hand) -> None:
    peer, _ = hand.secured()
    kept = [weakref.ref(session) for session in hand.engine._sessions[peer]]
    hand.engine.secure(peer, Keys(GCM, 16, os.urandom(28), os.urandom(28)))
    hand.engine.remove_peer(peer)
    gc.collect()
    assert all(session() is not None for session in kept), "it was not told yet"
    hand.engine.dispatch_events()
    gc.collect()
    assert [session() for session in kept] == [None, None]


def test_who_comes_and_goes_leaves_nothing(hand: Hand) -> None:
    output = hand.engine.add_output()
    publisher, _ = hand.secured()
    hand.engine.publish(publisher, VIDEO)
    hand.engine.put_on_air(output, publisher)
    for each in range(300):
        peer, _ = hand.secured(("192.0.2.2", 1000 + each))
        hand.engine.view(peer, output, VIEWING)
        hand.engine.remove_peer(peer)
        hand.engine.dispatch_events()
    assert list(hand.engine._sessions) == [publisher]
    assert hand.engine._peers == {publisher}


def test_nothing_is_told_of_who_was_removed(hand: Hand) -> None:
    peer = hand.engine.add_peer(LOCAL)
    hand.relay.take(check(LOCAL), -1.0, HERE, hand.now)
    hand.engine.remove_peer(peer)
    hand.engine.dispatch_events()
    assert hand.told.events == []


def test_an_output_tells_only_whom_it_was_asked_for_last(hand: Hand) -> None:
    publisher, camera = hand.secured()
    output = hand.engine.add_output()
    hand.engine.publish(publisher, VIDEO)
    hand.engine.put_on_air(output, publisher)
    hand.relay.take(picture(camera, KEYFRAME), -1.0, HERE, hand.now)
    hand.engine.put_on_air(output, None)
    hand.engine.dispatch_events()
    assert "aired" not in [name for name, *_ in hand.told.events]
    hand.engine.put_on_air(output, publisher)
    hand.take(picture(camera, KEYFRAME, 2))
    assert ("aired", output, publisher) in hand.told.events


def test_what_is_gone_is_ignored(hand: Hand) -> None:
    engine = hand.engine
    calls: list[Callable[[], object]] = [
        lambda: engine.restart_ice(99, LOCAL),
        lambda: engine.send(99, b"\x16"),
        lambda: engine.secure(99, Keys(GCM, 16, bytes(28), bytes(28))),
        lambda: engine.remove_peer(99),
        lambda: engine.remove_output(99),
        lambda: engine.publish(99, VIDEO),
        lambda: engine.view(99, 98, VIEWING),
        lambda: engine.put_on_air(98, 99),
        lambda: engine.limit_layer(99, 1),
        lambda: engine.limit_rung(99, "sound"),
        # Nor does the extension mind.
        lambda: hand.relay.restart_ice(99, b"name", b"password", b"", b""),
        lambda: hand.relay.send(99, b"\x16"),
        lambda: hand.relay.remove_peer(99),
        lambda: hand.relay.remove_output(99),
        lambda: hand.relay.publish(99, [], -1, -1, -1, -1, -1, 1),
        lambda: hand.relay.view(99, 98, [], [], 0, False),
        lambda: hand.relay.put_on_air(98, 99),
        lambda: hand.relay.limit_layer(99, -1),
        lambda: hand.relay.limit_rung(99, 0),
    ]
    for call in calls:
        call()
    assert (engine.viewer_health(99), engine.health(99)) == (None, None)
    assert (hand.relay.viewer_health(99), hand.relay.health(99)) == (None, None)
    # Sessions that nobody takes are let go of at once.
    hand.relay.secure(99, 1, 1, 16, bytes(28))
    assert hand.relay.events() == [(_native.EVENT_FREED, 99, 0, 0, b"")]


async def test_a_listener_that_fails_misses_nothing_else(hand: Hand) -> None:
    loop, failures = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    seen: list[int] = []

    class Failing(Told):
        def on_reached(self, peer: int) -> None:
            seen.append(peer)
            raise LookupError(peer)

    hand.engine.listen(Failing())
    peers = [hand.engine.add_peer(Credentials(f"name{each}", "password")) for each in range(3)]
    for each in range(3):
        request = check(Credentials(f"name{each}", "password"))
        hand.relay.take(request, -1.0, ("192.0.2.1", 1 + each), hand.now)
    await until(lambda: len(seen) == 3, "all were told of")
    assert seen == peers
    assert [type(each) for each in failures] == [LookupError] * 3
    await hand.engine.stop()


def test_only_a_relay_without_a_thread_is_run_by_hand(hand: Hand) -> None:
    relay = _native.Relay()
    for call in (
        lambda: relay.begin(0.0, 0.0),
        lambda: relay.set_now(0.0),
        lambda: relay.take(b"", -1.0, HERE, 0.0),
        lambda: relay.run(0.0),
        relay.due,
        relay.sent,
        lambda: hand.relay.start([], [], 0, 0.0),
    ):
        with pytest.raises(RuntimeError):
            call()
