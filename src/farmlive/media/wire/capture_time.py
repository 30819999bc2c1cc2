"""The capture time of a frame: the header extension abs-capture-time of libwebrtc. Pure.

https://webrtc.googlesource.com/src/+/main/docs/native-code/rtp-hdrext/abs-capture-time
"""

import struct

from farmlive.media.wire.rtp import seconds

EXTENSION = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"

_SHORT, _LONG = struct.Struct("!Q"), struct.Struct("!Qq")


def parse(value: bytes) -> float | None:
    """Return when the frame was captured, in seconds since 1970 by its sender's clock; None if the
    value is malformed.

    The long form adds by how much the capturing system's clock is ahead of the sender's.
    """
    if len(value) == _SHORT.size:
        return seconds(_SHORT.unpack(value)[0])
    if len(value) == _LONG.size:
        captured, ahead = _LONG.unpack(value)
        behind: float = ahead / 2**32
        return seconds(captured) - behind
    return None
