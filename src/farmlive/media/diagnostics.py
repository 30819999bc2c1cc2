"""Diagnostics: what is wrong with a source, by its measurements, so that a host can act.

Pure decisions. Each piece of advice is a code with its numbers; the page has the texts.
"""

from typing import Any, NamedTuple

from farmlive.media.engine.interface import Health
from farmlive.media.wire import codecs

Advice = dict[str, Any]
"""`code`, `level` (`fair`: viewers begin to notice; `poor`: they leave), and the code's numbers."""


class Limits(NamedTuple):
    """Two thresholds: viewers notice the first, and leave at the second."""

    fair: float
    poor: float


# Lost shares of what was sent, and round trips in ms.
LOSS = Limits(0.02, 0.06)
ROUND_TRIP_MS = Limits(250, 500)
# Longest keyframe intervals, in seconds, of senders that ignore keyframe requests, such as OBS.
KEYFRAME_S = Limits(4.5, 10.5)
KEYFRAME_WANTED_S = 2
# Frames per second; some cameras use 15 by choice.
FRAMES = Limits(12, 7)
# Bits per pixel of H264 or VP8 with motion. Below this the picture is blocky.
BITS_A_PIXEL = Limits(0.03, 0.015)
BITS_WANTED = 0.06
# Newer codecs need a smaller share of that.
_THRIFTY = {"VP9": 0.65, "AV1": 0.55}
# An adaptive sender shrinks its picture when its uplink is narrow. But a camera may be small, and a
# still scene needs few bits: `narrow-uplink` needs a further sign.
NARROW_KBPS = 600
NARROW_PIXELS = Limits(640 * 480, 426 * 240)
# Picture heights of 16:9 that cameras and OBS offer.
_LINES = (1080, 720, 540, 480, 360, 240)


def advise(
    health: Health,
    *,
    objection: str | None = None,
    adapts: bool = False,
    on_air: str | None = None,
) -> list[Advice]:
    """Return what is wrong with a source whose media flows, the worst first.

    `objection`: why it can't be put on air; `adapts`: it adapts bitrate and size to feedback, as
    browsers do; `on_air`: the codec that viewers get, such as `H264`, if another source is on air.
    Codes:

    - `b-frames`, `profile`, `unplayable`: it is not put on air; the encoder's settings must change.
    - `no-picture`: it sends audio alone.
    - `loss` (`percent`): the network to the server loses packets.
    - `narrow-uplink` (`kbps`, `width`, `height`): the sender left out its larger layers, or its
      picture is small, starved of bits, and late or lossy.
    - `small-picture` (`width`, `height`): a small picture without loss, for whatever reason.
    - `bitrate` (`kbps`, `wanted_kbps`, `width`, `height`, `lines`): too few bits for the size;
      `wanted_kbps` suit it, or `lines` suit the bits (null: not even the smallest size).
    - `few-frames` (`fps`), `no-sound`.
    - `keyframes` (`seconds`, `wanted_s`): new viewers and a switch wait that long.
    - `round-trip` (`ms`), `tcp`: the network blocks UDP, so each loss adds delay.
    - `codec` (`codec`, `on_air`): a switch would change every viewer's decoder.
    """
    found: list[Advice] = []

    def add(code: str, level: str, **numbers: Any) -> None:
        found.append({"code": code, "level": level, **numbers})

    def above(value: float | None, limits: Limits) -> str | None:
        if value is None or value <= limits.fair:
            return None
        return "poor" if value > limits.poor else "fair"

    if objection is not None:
        add(codecs.OBJECTIONS.get(objection, "unplayable"), "poor")
    if not health.bitrate_kbps:
        return found  # nothing is measured yet
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
    # Layers that this camera is too small for never had a size.
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
