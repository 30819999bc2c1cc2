"""The five stations of a lot as its page shows them, recorded or not. Pure."""

from dataclasses import dataclass

from farmlive.origin.models import Story

# In the order of the year. Flowering and spraying have no trace events yet: they stand open, so
# that a reader sees what nobody has recorded.
STATIONS = ("flowered", "sprayed", "picked", "tested", "packed")


@dataclass(frozen=True)
class Station:
    """A station of the line: when it was passed, None where nothing is recorded."""

    name: str
    at: int | None
    before_open: bool


def line_of(story: Story) -> list[Station]:
    """The five stations of a story, in order."""
    known = {station.step: station.at for station in story.stations}
    times = [known.get(name) for name in STATIONS]  # type: ignore[call-overload]
    following = [*times[1:], None]
    return [
        Station(name, at, before_open=at is not None and after is None)
        for name, at, after in zip(STATIONS, times, following, strict=True)
    ]
