"""The figures of a join: pure arithmetic on what `watching.js` recorded in the browser.

Every time is in milliseconds since 1970 and counts from the join's start, unless a name says
otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from scripts.benches.report import percentile

# A picture that stands still for longer, after the join's first second, makes the join a bad one.
STILL_MS, JOINING_MS = 500, 1_000
# The third second begins, and the fifth is over.
FPS_FROM_MS, SOUND_FROM_MS = 2_000, 5_000
# A picture is full again once it has so much of its source's frames a second for so long.
FULL_SHARE, FULL_MS = 0.93, 3_000


@dataclass
class Record:
    """One viewer's join: when it began and ended, when each frame was shown, and the samples."""

    began: float
    ended: float
    shown: list[float]
    samples: list[dict[str, float]]

    def at(self, when: float) -> int:
        """Return the first sample not before that time; the last one if there is none."""
        last = len(self.samples) - 1
        return next((n for n, each in enumerate(self.samples) if each["at"] >= when), last)

    def grown(self, name: str, since: float = 0.0) -> float:
        """Return the growth of a count from then on, over connections that start at zero."""
        first = self.at(since) if since > self.began else -1
        total, before = 0.0, self.samples[first] if first >= 0 else None
        for each in self.samples[first + 1 :]:
            same = before is not None and before["connection"] == each["connection"]
            value = each.get(name, 0.0)
            total += value - (before.get(name, 0.0) if before is not None and same else 0.0)
            before = each
        return total

    def seconds(self, since: float) -> float:
        """Return the time from the first sample after then to the last one."""
        return (self.samples[-1]["at"] - self.samples[self.at(since)]["at"]) / 1000

    def stills(self, since: float) -> list[float]:
        """Return the gaps without a new frame, from then to the end."""
        marks = [since, *(at for at in self.shown if at > since), self.ended]
        return [later - earlier for earlier, later in pairwise(marks)]


def record_of(found: dict[str, Any]) -> Record:
    """Return the record that a page returned."""
    nothing = [{"at": found["ended"], "connection": -1}]
    return Record(found["began"], found["ended"], found["shown"], found["samples"] or nothing)


def join_figures(record: Record, expected_height: int | None = None) -> dict[str, Any]:
    """Return the figures of one join. `expected_height`: of the layer that fits, with several
    layers.
    """
    began, length_ms = record.began, record.ended - record.began
    frozen_s = record.grown("video.totalFreezesDuration")
    # Chromium counts a freeze when it is over.
    tail_ms = record.stills(record.shown[-1] if record.shown else began)[-1]
    if tail_ms > STILL_MS:
        frozen_s += tail_ms / 1000
    samples = record.grown("audio.totalSamplesReceived", began + SOUND_FROM_MS)
    concealed = record.grown("audio.concealedSamples", began + SOUND_FROM_MS)
    heard = record.grown("audio.packetsReceived", began + SOUND_FROM_MS) > 0 and samples > 0
    pictures = record.stills(record.shown[0]) if record.shown else [length_ms]
    figures = {
        "still_ms": round(max(record.stills(began + JOINING_MS))),
        "fps": round(
            record.grown("video.framesDecoded", began + FPS_FROM_MS)
            / max(0.001, record.seconds(began + FPS_FROM_MS)),
            1,
        ),
        "frozen_s": round(min(frozen_s, length_ms / 1000), 3),
        "length_s": round(length_ms / 1000, 2),
        "audio_concealed_share": round(concealed / samples, 4) if heard else 1.0,
        "first_frame_ms": round(record.shown[0] - began if record.shown else length_ms),
        "new_picture_s": round(max(pictures) / 1000, 2),
        "height": record.samples[-1].get("video.frameHeight", 0),
        **{name: round(record.grown(count)) for name, count in _COUNTS.items()},
    }
    if expected_height is not None:
        figures["layer_after_s"] = layer_after_s(record, expected_height)
    return figures


_COUNTS = {
    "freezes": "video.freezeCount",
    "packets": "video.packetsReceived",
    "packets_lost": "video.packetsLost",
    "repaired": "video.retransmittedPacketsReceived",
    "nacks": "video.nackCount",
    "keyframe_requests": "video.pliCount",
    "keyframes": "video.keyFramesDecoded",
    "audio_packets_lost": "audio.packetsLost",
    "silent_samples": "audio.silentConcealedSamples",
}


def layer_after_s(record: Record, height: int) -> float:
    """Return the seconds until the picture had this height for good; the join's whole length if it
    never did. A height that differs by a pixel counts as this one.
    """
    since = record.ended
    for each in reversed(record.samples):
        if abs(each.get("video.frameHeight", 0) - height) > 2:
            break
        since = each["at"]
    return round((since - record.began) / 1000, 2)


def cell_figures(joins: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of a cell, of its worst join unless noted otherwise: `joins_bad` is a
    number of joins, `freeze_share` is over all of them, `first_frame_ms` is the p95.
    """

    def worst(name: str, pick: Callable[[list[float]], float] = max) -> float:
        return pick([join[name] for join in joins])

    figures: dict[str, Any] = {
        "joins_bad": sum(join["still_ms"] > STILL_MS for join in joins),
        "fps": worst("fps", min),
        "freeze_share": round(
            sum(join["frozen_s"] for join in joins) / sum(join["length_s"] for join in joins), 4
        ),
        "audio_concealed_share": worst("audio_concealed_share"),
        "first_frame_ms": percentile([join["first_frame_ms"] for join in joins], 0.95),
        "new_picture_s": worst("new_picture_s"),
    }
    if "layer_after_s" in joins[0]:
        figures |= {"layer_after_s": worst("layer_after_s"), "freezes": worst("freezes")}
    return figures


def full_again_s(record: Record, since: float, height: int, source_fps: float) -> float | None:
    """Return the time from then to the first frame from which on the picture is full: of this
    height, and as smooth as its source for three seconds; None if it is not yet.
    """
    enough = FULL_SHARE * source_fps * FULL_MS / 1000
    shown = [at for at in record.shown if at >= since]
    for number, at in enumerate(shown):
        until = at + FULL_MS
        if until > record.ended:
            return None
        within = sum(each <= until for each in shown[number:])
        heights = [
            each.get("video.frameHeight", 0) for each in record.samples if at <= each["at"] <= until
        ]
        if within >= enough and heights and min(heights) >= height - 2:
            return round((at - since) / 1000, 2)
    return None
