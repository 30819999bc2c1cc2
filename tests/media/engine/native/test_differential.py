"""On the same input, with loss, disorder, joins and switches, both engines send the same."""

import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
from tests.media.engine.native.support.random_broadcast import Scenario
from tests.media.engine.native.support.random_publisher import Publisher
from tests.media.engine.native.support.random_viewer import Viewer
from tests.media.engine.native.support.stepped_engines import Hands, PythonHand
from tests.media.engine.native.support.stepped_native import NativeHand

from farmlive.media.engine.interface import Incoming, Publishing, Viewing
from farmlive.media.engine.python.link.quality_ladder import RUNGS

# More and longer ones: FARMLIVE_TEST_SEEDS=200 FARMLIVE_TEST_SECONDS=60.
SEEDS = range(int(os.environ.get("FARMLIVE_TEST_SEEDS", "8")))
SECONDS = float(os.environ.get("FARMLIVE_TEST_SECONDS", "12"))


class Broadcast(Scenario):
    """Outputs that publishers are switched to, and viewers who come and go."""

    def begin(self) -> None:
        chance = self.chance
        self.hands.start(self.now)
        for _ in range(chance.choice((1, 2))):
            self.outputs.append(
                self.hands.add_output((chance.randrange(0x4000), chance.randrange(1 << 30)))
            )
        for _ in range(chance.choice((1, 2, 3))):
            self.later(chance.random() * 2, self.publisher_joins)
        for _ in range(2):
            self.later(0.5 + chance.random(), self.viewer_joins)
        for _ in range(chance.choice((3, 6))):
            self.later(chance.random() * SECONDS * 0.7, self.viewer_joins)
        self.every(0.9, self.something_happens, begin=1.5)

    def publisher_joins(self, now: float) -> None:
        publisher = Publisher(self, len(self.publishers) + 1)
        self.publishers.append(publisher)
        publisher.join(now)
        self.every(1 / 30, self.if_here(publisher, publisher.frame), begin=0.05)
        self.every(0.02, self.if_here(publisher, publisher.tone), begin=0.05)
        self.every(0.7, self.if_here(publisher, publisher.report), begin=0.3)
        self.every(2.5, self.if_here(publisher, self.checks(publisher)), begin=2)
        for output, _ in self.outputs:
            if len(self.publishers) == 1 or self.chance.random() < 0.7:
                self.hands.put_on_air(output, publisher.peer)

    def viewer_joins(self, now: float) -> None:
        output, ssrcs = self.chance.choice(self.outputs)
        viewer = Viewer(self, 1000 + len(self.viewers), output, ssrcs)
        self.viewers.append(viewer)
        viewer.join(now)
        self.every(0.4, self.if_here(viewer, viewer.report), begin=0.2)
        self.every(0.05, self.if_here(viewer, viewer.ask), begin=0.1)
        self.every(2.5, self.if_here(viewer, self.checks(viewer)), begin=2)

    def checks(self, who: Publisher | Viewer) -> Callable[[float], None]:
        return lambda now: self.send(who, who.link.check(use_candidate=False), now)

    def if_here(
        self, who: Publisher | Viewer, what: Callable[[float], None]
    ) -> Callable[[float], None]:
        return lambda now: what(now) if self._peers.get(who.peer) is who else None

    def something_happens(self, now: float) -> None:
        chance = self.chance
        here = [each for each in self.publishers if self._peers.get(each.peer) is each]
        watching = [each for each in self.viewers if self._peers.get(each.peer) is each]
        what = chance.randrange(13)
        if what < 3 and here:
            output, _ = chance.choice(self.outputs)
            on_air = chance.choice((*here, None)) if chance.random() < 0.3 else chance.choice(here)
            self.hands.put_on_air(output, on_air.peer if on_air else None)
        elif what == 3 and here:
            chance.choice(here).renew()
        elif what == 4 and here:
            camera = chance.choice(chance.choice(here).cameras)
            camera.on = not camera.on
        elif what == 5 and watching:
            chance.choice(watching).move(now)
        elif what == 6 and watching:
            self.hands.prefer(chance.choice(watching).peer, chance.choice((0, 1, 2, None)))
        elif what == 12 and watching:
            self.hands.limit_rung(chance.choice(watching).peer, chance.choice((*RUNGS, None)))
        elif what == 7 and len(here) > 1:
            chance.choice(here).leave()
        elif what == 8 and len(watching) > 1:
            chance.choice(watching).leave()
        elif what == 9:
            self.an_output_goes(here, watching)
        elif what == 10:
            self.called_again(chance.choice((*here, *watching)) if here or watching else None)
        else:
            self.viewer_joins(now)

    def an_output_goes(self, here: Sequence[Publisher], watching: Sequence[Viewer]) -> None:
        """Another one takes its place, which not all of its viewers watch."""
        chance = self.chance
        at = chance.randrange(len(self.outputs))
        gone, _ = self.outputs[at]
        self.hands.remove_output(gone)
        output, ssrcs = self.outputs[at] = self.hands.add_output(
            (chance.randrange(0x4000), chance.randrange(1 << 30))
        )
        if here:
            self.hands.put_on_air(output, chance.choice(here).peer)
        for viewer in watching:
            if viewer.output == gone:
                viewer.output = None
            if viewer.output is None and chance.random() < 0.8:
                viewer.watch(output, ssrcs)

    def called_again(self, who: Publisher | Viewer | None) -> None:
        """Calls that a peer with a role and keys has had before are ignored."""
        if who is None or (isinstance(who, Viewer) and who.output is None):
            return
        publishing = Publishing([Incoming("video", 90_000, {96: "VP8"}, nack=True, pli=True)])
        for hand in self.hands.all:
            hand.engine.publish(who.peer, publishing)
        self.hands.view(who.peer, self.chance.choice(self.outputs)[0], Viewing({}, {}))
        if who.is_secured:
            keys = replace(who.link.keys, transmit=bytes(28), receive=bytes(28))
            self.hands.secure(who.peer, keys)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("seed", SEEDS)
def test_both_engines_send_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    python = PythonHand(monkeypatch, random.Random(seed))
    native = NativeHand()
    broadcast = Broadcast(Hands(python, native), seed)
    broadcast.begin()
    broadcast.run(SECONDS)
    assert broadcast.compared > 200
    for peer in list(broadcast._peers):
        assert python.engine.viewer_health(peer) == native.engine.viewer_health(peer)
        health, other = python.engine.health(peer), native.engine.health(peer)
        if health is not None and other is not None:
            health.layers, other.layers = list(health.layers), list(other.layers)
        assert health == other
    assert python.engine._peers.keys() == native.engine._peers
    for what in ("peers", "publishers", "viewers", "secured", "outputs"):
        assert python.engine.gauges()[what] == native.engine.gauges()[what], what
    assert python.told.events == native.told.events
    assert counted(python.engine.counters()) == counted(native.engine.counters())


def counted(counters: Mapping[str, int]) -> dict[str, int]:
    """The counts; what could not be sent is taken from other ones by each engine."""
    counts = dict(counters)
    counts["packets_sent"] += counts.pop("packets_repaired")
    return counts
