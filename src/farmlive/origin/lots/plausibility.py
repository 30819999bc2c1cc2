"""Harvests that are hard to believe: from before their plot was planted, or of more than it bears.

Decisions only. Without a plot, its year or its area nothing can be doubted; what a plot bears at
most is a setting (`FARMLIVE_MAX_YIELD_G_PER_M2`).
"""

from datetime import UTC, datetime, tzinfo

from farmlive.origin.core.models import Doubt, Plot
from farmlive.origin.core.problems import ImplausibleHarvest


def year_of(at: int, zone: tzinfo) -> tuple[int, int, int]:
    """Return the calendar year of a moment, and when it begins and ends, ms since 1970."""
    year = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).year
    begin, end = (datetime(each, 1, 1, tzinfo=zone).timestamp() for each in (year, year + 1))
    return year, int(begin * 1000), int(end * 1000)


def doubts(plot: Plot, year: int, year_g: int, most_g_per_m2: int) -> list[Doubt]:
    """Return what makes a harvest hard to believe.

    `year_g` is what the plot gave in the year of the harvest together with it, in grams.
    """
    found = []
    if plot.planted_year is not None and year < plot.planted_year:
        found.append(Doubt(kind="before_planting", planted_year=plot.planted_year))
    if plot.area_m2 is not None and year_g > (most_g := plot.area_m2 * most_g_per_m2):
        found.append(Doubt(kind="above_yield", year_g=year_g, most_g=most_g, area_m2=plot.area_m2))
    return found


def check(found: list[Doubt], reason: str | None) -> None:
    """Raise ImplausibleHarvest where there are doubts and no reason answers them."""
    if found and reason is None:
        raise ImplausibleHarvest([doubt.model_dump(exclude_none=True) for doubt in found])
