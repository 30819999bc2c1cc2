"""Implausible harvests: earlier than the plot's planting, or more than the plot bears.

Pure decisions. Without a plot, its planting year or its area there is no doubt; the maximum yield
is a setting (`FARMLIVE_MAX_YIELD_G_PER_M2`).
"""

from datetime import UTC, datetime, tzinfo

from farmlive.origin.core.models import Doubt, Plot
from farmlive.origin.core.problems import ImplausibleHarvest


def year_of(at: int, zone: tzinfo) -> tuple[int, int, int]:
    """Return the calendar year of a time, and its start and end, in ms since 1970."""
    year = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).year
    begin, end = (datetime(each, 1, 1, tzinfo=zone).timestamp() for each in (year, year + 1))
    return year, int(begin * 1000), int(end * 1000)


def doubts(plot: Plot, year: int, year_g: int, most_g_per_m2: int) -> list[Doubt]:
    """Return the reasons to doubt a harvest.

    `year_g` is the plot's total in the year of the harvest, this harvest included, in grams.
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
