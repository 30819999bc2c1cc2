"""Writes the recorded packets as files, the first inputs of each harness: `python -m
tests.fuzz.native.seeds FOLDER` makes a folder for each kind.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.fuzz.corpus import SESSIONS

from farmlive.media.wire import rtp
from farmlive.media.wire.framing import frame

# No input is longer; `replay.c` and `scripts/sanitize` keep to it, too.
_MOST = 2048
# Behind a stream: the sizes of the pieces that it comes in, and how many they are.
_CUTS = bytes((1, 1, 40, 0, 3, 200, 130)), bytes((7,))


def _streams(packets: Sequence[bytes]) -> Iterator[bytes]:
    """The packets on streams as long as an input may be."""
    ends = b"".join(_CUTS)
    stream = b""
    for framed in map(frame, packets):
        if len(stream) + len(framed) + len(ends) > _MOST:
            yield stream + ends
            stream = b""
        stream += framed
    yield stream + ends


def seeds() -> dict[str, list[bytes]]:
    """The packets by kind; `payload` is what RTP packets carry, `framing` all of a session."""
    packets = [data for session in SESSIONS for data in session.rtp]
    return {
        "stun": [data for session in SESSIONS for data in session.stun],
        "rtp": packets,
        "rtcp": [data for session in SESSIONS for data in session.rtcp],
        "framing": [
            stream
            for session in SESSIONS
            for stream in _streams((*session.stun, *session.rtcp, *session.rtp))
        ],
        "payload": [rtp.split(data)[5] for data in packets],
    }


def main(folder: Path) -> None:
    for kind, inputs in seeds().items():
        place = folder / kind
        place.mkdir(parents=True, exist_ok=True)
        for index, data in enumerate(dict.fromkeys(inputs)):
            (place / f"{index:04}").write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
