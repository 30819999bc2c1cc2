"""How many viewers get less than all: counted while a host looks, and never too many at once."""

import time
from typing import Any, cast

import pytest

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine.interface import Engine, Health, Peer, ViewerHealth
from farmlive.media.signalling.session import Session
from farmlive.media.viewers.counts import SAMPLE, ViewerCounts
from farmlive.media.viewers.limits import ViewerLimits


class Scripted:
    """What the engine says of viewers by their number, and how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[Peer] = []
        self.rungs: dict[Peer, Any] = {}
        self.gone: set[Peer] = set()
        self.limits: list[tuple[Peer, Any]] = []

    def viewer_health(self, peer: Peer) -> ViewerHealth | None:
        self.asked.append(peer)
        if peer in self.gone:
            return None
        rung = self.rungs.get(peer, "full")
        kbps = None if rung == "full" else 1900.0
        return ViewerHealth(0, 1, 0.0, kbps, 0, "udp", "narrow" if kbps else "wide", rung)

    def health(self, peer: Peer) -> Health:
        return Health(bitrate_kbps=2600.0)

    def limit_layer(self, peer: Peer, most: int | None) -> None:
        self.limits.append((peer, most))

    def limit_rung(self, peer: Peer, most: Any) -> None:
        self.limits.append((peer, most))


class Somebody:
    """A session by its peer alone."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer


class Audience:
    """A broadcast with viewers, and the clock that the counts go by."""

    def __init__(self, viewers: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine = Scripted()
        self.limits = ViewerLimits(cast(Engine, self.engine))
        self.counts = ViewerCounts(cast(Engine, self.engine), self.limits)
        self.entry = Broadcast("one", 1)
        camera = Source("camera", "Camera")
        camera.session, self.entry.on_air = cast(Session, Somebody(9_999)), "camera"
        self.entry.sources["camera"] = camera
        self.sessions = [cast(Session, Somebody(number)) for number in range(viewers)]
        for session in self.sessions:
            self.entry.viewers[session] = frozenset()
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    async def look(self, times: int = 1, wanted: bool = True) -> int:
        """Look once a second; return how many viewers the engine was asked about."""
        before = len(self.engine.asked)
        for _ in range(times):
            if wanted:
                self.counts.want(self.entry)
            await self.counts.look()
            self.now += 1.0
        return len(self.engine.asked) - before

    @property
    def found(self) -> dict[str, Any]:
        found = self.counts.found(self.entry)
        assert found is not None
        return found


async def test_viewers_are_counted_by_what_they_get_and_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    audience = Audience(8, monkeypatch)
    audience.engine.rungs |= {0: "keyframes", 1: "keyframes", 2: "sound", 3: "sound"}
    audience.engine.gone = {7}
    audience.limits.choose(audience.sessions[3], "sound_only", None)
    assert audience.counts.found(audience.entry) is None
    await audience.look()
    assert audience.found == {
        "counted": 7,
        "gets": {
            "all": 3,
            "smaller_picture": 0,
            "fewer_frames": 0,
            "still_pictures": 2,
            "sound": 2,
        },
        "limited_by": {"link": 3, "choice": 1},
    }
    advice = audience.counts.advice(audience.entry)
    assert advice is not None
    assert (advice["limited"], advice["counted"], advice["wanted_kbps"]) == (3, 7, 1200)
    audience.entry.on_air = "another"
    assert audience.counts.advice(audience.entry) is None, "it is about another camera"


async def test_nobody_is_asked_about_unless_a_host_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    audience = Audience(8, monkeypatch)
    assert await audience.look(20, wanted=False) == 0
    assert await audience.look() == 8
    assert await audience.look(3) == 0, "what was found is good for some seconds"
    assert await audience.look(2) == 8
    assert await audience.look(30, wanted=False) <= 24
    assert await audience.look(30, wanted=False) == 0
    assert audience.counts.found(audience.entry) is None


async def test_of_a_large_audience_a_part_is_counted_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    audience = Audience(5_000, monkeypatch)
    audience.engine.rungs = dict.fromkeys(range(0, 5_000, 4), "keyframes")
    for _ in range(8):
        assert audience.counts.found(audience.entry) is None
        assert 0 < await audience.look() <= 60
    assert audience.found["counted"] == SAMPLE
    # A quarter of them, within five standard deviations.
    assert abs(audience.found["gets"]["still_pictures"] - SAMPLE / 4) < 48
    assert len(set(audience.engine.asked)) == SAMPLE


async def test_many_hosts_share_the_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    audience = Audience(300, monkeypatch)
    others = [Broadcast(f"other {number}", 2) for number in range(20)]
    for other in others:
        other.viewers = dict(audience.entry.viewers)
        audience.counts.want(other)
    for _ in range(6 * 21):
        for other in others:
            audience.counts.want(other)
        assert await audience.look() <= 60
    assert all(audience.counts.found(other) is not None for other in others)


async def test_a_broadcast_without_viewers_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    audience = Audience(0, monkeypatch)
    await audience.look(2)
    assert audience.found["counted"] == 0
    assert audience.counts.advice(audience.entry) is None
