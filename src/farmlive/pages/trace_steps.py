"""The steps of a lot's story as its page shows them, recorded or not. Pure."""

from dataclasses import dataclass, replace

from farmlive.bilingual import Bilingual
from farmlive.origin.story.models import Station as Told
from farmlive.origin.story.models import Story

# In the order of the year; what nobody recorded stands open, so that a reader sees that.
STATIONS = ("flowered", "sprayed", "picked", "tested", "packed", "shipped")


@dataclass(frozen=True)
class Station:
    """A step of the line: when it happened, None if nothing is recorded.

    `times` says how often it was, `at` is the last time. A spraying has its substance and until
    when its waiting period ran, `too_early` where the lot was picked before that; a test has
    whether it was passed, a packing its boxes together, a shipping where to.
    """

    name: str
    at: int | None = None
    times: int = 0
    before_open: bool = False
    substance: Bilingual | None = None
    until: int | None = None
    too_early: bool = False
    passed: bool | None = None
    boxes: int | None = None
    to: Bilingual | None = None


def line_of(story: Story) -> list[Station]:
    """Return the steps of a story, in order."""
    line = [
        _station(name, [recorded for recorded in story.stations if recorded.step == name], story)
        for name in STATIONS
    ]
    following = [*line[1:], None]
    return [
        replace(station, before_open=after is not None and station.times > 0 and after.times == 0)
        for station, after in zip(line, following, strict=True)
    ]


def _station(name: str, recorded: list[Told], story: Story) -> Station:
    if not recorded:
        return Station(name)
    last = max(recorded, key=lambda station: station.at)
    until = max((station.until for station in recorded if station.until is not None), default=None)
    boxes = sum(station.boxes or 0 for station in recorded)
    return Station(
        name,
        last.at,
        len(recorded),
        substance=last.substance,
        until=until,
        too_early=until is not None and until > story.lot.harvested_at,
        passed=last.passed,
        boxes=boxes or None,
        to=last.to,
    )
