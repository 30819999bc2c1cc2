"""Where farms are drawn, by places whose province and prefecture are known."""

import re

import pytest

from farmlive.bilingual import Bilingual
from farmlive.origin.core.models import Farm, Plot
from farmlive.origin.lots.map import PlotMap, ProvinceMap, plot_map, province_map, provinces

NAME = Bilingual(zh="溪口果园", en="Xikou Orchard")


def farm(latitude: float | None, longitude: float | None) -> Farm:
    return Farm(id="1", name=NAME, place=NAME, latitude=latitude, longitude=longitude)


def plot(*corners: tuple[float, float], identifier: str = "1") -> Plot:
    outline = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]} if corners else None
    return Plot.model_validate(
        {
            "id": identifier,
            "farm": "1",
            "name": NAME,
            "crop": None,
            "area_m2": None,
            "planted_year": None,
            "outline": outline,
        }
    )


def drawn(place: Farm) -> ProvinceMap:
    found = province_map(place)
    assert found is not None
    return found


def near(place: Farm, *plots: Plot) -> PlotMap:
    found = plot_map(place, plots)
    assert found is not None
    return found


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


@pytest.mark.parametrize(
    ("latitude", "longitude", "province", "part"),
    [
        (26.17, 118.19, "Fujian", "三明市"),  # Youxi
        (30.67, 104.07, "Sichuan", "成都市"),
        (39.92, 116.37, "Beijing", "西城区"),
        (34.34, 108.94, "Shaanxi", "西安市"),
        (37.87, 112.55, "Shanxi", "太原市"),
        (29.65, 91.14, "Xizang", "拉萨市"),
        (20.03, 110.35, "Hainan", "海口市"),
        (43.83, 87.6, "Xinjiang", "乌鲁木齐市"),
        (25.04, 121.56, "Taiwan", "台北市"),
    ],
)
def test_a_farm_is_in_its_province_and_prefecture(
    latitude: float, longitude: float, province: str, part: str
) -> None:
    found = drawn(farm(latitude, longitude))
    assert found.name.en == province
    assert found.part is not None
    assert found.part.name.zh == part
    assert sum(p.here for p in found.parts) == 1
    assert 0 < found.x < found.width
    assert 0 < found.y < found.height


def test_the_point_lies_where_its_coordinates_say() -> None:
    west, north = drawn(farm(26.9, 117.0)), drawn(farm(25.1, 117.0))
    east = drawn(farm(25.1, 118.5))
    assert west.x == north.x < east.x
    assert west.y < north.y == east.y
    # At 26 degrees, a degree of longitude is nine tenths as long as one of latitude.
    assert (east.x - west.x) / 1.5 / ((north.y - west.y) / 1.8) == pytest.approx(0.9, abs=0.01)


def test_a_province_fills_its_drawing() -> None:
    found = drawn(farm(26.17, 118.19))
    assert found.view_box == f"0 0 {found.width:g} {found.height:g}"
    assert max(found.width, found.height) == 600
    corners = [point for part in found.parts for point in points(part.path)]
    assert min(x for x, _ in corners) == pytest.approx(8, abs=6)
    assert max(y for _, y in corners) == pytest.approx(found.height - 8, abs=6)
    assert all(part.path.startswith("M") and part.path.endswith("Z") for part in found.parts)


def test_every_province_has_parts_and_each_part_a_ring() -> None:
    assert len(provinces()) == 34
    assert len({province.name.en for province in provinces()}) == 34
    named = [name for province in provinces() for name, _ in province.parts]
    assert all(name.zh and name.en.isprintable() and name.en[0].isupper() for name in named)
    for province in provinces():
        assert province.parts
        assert all(len(ring) >= 3 for _, rings in province.parts for ring in rings)
        assert all(rings for _, rings in province.parts)


def test_a_farm_on_the_coast_is_still_in_its_province() -> None:
    assert drawn(farm(24.86, 118.68)).name.en == "Fujian"


@pytest.mark.parametrize(("latitude", "longitude"), [(None, None), (48.1, 11.6), (0.0, 0.0)])
def test_elsewhere_there_is_no_province(latitude: float | None, longitude: float | None) -> None:
    assert province_map(farm(latitude, longitude)) is None


def test_plots_are_drawn_from_near_with_a_scale() -> None:
    # 0.001 degrees of latitude are 111 metres; at 26 degrees, of longitude 100.
    square = plot((118.0, 26.0), (118.001, 26.0), (118.001, 26.001), (118.0, 26.001))
    further = plot((118.002, 26.0), (118.003, 26.0), (118.0025, 26.0005), identifier="2")
    found = near(farm(26.0005, 118.0015), square, plot(), further)
    assert [shape.id for shape in found.plots] == ["1", "2"]
    corners = points(found.plots[0].path)
    assert len(corners) == 4
    assert found.plots[0].x == pytest.approx(sum(x for x, _ in corners) / 4, abs=0.2)
    assert found.plots[0].y == pytest.approx(sum(y for _, y in corners) / 4, abs=0.2)
    wide = max(x for x, _ in corners) - min(x for x, _ in corners)
    assert found.scale_m == 50
    assert found.scale / found.scale_m == pytest.approx(wide / 100, rel=0.01)
    assert found.farm is not None
    assert corners[1][0] < found.farm[0] < points(found.plots[1].path)[0][0]


def test_a_farmhouse_far_from_its_plots_is_not_drawn_with_them() -> None:
    square = plot((118.0, 26.0), (118.001, 26.0), (118.001, 26.001), (118.0, 26.001))
    assert near(farm(26.2, 118.0), square).farm is None
    assert near(farm(None, None), square).farm is None


def test_a_tiny_or_flat_plot_is_drawn_all_the_same() -> None:
    line = plot((118.0, 26.0), (118.00001, 26.0), (118.00002, 26.0))
    found = near(farm(None, None), line)
    assert found.width == found.height == 600
    assert 0 < found.plots[0].x < 600
    assert found.scale_m == 10


def test_without_outlines_there_is_nothing_near() -> None:
    assert plot_map(farm(26.0, 118.0), [plot()]) is None
