"""RED payloads (RFC 2198): those that Chromium sent, and blocks of any size."""

from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.media.support import packets

from farmlive.media.wire.red import Block

RED, OPUS = 63, 111
PAYLOADS = [
    packets.parse(data).packet.payload
    for session in SESSIONS
    for data in session.rtp
    if packets.parse(data).payload_type == RED
]
OLDER = some.builds(
    Block, some.integers(0, 127), some.integers(0, 0x3FFF), some.binary(max_size=0x3FF)
)
NEWEST = some.builds(Block, some.integers(0, 127), some.just(0), some.binary(max_size=1_200))
