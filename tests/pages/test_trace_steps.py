"""The stations of a lot."""

import pytest

from farmlive.bilingual import Bilingual
from farmlive.origin.core.models import Farm, Lot
from farmlive.origin.story.models import Station, Story
from farmlive.pages.trace_steps import line_of

TEXT = Bilingual(zh="金桔", en="Kumquats")
PICKED = 5


def story(*stations: Station) -> Story:
    return Story(
        lot=Lot(
            id="1",
            farm="2",
            code="1123",
            product_name=TEXT,
            gtin=None,
            class_uri="http://host/origin/class/3/lot/1123",
            url="/origin/lot/1",
            harvested_at=PICKED,
            quantity_g=1,
            tested=False,
        ),
        farm=Farm(id="2", name=TEXT, place=TEXT),
        plot=None,
        stations=list(stations),
        inspection=None,
        moments=[],
        events_url="/epcis/v2/events",
    )


def step(name: str, at: int, **facts: object) -> Station:
    return Station.model_validate({"step": name, "at": at, "event": None, **facts})


def test_what_nobody_recorded_stands_open() -> None:
    line = line_of(story(step("picked", PICKED)))
    names = ["flowered", "sprayed", "picked", "tested", "packed", "shipped"]
    assert [station.name for station in line] == names
    assert [station.at for station in line] == [None, None, PICKED, None, None, None]


@pytest.mark.parametrize(
    ("steps", "opens_after"),
    [(["picked"], ["picked"]), (["picked", "packed"], ["picked", "packed"])],
)
def test_the_line_is_broken_before_an_open_station(
    steps: list[str], opens_after: list[str]
) -> None:
    line = line_of(story(*(step(name, PICKED) for name in steps)))
    assert [station.name for station in line if station.before_open] == opens_after


def test_what_happened_more_than_once_is_one_station() -> None:
    line = line_of(
        story(step("packed", 7, boxes=20), step("packed", 9, boxes=40), step("sprayed", 1, until=4))
    )
    packed, sprayed = line[4], line[1]
    assert (packed.at, packed.times, packed.boxes) == (9, 2, 60)
    assert (sprayed.until, sprayed.too_early) == (4, False)


def test_a_harvest_within_the_waiting_period_is_told() -> None:
    line = line_of(story(step("sprayed", 1, until=4), step("sprayed", 2, until=6)))
    assert line[1].until == 6
    assert line[1].too_early
