"""A viewer's check that bears a publisher's address does not knock the publisher off."""

import os
from random import Random

import pytest
from tests.media.engine.native.support.stepped_engine import (
    GCM,
    HERE,
    KEYFRAME,
    LOCAL,
    VIDEO,
    check,
    picture,
)
from tests.media.engine.native.support.stepped_engines import PythonHand
from tests.media.engine.native.support.stepped_native import NativeHand

from farmlive.media.engine.interface import Credentials, Keys
from farmlive.media.engine.python.srtp import Protection

VIEWER = Credentials("viewer", "a password that a viewer has by right")


@pytest.fixture(params=["python", "native"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> object:
    if request.param == "python":
        return PythonHand(monkeypatch, Random(1))
    return NativeHand()


def test_a_publisher_that_sends_keeps_its_address(either: PythonHand | NativeHand) -> None:
    either.start(100.0)
    publisher, viewer = either.engine.add_peer(LOCAL), either.engine.add_peer(VIEWER)
    either.take(check(LOCAL), HERE, None, 100.0)
    ours, theirs = os.urandom(28), os.urandom(28)
    either.engine.secure(publisher, Keys(GCM, 16, ours, theirs))
    either.engine.publish(publisher, VIDEO)
    end = Protection(Keys(GCM, 16, theirs, ours))
    # It checks at the start only, as some encoders do.
    for second in range(1, 30):
        now = 100.0 + second
        either.take(picture(end, KEYFRAME, second), HERE, None, now)
        either.take(check(VIEWER), HERE, None, now + 0.5)
    assert either.engine.counters()["packets_received"] == 29
    assert either.engine.remote_address(viewer) is None
    # Once it has gone quiet the address may be another's, as behind a NAT.
    either.take(check(VIEWER), HERE, None, 137.0)
    assert either.engine.remote_address(viewer) is not None
