"""What staff are told of a source: its place, its numbers, and what to do about them. Pure."""

from dataclasses import asdict
from typing import Any

from farmlive.media.advice import Advice, advise
from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine import Health


def shown(entry: Broadcast, source: Source, health: Health | None) -> dict[str, Any]:
    """One source of the broadcast, as the API answers it; `health` None while nobody sends it."""
    numbers = health or Health()
    return {
        "source": source.id,
        "label": source.label,
        "guest": source.guest,
        "on_air": entry.on_air == source.id and source.fit,
        "picked": entry.picked == source.id,
        "away": not source.flowing,
        "codec": numbers.codec,
        "width": numbers.width,
        "height": numbers.height,
        "bitrate_kbps": numbers.bitrate_kbps,
        "fps": numbers.fps,
        "loss": numbers.loss,
        "rtt_ms": numbers.rtt_ms,
        "jitter_ms": numbers.jitter_ms,
        "keyframe_s": numbers.keyframe_s,
        "audio": numbers.audio,
        "layers": [asdict(layer) for layer in numbers.layers],
        "transport": numbers.transport,
        "objection": source.objection,
        "advice": _advice(entry, source, numbers),
    }


def _advice(entry: Broadcast, source: Source, health: Health) -> list[Advice]:
    if not source.flowing:
        return []
    on_air = entry.sources.get(entry.on_air or "")
    return advise(
        health,
        objection=source.objection,
        adapts=source.publishing is not None and source.publishing.transport_cc is not None,
        on_air=on_air.video if on_air is not None and on_air is not source else None,
    )
