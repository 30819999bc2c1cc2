"""The recorded packets: what Chromium, ffmpeg and aiortc sent, in `corpus.json`.

`record` makes the file anew. Each session has its offer and, as the parsers see them, its STUN
messages, RTP packets and RTCP packets, each with what it is.
"""

import json
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus.json")
# The password of our end in every recorded session, whose checks are signed with it.
PASSWORD = "password-of-the-corpus"


@dataclass(frozen=True)
class Session:
    """What one client said; `way` is `publish` or `play`."""

    name: str
    way: str
    offer: str
    stun: tuple[bytes, ...]
    rtp: tuple[bytes, ...]
    rtcp: tuple[bytes, ...]


def _packets(entries: list[list[str]]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(data) for _, data in entries)


def _read() -> list[Session]:
    return [
        Session(
            each["name"],
            each["way"],
            "\r\n".join([*each["offer"], ""]),
            _packets(each["stun"]),
            _packets(each["rtp"]),
            _packets(each["rtcp"]),
        )
        for each in json.loads(CORPUS.read_text(encoding="utf-8"))
    ]


SESSIONS = _read() if CORPUS.exists() else []
