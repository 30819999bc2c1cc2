"""Maps of a farm as SVG paths: its province with the prefectures, and its plots close up.

Pure: converts degrees to a drawing, without external tiles; the page only renders it. The outlines
in provinces/ cover China; elsewhere there are only the plots.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from farmlive.bilingual import Bilingual
from farmlive.origin.core.models import Farm, Plot

EDGE = 600.0  # the longer side of a drawing, in its own units
MARGIN = 8.0
METRES = 111_195.0  # metres per degree of latitude
LEAST_M = 60.0  # the least extent: a single small plot is not scaled up to the full drawing
NEAR_M = 3_000.0  # a farmhouse further away is left out of the drawing of its plots
# How far a line, or a farm on the coast, may be off its true place.
COAST_DEG = 0.02

Point = tuple[float, float]
"""Longitude and latitude in degrees; or x and y in a drawing, y growing downwards."""


@dataclass(frozen=True)
class Part:
    """A prefecture, or a district of a municipality; `here` if the farm is in it."""

    name: Bilingual
    path: str
    here: bool


@dataclass(frozen=True)
class ProvinceMap:
    """A province with its parts and the farm's point, in a drawing of `width` by `height`.

    Draw all parts once with a wide stroke and once with a fill to get the province's outline.
    """

    name: Bilingual
    width: float
    height: float
    parts: tuple[Part, ...]
    x: float
    y: float

    @property
    def view_box(self) -> str:
        """The SVG viewBox of the drawing."""
        return f"0 0 {self.width:g} {self.height:g}"

    @property
    def part(self) -> Part | None:
        """The prefecture of the farm."""
        return next((part for part in self.parts if part.here), None)


@dataclass(frozen=True)
class PlotShape:
    """A plot's outline, and the position of its name."""

    id: str
    name: Bilingual
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class PlotMap:
    """A farm's plots, north up, with a scale: `scale_m` metres are `scale` units wide.

    `farm` is the farm's point if it is close to its plots.
    """

    width: float
    height: float
    plots: tuple[PlotShape, ...]
    farm: Point | None
    scale_m: int
    scale: float

    @property
    def view_box(self) -> str:
        """The SVG viewBox of the drawing."""
        return f"0 0 {self.width:g} {self.height:g}"


@dataclass(frozen=True)
class _Province:
    name: Bilingual
    view: tuple[float, float, float, float]
    parts: tuple[tuple[Bilingual, tuple[tuple[Point, ...], ...]], ...]


class _Projection:
    """Projects degrees onto a drawing: equirectangular, true to scale at the centre."""

    def __init__(self, west: float, south: float, east: float, north: float):
        self._west, self._north = west, north
        self._narrow = math.cos(math.radians((south + north) / 2))
        across, down = (east - west) * self._narrow, north - south
        self.scale = (EDGE - 2 * MARGIN) / max(across, down)
        self.width = round(across * self.scale + 2 * MARGIN, 1)
        self.height = round(down * self.scale + 2 * MARGIN, 1)

    def __call__(self, point: Point) -> Point:
        x = (point[0] - self._west) * self._narrow * self.scale + MARGIN
        y = (self._north - point[1]) * self.scale + MARGIN
        return round(x, 1), round(y, 1)

    def path(self, rings: Sequence[Sequence[Point]]) -> str:
        """Return the rings as the `d` of an SVG path, closed."""
        return "".join(
            "M" + "L".join(f"{x:g},{y:g}" for x, y in map(self, ring)) + "Z" for ring in rings
        )


def province_map(farm: Farm) -> ProvinceMap | None:
    """Return the farm in its province; None without coordinates, or outside the known provinces."""
    if farm.latitude is None or farm.longitude is None:
        return None
    place = (farm.longitude, farm.latitude)
    for point in _around(place):
        for province in provinces():
            west, south, east, north = province.view
            if not (west <= point[0] <= east and south <= point[1] <= north):
                continue
            here = [_inside(point, rings) for _, rings in province.parts]
            if any(here):
                return _drawn(province, place, here)
    return None


