"""What a source could do for the viewers whose links carry less than it sends. Pure decisions; the
page has the texts.
"""

from collections.abc import Sequence
from typing import NamedTuple

from farmlive.media.diagnostics import Advice
from farmlive.media.engine.interface import Health

# From this share of the viewers on the host reads of it, and until fewer than the second.
_SHARE, _SHARE_OVER = 0.1, 0.05
# A share of one viewer in a few says nothing about a larger audience.
_FEW = 3
# Numbers that the host has read change only by this share.
_MOVED = 0.2
# A link carries a stream if it has this much more room, and sound beside it takes this (kbit/s).
_ROOMY, _SOUND_KBPS = 1.25, 100
# The bitrates to set: fewer bits are of use only if they are so many fewer and help so many.
_STEPS = (2000, 1500, 1200, 1000, 800, 600, 500)
_FEWER, _HELPED, _HELPED_LEAST = 0.85, 0.5, 0.25


class LimitedViewers(NamedTuple):
    """The viewers who get less than all because of their links, of `counted`; what those links
    carry, in kbit/s, as far as it is known.
    """

    counted: int
    limited: int
    links_kbps: Sequence[float] = ()


def advise_for_viewers(
    health: Health, viewers: LimitedViewers, before: Advice | None = None
) -> Advice | None:
    """Return what the source on air could do; `before` is what the host read last.

    Code `viewers` (`limited`, `counted`, `kbps`, `wanted_kbps`): many viewers' links can't carry
    its one layer; `wanted_kbps` suits at least half of them or, if the links are too different, a
    quarter. Of a source with layers they get a smaller picture: there is nothing to set.
    """
    if len(health.layers) > 1 or not health.bitrate_kbps or not viewers.counted:
        return None
    share = viewers.limited / viewers.counted
    is_one = viewers.limited < 2 and viewers.counted > _FEW
    if share < (_SHARE_OVER if before else _SHARE) or is_one or not viewers.limited:
        return None
    wanted = _wanted_kbps(health.bitrate_kbps, viewers.links_kbps)
    if wanted is None:
        return None
    advice: Advice = {
        "code": "viewers",
        "level": "fair",
        "limited": viewers.limited,
        "counted": viewers.counted,
        "kbps": round(health.bitrate_kbps),
        "wanted_kbps": wanted,
    }
    return before if before is not None and _is_like(advice, before) else advice


def _wanted_kbps(kbps: float, links_kbps: Sequence[float]) -> int | None:
    """Return the highest bitrate that helps enough of the links; None if none does."""
    steps = [step for step in _STEPS if step <= kbps * _FEWER]
    for helped in (_HELPED, _HELPED_LEAST):
        for step in steps:
            carried = sum(link >= (step + _SOUND_KBPS) * _ROOMY for link in links_kbps)
            if carried and carried >= helped * len(links_kbps):
                return step
    return None


def _is_like(advice: Advice, before: Advice) -> bool:
    """Return whether the host would read nothing new."""
    if advice["wanted_kbps"] != before["wanted_kbps"]:
        return False
    return all(
        abs(advice[name] - before[name]) <= max(1, _MOVED * before[name])
        for name in ("limited", "counted", "kbps")
    )
