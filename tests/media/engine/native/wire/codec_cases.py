"""Codecs as the engine in C numbers them, and payloads of each."""

from tests.fuzz.corpus import SESSIONS
from tests.media.support import packets

from farmlive.media.wire import codecs

PAYLOADS = [packets.parse(data).packet.payload for session in SESSIONS for data in session.rtp]
# As C has them: the family in the low byte.
NUMBERS = {"": 0, "H264:baseline": 1, "H264:high": 0x201, "VP8": 2, "VP9:0": 3, "VP9:2": 0x103,
           "AV1": 4, "OPUS": 5}  # fmt: skip
OBJECTIONS = [None, codecs.NO_B_FRAMES, codecs.NO_SUCH_PROFILE]