def plot_map(farm: Farm, plots: Sequence[Plot]) -> PlotMap | None:
    """Return the plots with known outlines; None if there are none."""
    outlined = [(plot, plot.outline.coordinates) for plot in plots if plot.outline is not None]
    corners = [corner for _, rings in outlined for ring in rings for corner in ring]
    if not corners:
        return None
    house: Point | None = None
    if farm.latitude is not None and farm.longitude is not None:
        place = (farm.longitude, farm.latitude)
        if min(_metres(place, corner) for corner in corners) <= NEAR_M:
            house = place
            corners.append(place)
    projection = _Projection(*_bounds(corners))
    shapes = []
    for plot, rings in outlined:
        x, y = projection(_middle(rings[0]))
        shapes.append(PlotShape(plot.id, plot.name, projection.path([r[:-1] for r in rings]), x, y))
    unit = projection.scale / METRES  # drawing units per metre
    scale_m = _round_number(projection.width / 4 / unit)
    return PlotMap(
        projection.width,
        projection.height,
        tuple(shapes),
        projection(house) if house is not None else None,
        scale_m,
        round(scale_m * unit, 1),
    )


@cache
def provinces() -> tuple[_Province, ...]:
    """Return China's provinces, read once from provinces/provinces.json."""
    kept = files("farmlive.origin").joinpath("provinces/provinces.json").read_text("utf-8")
    return tuple(
        _Province(
            _name(province),
            tuple(number / 1000 for number in province["view"]),
            tuple(
                (_name(part), tuple(tuple(_corners(ring)) for ring in part["rings"]))
                for part in province["parts"]
            ),
        )
        for province in json.loads(kept)
    )


def _name(of: dict[str, Any]) -> Bilingual:
    return Bilingual(zh=of["zh"], en=of["en"])


def _corners(ring: Sequence[int]) -> Iterator[Point]:
    x = y = 0
    for place in range(0, len(ring), 2):
        x, y = x + ring[place], y + ring[place + 1]
        yield x / 1000, y / 1000


def _drawn(province: _Province, place: Point, here: Sequence[bool]) -> ProvinceMap:
    projection = _Projection(*province.view)
    x, y = projection(place)
    parts = tuple(
        Part(name, projection.path(rings), inside)
        for (name, rings), inside in zip(province.parts, here, strict=True)
    )
    return ProvinceMap(province.name, projection.width, projection.height, parts, x, y)


def _around(place: Point) -> Iterator[Point]:
    """Yield the place itself, then eight places around it."""
    yield place
    for step in range(8):
        angle = step * math.pi / 4
        yield place[0] + COAST_DEG * math.cos(angle), place[1] + COAST_DEG * math.sin(angle)


def _inside(point: Point, rings: Sequence[Sequence[Point]]) -> bool:
    """Return whether the point is inside an odd number of the rings."""
    x, y = point
    inside = False
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, (*ring[1:], ring[0]), strict=True):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
    return inside


def _metres(a: Point, b: Point) -> float:
    narrow = math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot((a[0] - b[0]) * narrow, a[1] - b[1]) * METRES


def _bounds(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """Return west, south, east and north of the points, at least `LEAST_M` apart."""
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    least = LEAST_M / METRES
    up = max(0.0, least - (north - south)) / 2
    aside = max(0.0, least / math.cos(math.radians((south + north) / 2)) - (east - west)) / 2
    return west - aside, south - up, east + aside, north + up


def _middle(ring: Sequence[Point]) -> Point:
    """Return the centroid of a ring, or of its corners if it has no area."""
    x0, y0 = ring[0]
    twice = x = y = 0.0
    for (ax, ay), (bx, by) in pairwise(ring):
        # Relative to the first corner: products of absolute degrees would lose the small
        # differences.
        cross = (ax - x0) * (by - y0) - (bx - x0) * (ay - y0)
        twice += cross
        x += (ax + bx - 2 * x0) * cross
        y += (ay + by - 2 * y0) * cross
    if abs(twice) < 1e-15:
        return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)
    return x0 + x / (3 * twice), y0 + y / (3 * twice)


def _round_number(most: float) -> int:
    """Return the greatest of 1, 2, 5, 10, 20, 50, … that is not above `most`; at least 1."""
    ten = 10 ** math.floor(math.log10(max(most, 1.0)))
    return int(ten * next(digit for digit in (5, 2, 1) if digit * ten <= max(most, 1.0)))
