"""What the engine in C takes of Python, and what has no room in it or is no such thing."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.media.engine.native.support.stepped_engine import HERE, Hand

from farmlive.media.engine.interface import Credentials
from farmlive.media.engine.native import _native
from farmlive.media.engine.native.numbering import CodecNumbers


def track(**changes: Any) -> Any:
    """A track as the extension takes it."""
    fields = {
        "is_video": True,
        "clock_rate": 90_000,
        "codecs": {96: 2},
        "repairs": {},
        "red": {},
        "rids": (),
        "nack": True,
        "pli": True,
    }
    return tuple((fields | changes).values())


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (
            lambda relay: relay.add_peer(1, b"", b"password", b"", b"", bytes(16)),
            "user name fragment",
        ),
        (lambda relay: relay.add_peer(1, b"n" * 257, b"password", b"", b"", bytes(16)), "256"),
        (lambda relay: relay.restart_ice(1, b"name", b"p" * 257, b"", b""), "256"),
        (lambda relay: relay.add_peer(1, b"name", b"password", b"n" * 257, b"p", bytes(16)), "256"),
        (lambda relay: relay.add_peer(1, b"name", b"password", b"n", b"", bytes(16)), "password"),
        (lambda relay: relay.add_peer(1, b"name", b"password", b"n", b"p", bytes(15)), "15 bytes"),
        (lambda relay: relay.publish(1, [track()] * 5, -1, -1, -1, -1, -1, 1), "at most 4 tracks"),
        (lambda relay: relay.publish(1, [track(codecs={128: 2})], -1, -1, -1, -1, -1, 1), "128"),
        (lambda relay: relay.publish(1, [track(codecs={-1: 2})], -1, -1, -1, -1, -1, 1), "-1"),
        (
            lambda relay: relay.publish(1, [track(codecs={96: 1 << 16})], -1, -1, -1, -1, -1, 1),
            "65536",
        ),
        (lambda relay: relay.publish(1, [track(repairs={97: 128})], -1, -1, -1, -1, -1, 1), "128"),
        (lambda relay: relay.publish(1, [track(rids=(b"r" * 256,))], -1, -1, -1, -1, -1, 1), "RID"),
        (
            lambda relay: relay.publish(1, [track(rids=(b"r",) * 5)], -1, -1, -1, -1, -1, 1),
            "4 layers",
        ),
        (lambda relay: relay.view(1, 2, [(2, 96, -1, -1)] * 25, [], 0, False), "at most 24"),
        (lambda relay: relay.limit_rung(1, 4), "from 0 to 3"),
        (lambda relay: relay.limit_rung(1, -1), "from 0 to 3"),
        (lambda relay: relay.view(1, 2, [(2, 128, -1, -1)], [], 0, False), "128"),
        (lambda relay: relay.view(1, 2, [], [(5, -1, -1, -1)], 0, False), "-1"),
        (lambda relay: relay.secure(1, 2, 3, 16, bytes(27)), "27 bytes"),
        (lambda relay: relay.take(bytes(2049), -1.0, HERE, 1.0), "2048"),
        (lambda relay: relay.take(b"", -1.0, ("example.org", 1), 1.0), "example.org"),
    ],
)
def test_what_has_no_room_is_an_error(hand: Hand, call: Callable[[Any], None], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        call(hand.relay)


@pytest.mark.parametrize(
    "call",
    [
        lambda relay: relay.add_peer(1, "name", b"password", b"", b"", bytes(16)),
        lambda relay: relay.send(1, None),
        lambda relay: relay.secure(1, 2, 3, 16),
        lambda relay: relay.publish(1, 5, -1, -1, -1, -1, -1, 1),
        lambda relay: relay.publish(1, [[]], -1, -1, -1, -1, -1, 1),
        lambda relay: relay.publish(1, [()], -1, -1, -1, -1, -1, 1),
        lambda relay: relay.publish(1, [track(codecs={"96": 2})], -1, -1, -1, -1, -1, 1),
        lambda relay: relay.publish(1, [track(rids=("l",))], -1, -1, -1, -1, -1, 1),
        lambda relay: relay.view(1, 2, [(2, 96)], [], 0, False),
        lambda relay: relay.take(b"", -1.0, "192.0.2.1", 1.0),
        lambda relay: type(relay)("manual"),
    ],
)
def test_what_is_no_such_thing_is_an_error(hand: Hand, call: Callable[[Any], None]) -> None:
    with pytest.raises(TypeError):
        call(hand.relay)


def test_credentials_that_are_too_long_make_no_peer(hand: Hand) -> None:
    with pytest.raises(ValueError, match="256"):
        hand.engine.add_peer(Credentials("n" * 257, "password"))
    assert hand.engine._peers == set()


def test_codecs_have_numbers_that_strangers_cannot_use_up() -> None:
    numbers = CodecNumbers()
    assert numbers.number("VP8") == numbers.number("VP8") == _native.CODEC_VP8
    assert numbers.number("H264:high") & 0xFF == _native.CODEC_H264
    assert numbers.family(numbers.number("H264:high")) == "H264"
    assert numbers.number("H264:high") != numbers.number("H264:main")
    assert numbers.number("") != 0
    strange = {numbers.number(f"VP9:{number}") for number in range(10, 1_000)}
    assert len(strange) == 253
    assert 0 in strange
    assert numbers.number("VP9:2") not in strange
    assert numbers.family(0) is None
