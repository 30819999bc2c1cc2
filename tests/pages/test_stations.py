"""The five stations of a lot."""

import pytest

from farmlive.bilingual import Bilingual
from farmlive.origin.models import Farm, Lot, Station, Story
from farmlive.pages.stations import line_of

TEXT = Bilingual(zh="金桔", en="Kumquats")


def story(*steps: tuple[str, int]) -> Story:
    return Story(
        lot=Lot(
            id="1",
            farm="2",
            code="1123",
            product_name=TEXT,
            gtin=None,
            class_uri="http://host/origin/class/3/lot/1123",
            url="/origin/lot/1",
            harvested_at=1,
            quantity_g=1,
            tested=False,
        ),
        farm=Farm(id="2", name=TEXT, place=TEXT, person=None, story=None),
        plot=None,
        stations=[Station.model_validate({"step": s, "at": at, "event": "e"}) for s, at in steps],
        inspection=None,
        moments=[],
        events_url="/epcis/v2/events",
    )


def test_what_nobody_recorded_stands_open() -> None:
    line = line_of(story(("picked", 5)))
    assert [station.name for station in line] == [
        "flowered",
        "sprayed",
        "picked",
        "tested",
        "packed",
    ]
    assert [station.at for station in line] == [None, None, 5, None, None]


@pytest.mark.parametrize(
    ("steps", "opens_after"),
    [((("picked", 5),), ["picked"]), ((("picked", 5), ("packed", 9)), ["picked", "packed"])],
)
def test_the_line_is_broken_before_an_open_station(
    steps: tuple[tuple[str, int], ...], opens_after: list[str]
) -> None:
    line = line_of(story(*steps))
    assert [station.name for station in line if station.before_open] == opens_after
