"""What a connection has not taken is held, sent and dropped in C as in Python."""

from pathlib import Path
from random import Random

import pytest
from tests.media.engine.native.net.ports_driver import Script, ports_driver

from farmlive.media.engine.python.net.send_queue import QUEUE_MAX_BYTES, Frame, SendQueue
from farmlive.media.wire.framing import frame

__all__ = ["ports_driver"]


class Twin:
    """Both backlogs."""

    def __init__(self) -> None:
        self.script, self.backlog = Script(), SendQueue()

    def keep(self, packet: bytes, video: bool, at: float) -> None:
        self.backlog.add([Frame(frame(packet), video, at)])
        self.script.call("keep", packet, video, at)
        self.script.says(self.backlog.size)

    def send(self, most: int, share: float) -> None:
        """Send so much of what leaves next."""
        data = self.backlog.next(most)
        self.script.call("next", most)
        self.script.says(data)
        count = int(share * len(data))
        self.backlog.sent(count)
        self.script.call("gone", count)
        self.script.says(self.backlog.size)

    def trim(self, now: float) -> int:
        dropped = self.backlog.trim(now)
        self.script.call("trim", now)
        self.script.says(dropped, self.backlog.size)
        return dropped


@pytest.mark.parametrize("seed", range(4))
def test_it_is_held_sent_and_dropped_alike(ports_driver: Path, seed: int) -> None:
    random, twin, now, dropped = Random(seed), Twin(), 10.0, 0
    for _ in range(2_000):
        now += random.choice((0.0, 0.001, 0.05, 0.4))
        dice = random.random()
        if dice < 0.6:
            size = random.choice((0, 1, 20, 1200))
            twin.keep(random.randbytes(size), random.random() < 0.6, now)
        elif dice < 0.9:
            twin.send(random.choice((1, 500, 5_000)), random.choice((0, 0.3, 0.9, 1)))
        else:
            dropped += twin.trim(now)
    assert dropped > 100
    twin.script.play(ports_driver)


def test_no_more_is_held_than_the_bound(ports_driver: Path) -> None:
    twin = Twin()
    for number in range(400):
        twin.keep(bytes(2_000), number % 2 == 1, 1.0)
        # The first one, which goes in part, stays, whatever it is.
        if number == 0:
            twin.send(1, 0.5)
        twin.trim(1.0)
    assert 0 < twin.backlog.size <= QUEUE_MAX_BYTES
    twin.send(3_000, 1.0)
    twin.script.play(ports_driver)


def test_a_backlog_of_sound_alone_loses_the_oldest(ports_driver: Path) -> None:
    twin = Twin()
    for number in range(300):
        twin.keep(bytes([number % 256]) * 2_000, False, 1.0)
        twin.trim(1.0)
    twin.keep(b"last", False, 3.0)
    assert twin.trim(2.5) > 100
    twin.keep(b"and one more", True, 3.0)
    twin.send(1 << 16, 1.0)
    twin.script.play(ports_driver)
