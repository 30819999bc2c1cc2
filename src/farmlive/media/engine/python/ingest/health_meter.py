"""Measures what comes of a publisher's tracks, and how late, about once a second."""

from collections.abc import Sequence

from farmlive.media.engine.interface import DelayFrom, Health
from farmlive.media.engine.python.ingest.track import Track

# Audio that was quiet for this long is off.
_AUDIO_S = 3.0


class HealthMeter:
    """What was counted of one publisher when its health was last measured, and when."""

    def __init__(self) -> None:
        self._at = 0.0
        self._octets = self._frames = 0

    def measure(
        self,
        health: Health,
        tracks: Sequence[Track],
        best: Track | None,
        round_trip_s: float | None,
        now: float,
    ) -> None:
        """Update the health by all tracks, and by the highest layer of video that comes."""
        span = now - self._at
        octets = sum(track.octets for track in tracks)
        frames = best.frames if best is not None else 0
        if self._at and span > 0:
            health.bitrate_kbps = round(max(0, octets - self._octets) * 8 / span / 1000, 1)
            health.fps = round(max(0, frames - self._frames) / span, 1)
        for track in tracks:
            track.measure(span if self._at else None)
        self._octets, self._frames, self._at = octets, frames, now
        if best is not None:
            health.codec = best.codec.partition(":")[0] or None
            health.width, health.height = best.size or (None, None)
            health.disposable_kbps = best.disposable_kbps
            took = best.repair_s if round_trip_s is None else round_trip_s
            health.rtt_ms = None if took is None else round(took * 1000, 1)
            health.jitter_ms = round(best.jitter_ms, 1) if best.ssrc else None
            health.delay_from, health.delay_ms = _source_delay(best, round_trip_s)
        health.audio = any(
            not track.is_video and track.last_at and now - track.last_at < _AUDIO_S
            for track in tracks
        )


def _source_delay(track: Track, round_trip_s: float | None) -> tuple[DelayFrom, float]:
    """Return where a frame of the track was, and how long before our time of it, in ms.

    Our time of a report is that of its arrival, on the quickest way; half of the round trip before
    that, it was sent.
    """
    if track.sender_report is None or round_trip_s is None:
        return "server", 0.0
    lag = track.capture_lag_s()
    if lag is None:
        return "sender", round(round_trip_s / 2 * 1000, 1)
    return "camera", round(max(0.0, round_trip_s / 2 + lag) * 1000, 1)
