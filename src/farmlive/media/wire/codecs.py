"""Supported codecs: names, equality of formats, and where in a stream a decoder can start.

h264.py has what is specific to H264.
"""

from collections.abc import Callable, Mapping

from farmlive.media.wire import h264

# In order of preference for publishers: H264 needs no transcoding for recordings.
VIDEO = ("H264", "VP8", "VP9", "AV1")
AUDIO = ("OPUS",)

NO_B_FRAMES = (
    "The stream has B-frames, which browsers can't play live. In OBS untick “Ignore streaming "
    "service setting recommendations” (Settings, Stream), or set the encoder's “B-Frames” to 0 "
    "(x264: the tune “zerolatency”); in ffmpeg add -bf 0. Then start it again."
)
NO_SUCH_PROFILE = (
    "This H264 profile is not one that browsers play. Set the encoder's profile to baseline, main "
    "or high, 8 bit 4:2:0 (in ffmpeg: -profile:v baseline -pix_fmt yuv420p). Then start it again."
)
# What stands for them where a page says them in its reader's language.
OBJECTIONS: Mapping[str, str] = {NO_B_FRAMES: "b-frames", NO_SUCH_PROFILE: "profile"}


def key(name: str, parameters: Mapping[str, str]) -> str | None:
    """Return the codec key, equal for formats of publisher and viewer that fit, such as `VP8`,
    `H264:high` or `VP9:0`.

    None for an unsupported format.
    """
    name = name.upper()
    if name == "H264":
        # All senders use fragmentation: packetization mode 1 (RFC 6184, section 6.3).
        if parameters.get("packetization-mode") != "1":
            return None
        profile = h264.family(parameters.get("profile-level-id", "42000a"))
        return f"H264:{profile}" if profile else None
    if name == "VP9":
        return f"VP9:{parameters.get('profile-id', '0')}"
    if name in ("VP8", "AV1", "OPUS"):
        return name
    return None


def begins_keyframe(codec: str, payload: bytes) -> bool:
    """Return whether a decoder can start with this packet. `codec` is a key or its first word."""
    return keyframe_test(codec)(payload)


def keyframe_test(codec: str) -> Callable[[bytes], bool]:
    """Return the test of whether a decoder of this codec can start with a packet."""
    return _KEYFRAME_TESTS.get(codec.partition(":")[0], _never)


def _never(payload: bytes) -> bool:
    return False


def _vp8_keyframe(payload: bytes) -> bool:
    return len(payload) > 1 and payload[0] & 0x17 == 0x10 and _vp8_frame(payload) is not None


def _vp9_keyframe(payload: bytes) -> bool:
    # Not inter-predicted, start of a frame, lowest spatial layer (RFC 9628, section 4.2).
    if not payload or payload[0] & 0x48 != 0x08:
        return False
    if not payload[0] & 0x20:
        return True
    at = 1
    if payload[0] & 0x80 and len(payload) > 1:
        at = 3 if payload[1] & 0x80 else 2
    return len(payload) > at and payload[at] & 0x0E == 0


def _av1_keyframe(payload: bytes) -> bool:
    # N bit: the first packet of a coded video sequence (AV1 RTP, section 4.4).
    return bool(payload) and payload[0] & 0x88 == 0x08


_KEYFRAME_TESTS: Mapping[str, Callable[[bytes], bool]] = {
    "H264": h264.begins_keyframe,
    "VP8": _vp8_keyframe,
    "VP9": _vp9_keyframe,
    "AV1": _av1_keyframe,
}


def _vp8_frame(payload: bytes) -> int | None:
    """Return the frame's offset in a payload that begins a VP8 key frame, else None (RFC 7741, 4.2,
    4.3).
    """
    if len(payload) < 2 or payload[0] & 0x17 != 0x10:
        return None
    at = 1
    if payload[0] & 0x80:
        flags = payload[1]
        at = 2
        if flags & 0x80 and len(payload) > at:
            at += 2 if payload[at] & 0x80 else 1
        if flags & 0x40:
            at += 1
        if flags & 0x30:
            at += 1
    return at if len(payload) > at and payload[at] & 1 == 0 else None


def picture_size(codec: str, payload: bytes) -> tuple[int, int] | None:
    """Return width and height if this packet of a keyframe contains them (VP8 and H264), else
    None.
    """
    if codec == "VP8":
        at = _vp8_frame(payload)
        if at is None or len(payload) < at + 10 or payload[at + 3 : at + 6] != b"\x9d\x01\x2a":
            return None
        width = int.from_bytes(payload[at + 6 : at + 8], "little") & 0x3FFF
        height = int.from_bytes(payload[at + 8 : at + 10], "little") & 0x3FFF
        return (width, height) if width and height else None
    if codec.startswith("H264"):
        sps = h264.find_sps(payload)
        return (sps.width, sps.height) if sps else None
    return None


def objection(codec: str, payload: bytes) -> str | None:
    """Return why viewers can't play the stream that begins with this keyframe, None if they can.

    The sentence says which setting to change.
    """
    if not codec.startswith("H264"):
        return None
    sps = h264.find_sps(payload)
    if sps is None:
        return None
    if sps.reorder:
        return NO_B_FRAMES
    if sps.profile not in (66, 77, 100):
        return NO_SUCH_PROFILE
    return None
