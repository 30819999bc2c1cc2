"""What a viewer gets of the stream, why that is less than all, and its own choice of less.

Pure decisions; the engine does what the limits say, and reports what a viewer gets.
"""

from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel, Field

from farmlive.media.engine.interface import DISPOSABLE_LEAST, Health, Rung, ViewerHealth
from farmlive.problems import Invalid, field_error

Choice = Literal["auto", "save_data", "sound_only"]
Part = Literal["all", "smaller_picture", "fewer_frames", "still_pictures", "sound"]

# Each part with less than the one before.
PARTS: tuple[Part, ...] = get_args(Part)
_RUNGS: tuple[Rung, ...] = get_args(Rung)
# A link that carries this share of a stream carries it: both are measured.
_CARRIED = 0.85
_CHOICES: tuple[Choice, ...] = get_args(Choice)
_OF_RUNG: dict[Rung, Part] = {
    "fewer_frames": "fewer_frames",
    "keyframes": "still_pictures",
    "sound": "sound",
}


class Limits(NamedTuple):
    """The most that a viewer gets: a layer, 0 the lowest, and a rung; None: no limit."""

    layer: int | None = None
    rung: Rung | None = None


NO_LIMITS = Limits()


class ViewerDelivery(BaseModel):
    """What a viewer gets of the stream now.

    `gets` is null until media flows. `limited_by` is null if that is all there is, or while the
    viewer's link is not known yet.
    """

    choice: Choice = Field(description="The viewer's own choice.")
    gets: Part | None
    limited_by: Literal["link", "choice"] | None
    link: Literal["unknown", "wide", "narrow"] = Field(
        description="narrow: the link carries less than the viewer would be sent."
    )
    estimated_kbps: int | None = Field(
        description="What the viewer's link carries; null until something showed a limit."
    )


def read_choice(given: str | None) -> Choice:
    """Return the choice of this name, `auto` for none. Raises Invalid."""
    for choice in _CHOICES:
        if choice == (given or "auto"):
            return choice
    names = ", ".join(_CHOICES[:-1])
    raise Invalid(
        f"choice is {names} or {_CHOICES[-1]}.",
        errors=[field_error("choice", "unknown-choice", f"It is {names} or {_CHOICES[-1]}.")],
    )


def limits_of(choice: Choice, source: Health | None) -> Limits:
    """Return the limits that fulfil a choice with this source on air.

    To save data a viewer gets the lowest layer. If there is one layer alone it gets fewer frames,
    and only keyframes if each frame refers to the one before, as from OBS.
    """
    if choice == "auto":
        return NO_LIMITS
    if choice == "sound_only":
        return Limits(rung="sound")
    if source is None or not source.bitrate_kbps or len(source.layers) > 1:
        return Limits(layer=0)
    can_thin = source.disposable_kbps >= DISPOSABLE_LEAST * source.bitrate_kbps
    return Limits(layer=0, rung="fewer_frames" if can_thin else "keyframes")


def part_of(viewer: ViewerHealth, source: Health | None) -> Part:
    """Return what the viewer gets of this source's stream."""
    if viewer.rung != "full":
        return _OF_RUNG[viewer.rung]
    if source is None:
        return "all"
    if _skips(viewer, source):
        return "fewer_frames"
    flowing = [at for at, layer in enumerate(source.layers) if layer.kbps]
    return "smaller_picture" if flowing and viewer.layer < flowing[-1] else "all"


def _skips(viewer: ViewerHealth, source: Health) -> bool:
    """Return whether a link is too narrow for each frame of its layer: the engine leaves some out
    even before it goes a rung down.
    """
    kbps = source.bitrate_kbps
    if viewer.layer < len(source.layers) > 1:
        kbps = source.layers[viewer.layer].kbps
    estimate = viewer.estimated_kbps
    return viewer.link == "narrow" and estimate is not None and estimate < _CARRIED * kbps


def _contradicts(kbps: float, part: Part, source: Health | None) -> bool:
    """Return whether an estimate says that the link carries all, though the viewer gets less: while
    little is sent it grows, and nothing measures it.
    """
    if part == "all" or source is None:
        return False
    return kbps > max([each.kbps for each in source.layers], default=source.bitrate_kbps)


def limited_by(
    viewer: ViewerHealth, part: Part, limits: Limits
) -> Literal["link", "choice"] | None:
    """Return why the viewer gets only this part: its link, or these limits of its own.

    None, too, while its link is unknown: viewers begin with less, and soon get more.
    """
    if part == "all":
        return None
    if part == "smaller_picture":
        is_own = limits.layer is not None and viewer.layer >= limits.layer
    elif viewer.rung == "full":
        is_own = False
    else:
        is_own = limits.rung is not None and _RUNGS.index(viewer.rung) <= _RUNGS.index(limits.rung)
    if is_own:
        return "choice"
    return None if viewer.link == "unknown" else "link"


def describe(
    viewer: ViewerHealth | None, source: Health | None, choice: Choice, limits: Limits
) -> ViewerDelivery:
    """Return what the viewer gets, as it reads it."""
    if viewer is None:
        return ViewerDelivery(
            choice=choice, gets=None, limited_by=None, link="unknown", estimated_kbps=None
        )
    part = part_of(viewer, source)
    kbps = viewer.estimated_kbps
    return ViewerDelivery(
        choice=choice,
        gets=part,
        limited_by=limited_by(viewer, part, limits),
        link=viewer.link,
        estimated_kbps=round(kbps) if kbps and not _contradicts(kbps, part, source) else None,
    )
