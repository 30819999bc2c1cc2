"""Advice: what is wrong with a source, by its numbers, for a host to do something about it.

Pure decisions. Each piece is a code with its numbers; the words are the page's.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from farmlive.media.engine.interface import Health
from farmlive.media.wire import codecs

Advice = dict[str, Any]
"""`code`, `level` (`fair`: viewers begin to notice; `poor`: they leave), and the code's numbers."""


class Limits(NamedTuple):
    """Where viewers begin to notice, and where they leave."""

    fair: float
    poor: float


# Shares of what was sent, and round trips in ms.
LOSS = Limits(0.02, 0.06)
ROUND_TRIP_MS = Limits(250, 500)
# A keyframe must come so often (s) where nobody sends one when asked, as OBS.
KEYFRAME_S = Limits(4.5, 10.5)
KEYFRAME_WANTED_S = 2
# Pictures a second; 15 is a choice that some cameras make.
FRAMES = Limits(12, 7)
# Bits a pixel of H264 or VP8 that moves. Below it the picture is blocks.
BITS_A_PIXEL = Limits(0.03, 0.015)
BITS_WANTED = 0.06
# The newer codecs do with less.
_THRIFTY = {"VP9": 0.65, "AV1": 0.55}
# A sender that adapts makes the picture small where the way up is narrow. But a camera may be small
# by itself, and a still scene needs few bits: the way is named only where something else shows it.
NARROW_KBPS = 600
NARROW_PIXELS = Limits(640 * 480, 426 * 240)
# Sizes that cameras and OBS can be set to, by the lines of a picture of 16 to 9.
_LINES = (1080, 720, 540, 480, 360, 240)

_OBJECTIONS: Mapping[str, str] = {
    codecs.NO_B_FRAMES: "b-frames",
    codecs.NO_SUCH_PROFILE: "profile",
}


def advise(
    health: Health,
    *,
    objection: str | None = None,
    adapts: bool = False,
    on_air: str | None = None,
) -> list[Advice]:
    """What is wrong with a source whose media flows, the worst first.

    `objection`: why it can't be put on air; `adapts`: it follows our feedback in bitrate and size,
    as browsers do; `on_air`: the codec of what viewers get, such as `H264`, where that is another
    source. Codes:

    - `b-frames`, `profile`, `unplayable`: it is not put on air; the encoder must be set.
    - `no-picture`: only sound comes.
    - `loss` (`percent`): so much is lost on the way to us.
    - `narrow-uplink` (`kbps`, `width`, `height`): the sender left out its larger layers, or what it
      sends is small, starved and late or lossy.
    - `small-picture` (`width`, `height`): a small picture that comes whole, for whatever reason.
    - `bitrate` (`kbps`, `wanted_kbps`, `width`, `height`, `lines`): too few bits for the size; so
      many suit it, or so many lines suit the bits (null: not even the smallest).
    - `few-frames` (`fps`), `no-sound`.
    - `keyframes` (`seconds`, `wanted_s`): new viewers and a switch wait so long.
    - `round-trip` (`ms`), `tcp`: the network lets no UDP through, so delay grows with each loss.
    - `codec` (`codec`, `on_air`): a switch makes every viewer's decoder change.
    """
    found: list[Advice] = []

    def add(code: str, level: str, **numbers: Any) -> None:
        found.append({"code": code, "level": level, **numbers})

    def above(value: float | None, limits: Limits) -> str | None:
        if value is None or value <= limits.fair:
            return None
        return "poor" if value > limits.poor else "fair"

    if objection is not None:
        add(_OBJECTIONS.get(objection, "unplayable"), "poor")
    if not health.bitrate_kbps:
        return found  # nothing was measured yet
    if not health.fps:
        add("no-picture", "poor")
    elif health.fps < FRAMES.fair:
        add("few-frames", "poor" if health.fps < FRAMES.poor else "fair", fps=health.fps)
    if level := above(health.loss, LOSS):
        add("loss", level, percent=round(health.loss * 100, 1))
    found += _narrow(health) if adapts else _starved(health)
    if not health.audio:
        add("no-sound", "fair")
    if not health.keyframes_on_request and (level := above(health.keyframe_s, KEYFRAME_S)):
        add("keyframes", level, seconds=health.keyframe_s, wanted_s=KEYFRAME_WANTED_S)
    if level := above(health.rtt_ms, ROUND_TRIP_MS):
        add("round-trip", level, ms=health.rtt_ms)
    if health.transport == "tcp":
        add("tcp", "fair")
    if on_air is not None and health.codec is not None and health.codec != on_air:
        add("codec", "fair", codec=health.codec, on_air=on_air)
    return sorted(found, key=lambda advice: advice["level"] != "poor")


def _narrow(health: Health) -> list[Advice]:
    if not health.width or not health.height or health.bitrate_kbps >= NARROW_KBPS:
        return []
    pixels = health.width * health.height
    if pixels >= NARROW_PIXELS.fair:
        return []
    is_tiny = pixels < NARROW_PIXELS.poor
    size = {"width": health.width, "height": health.height}
    # Not those that this camera is too small for: they never had a size.
    left_out = any(
        not layer.kbps and (layer.width or 0) * (layer.height or 0) > pixels
        for layer in health.layers
    )
    is_troubled = health.loss > LOSS.fair or (health.rtt_ms or 0) > ROUND_TRIP_MS.fair
    if left_out or (is_troubled and _starved(health)):
        level = "poor" if is_tiny else "fair"
        kbps = round(health.bitrate_kbps)
        return [{"code": "narrow-uplink", "level": level, "kbps": kbps, **size}]
    return [{"code": "small-picture", "level": "fair", **size}] if is_tiny else []


def _starved(health: Health) -> list[Advice]:
    if not health.width or not health.height or not health.fps:
        return []
    thrift = _THRIFTY.get(health.codec or "", 1.0)
    pixels_a_second = health.width * health.height * health.fps
    bits = health.bitrate_kbps * 1000 / pixels_a_second / thrift
    if bits >= BITS_A_PIXEL.fair:
        return []
    short, long = sorted((health.width, health.height))
    fits = (
        lines
        for lines in _LINES
        if lines < short
        and health.bitrate_kbps * 1000
        >= BITS_WANTED * thrift * lines * lines * long / short * health.fps
    )
    return [
        {
            "code": "bitrate",
            "level": "poor" if bits < BITS_A_PIXEL.poor else "fair",
            "kbps": round(health.bitrate_kbps),
            "wanted_kbps": max(1, round(BITS_WANTED * thrift * pixels_a_second / 1e5)) * 100,
            "width": health.width,
            "height": health.height,
            "lines": next(fits, None),
        }
    ]
