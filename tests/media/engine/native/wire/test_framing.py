"""A stream is taken apart in C as in Python, however it is cut."""

from pathlib import Path
from random import Random

from tests.media.engine.native.net.ports_driver import Script, ports_driver

from farmlive.media.wire.framing import LARGEST, Deframer, TooLong, frame

__all__ = ["ports_driver"]


def feed(script: Script, deframer: Deframer, data: bytes) -> bool:
    """Feed both; False where the stream can't be followed any more."""
    script.call("feed", data)
    before = Deframer()
    before._held = deframer._held
    try:
        script.says(*deframer.feed(data))
    except TooLong:
        # C gives out what came before; Python gives out nothing of the same chunk.
        good: list[bytes] = []
        for at in range(len(data)):
            try:
                good += before.feed(data[at : at + 1])
            except TooLong:
                break
        script.says(*good, "too long")
        return False
    return True


def test_packets_come_out_whole_and_in_order(ports_driver: Path) -> None:
    random, script = Random(1), Script()
    for _ in range(300):
        script.call("anew")
        sizes = [random.choice((0, 1, 2, 30, 1200, LARGEST)) for _ in range(random.randrange(12))]
        stream = b"".join(frame(random.randbytes(size)) for size in sizes)
        deframer, at = Deframer(), 0
        while at < len(stream):
            size = random.choice((1, 2, 3, 40, 1300, 5000))
            assert feed(script, deframer, stream[at : at + size])
            at += size
    script.play(ports_driver)


def test_anything_is_taken_or_refused(ports_driver: Path) -> None:
    random, script, refused = Random(2), Script(), 0
    for _ in range(500):
        script.call("anew")
        deframer = Deframer()
        while True:
            # Lengths that are small enough are rare among random ones.
            low = b"".join(frame(random.randbytes(random.randrange(5))) for _ in range(3))
            if not feed(script, deframer, random.choice((low, random.randbytes(3)))):
                refused += 1
                break
    assert refused == 500
    script.play(ports_driver)


def test_a_packet_longer_than_any_datagram_is_refused(ports_driver: Path) -> None:
    script = Script()
    assert feed(script, Deframer(), frame(bytes(LARGEST)))
    assert not feed(script, Deframer(), (LARGEST + 1).to_bytes(2, "big"))
    script.play(ports_driver)
