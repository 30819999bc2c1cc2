"""Publishes the film by WHIP: `python -m farmlive.demo.publish` in a process of its own.

Owns the pace: frame k of the film leaves when the wall clock stands at k / RATE seconds within a
minute. Nothing is encoded here; libav's WHIP muxer is a stock client. What starts it again when
it ends is on_air.py's.
"""

import json
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet
from av.stream import Stream

from farmlive.demo.film import FRAMES, RATE

_SOUNDS_A_SECOND = 50
# The muxer holds a packet back until the other stream has a later one, so sound goes ahead.
_SOUND_AHEAD_S = 0.05
_STEP_S = 0.5


class ClockError(Exception):
    """The machine's clock was set while the film ran, so the counter no longer tells the time."""


def schedule() -> Iterator[tuple[float, bool, int]]:
    """What leaves when, for ever.

    Each is (seconds after the start, whether it is a picture, its number since the start).
    """
    picture = sound = 0
    while True:
        picture_at, sound_at = picture / RATE, sound / _SOUNDS_A_SECOND - _SOUND_AHEAD_S
        if sound_at <= picture_at:
            yield max(0.0, sound_at), False, sound
            sound += 1
        else:
            yield picture_at, True, picture
            picture += 1


def publish(film: Path, url: str, key: str) -> None:
    """Publish the film to a WHIP address until the other side ends it or the clock is set."""
    with av.open(str(film)) as source:
        video, audio = source.streams.video[0], source.streams.audio[0]
        packets: dict[int, list[Packet[Stream]]] = {video.index: [], audio.index: []}
        for packet in source.demux(video, audio):
            if packet.size:
                packets[packet.stream.index].append(packet)
        pictures = packets[video.index]
        sounds = packets[audio.index][: len(pictures) * _SOUNDS_A_SECOND // RATE]
        with av.open(url, "w", format="whip", options={"authorization": key}) as sink:
            streams = (
                sink.add_stream_from_template(audio),
                sink.add_stream_from_template(video),
            )
            sink.start_encoding()
            wall, steady = time.time(), time.monotonic()
            start = int(wall) + 1
            first = start % (FRAMES // RATE)
            for after, is_picture, number in schedule():
                due = steady + (start - wall) + after
                time.sleep(max(0.0, due - time.monotonic()))
                if abs(time.time() - wall - (time.monotonic() - steady)) > _STEP_S:
                    raise ClockError
                rate = RATE if is_picture else _SOUNDS_A_SECOND
                kept = pictures if is_picture else sounds
                packet = kept[(first * rate + number) % len(kept)]
                packet.stream = streams[is_picture]
                packet.time_base = Fraction(1, rate)
                packet.pts = packet.dts = number
                packet.duration = 1
                sink.mux_one(packet)


def main() -> int:
    """Read `{"film", "url", "key"}` from standard input, so that no process list shows the key."""
    order = json.loads(sys.stdin.readline())
    try:
        publish(Path(order["film"]), order["url"], order["key"])
    except ClockError:
        return 0
    except (av.FFmpegError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
