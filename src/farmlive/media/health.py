"""The health of sources as staff see it: state, measurements and advice. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.diagnostics import Advice, advise
from farmlive.media.engine.interface import Health, Peer
from farmlive.media.rejected_offers import RejectedOffer


def list_sources(
    entry: Broadcast | None,
    refused: Mapping[str, RejectedOffer],
    measure: Callable[[Peer], Health | None],
    for_viewers: Advice | None = None,
) -> list[dict[str, Any]]:
    """Return the sources of the broadcast that have joined, as in the API, and those whose offers
    were refused. `for_viewers` is what the one on air could do for those who get less than all.
    """
    joined = [source for source in entry.sources.values() if source.joined] if entry else []
    here = {source.id for source in joined}
    others = [
        Source(each.admission.source, each.admission.label, each.admission.guest)
        for each in refused.values()
        if each.admission.source not in here
    ]
    found = []
    for source in [*joined, *others]:
        health = measure(source.session.peer) if source.session else None
        no = refused.get(source.id)
        found.append(
            _source_json(entry or Broadcast("", 0), source, health, for_viewers)
            | {"refused": no.as_json() if no else None}
        )
    return found


def _source_json(
    entry: Broadcast, source: Source, health: Health | None, for_viewers: Advice | None
) -> dict[str, Any]:
    """Return one source of the broadcast; `health` is None while it has no session."""
    numbers = health or Health()
    advice = _advice(entry, source, numbers)
    if for_viewers is not None and entry.on_air == source.id and source.flowing:
        advice.append(for_viewers)
    return {
        "id": source.id,
        "label": source.label,
        "guest": source.guest,
        "on_air": entry.on_air == source.id and source.fit,
        "picked": entry.picked == source.id,
        "holds_air": entry.picked is None and entry.held == source.id,
        "away": not source.flowing,
        "viewers_without_codec": entry.blind_to(source),
        "codec": numbers.codec,
        "width": numbers.width,
        "height": numbers.height,
        "bitrate_kbps": numbers.bitrate_kbps,
        "disposable_kbps": numbers.disposable_kbps,
        "fps": numbers.fps,
        "loss": numbers.loss,
        "rtt_ms": numbers.rtt_ms,
        "jitter_ms": numbers.jitter_ms,
        "keyframe_s": numbers.keyframe_s,
        "audio": numbers.audio,
        "layers": [asdict(layer) for layer in numbers.layers],
        "transport": numbers.transport,
        "objection": source.objection,
        "advice": advice,
    }


def delay_to_viewers(
    entry: Broadcast | None, measure: Callable[[Peer], Health | None], now: float
) -> dict[str, Any] | None:
    """Return the delay from the source on air to the viewers' screens, as in the API; None while
    nobody has reported it.
    """
    figures = entry.delays.figures(now) if entry else None
    source = entry.sources.get(entry.on_air or "") if entry else None
    if figures is None or source is None or source.session is None:
        return None
    health = measure(source.session.peer) or Health()
    before, tenth = round(health.delay_ms), figures.slowest_tenth_ms
    return {
        "from": health.delay_from,
        "median_ms": before + figures.median_ms,
        "slowest_tenth_ms": None if tenth is None else before + tenth,
        "viewers": figures.viewers,
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
