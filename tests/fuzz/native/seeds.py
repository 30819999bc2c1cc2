"""Writes the recorded packets as files, the first inputs of each harness: `python -m
tests.fuzz.native.seeds FOLDER` makes a folder for each kind.
"""

import sys
from pathlib import Path

from tests.fuzz.corpus import SESSIONS

from farmlive.media import rtp


def seeds() -> dict[str, list[bytes]]:
    """The packets by kind; `payload` is what RTP packets carry."""
    packets = [data for session in SESSIONS for data in session.rtp]
    return {
        "stun": [data for session in SESSIONS for data in session.stun],
        "rtp": packets,
        "rtcp": [data for session in SESSIONS for data in session.rtcp],
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
