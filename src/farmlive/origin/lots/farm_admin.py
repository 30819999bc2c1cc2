"""Reads and changes farms, plots and field operations, each in one transaction.

farms.py and withdrawals.py have the SQL.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from farmlive.edge.paging import Position
from farmlive.origin.core.models import (
    Farm,
    FarmChange,
    Lot,
    NewFarm,
    NewPlot,
    NewWork,
    Plot,
    PlotChange,
    Undo,
    Work,
)
from farmlive.origin.core.problems import UnknownPicture
from farmlive.origin.lots import farms, lots, withdrawals
from farmlive.origin.lots.map import PlotMap, ProvinceMap, plot_map, province_map
from farmlive.origin.stops.stops import StopHandler, Stops
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.files.files import Files


@dataclass(frozen=True)
class FarmPage:
    """The contents of a farm's page.

    `map` is the farm in its province, `near` its plots close up.
    """

    farm: Farm
    plots: list[Plot]
    lots: list[Lot]
    map: ProvinceMap | None
    near: PlotMap | None


class FarmAdmin:
    """Reads and changes farms, plots and field operations; a spraying may stop lots."""

    def __init__(self, store: Store, settings: Settings, stop_handler: StopHandler):
        self._store = store
        self._files = Files(settings)
        self._stops = Stops(stop_handler)

    async def add_farm(self, caller: Caller, new: NewFarm) -> Farm:
        """Add a farm. Raises UnknownPicture."""
        self._check_pictures(new)
        return await self._store.write(lambda connection: farms.add(connection, caller, new))

    async def change_farm(self, caller: Caller, farm: str, wanted: FarmChange) -> Farm:
        """Change the given fields of a farm. Raises UnknownFarm, OtherFarm, UnknownPicture."""
        self._check_pictures(wanted)
        return await self._store.write(
            lambda connection: farms.change(connection, caller, farm, wanted)
        )

    async def farm(self, farm: str) -> Farm:
        """Return the farm with that id. Raises UnknownFarm."""
        return await self._store.read(lambda connection: farms.find(connection, farm))

    async def farms(self, after: Position | None = None, limit: int | None = None) -> list[Farm]:
        """List the farms, oldest first: all, or at most `limit` after one."""
        return await self._store.read(lambda connection: farms.list_farms(connection, after, limit))

    async def farm_page(self, farm: str) -> FarmPage:
        """Return the farm with its plots, its lots and its maps. Raises UnknownFarm."""

        def read(connection: Connection) -> FarmPage:
            found = farms.find(connection, farm)
            plots = farms.plots_of(connection, farm)
            return FarmPage(
                found,
                plots,
                lots.latest(connection, farm),
                province_map(found),
                plot_map(found, plots),
            )

        return await self._store.read(read)

    async def add_plot(self, caller: Caller, farm: str, new: NewPlot) -> Plot:
        """Add a plot to a farm. Raises UnknownFarm, OtherFarm."""
        return await self._store.write(
            lambda connection: farms.add_plot(connection, caller, farm, new)
        )

    async def change_plot(self, caller: Caller, plot: str, wanted: PlotChange) -> Plot:
        """Change the given fields of a plot. Raises UnknownPlot, OtherFarm."""
        return await self._store.write(
            lambda connection: farms.change_plot(connection, caller, plot, wanted)
        )

    async def plots(
        self, farm: str, after: Position | None = None, limit: int | None = None
    ) -> list[Plot]:
        """List the farm's plots, oldest first, paginated as `farms`. Raises UnknownFarm."""
        return await self._store.read(
            lambda connection: farms.plots_of(connection, farm, after, limit)
        )

    async def add_work(self, caller: Caller, plot: str, new: NewWork) -> Work:
        """Record a field operation on a plot. Raises UnknownPlot, OtherFarm, InFuture."""
        return await self._store.write(
            lambda connection: farms.add_work(connection, caller, self._stops, plot, new)
        )

    async def works(
        self, plot: str, before: Position | None = None, limit: int | None = None
    ) -> list[Work]:
        """List the plot's field operations, latest first: all, or at most `limit`.

        Raises UnknownPlot.
        """
        return await self._store.read(
            lambda connection: farms.works_of(connection, plot, before, limit)
        )

    async def withdraw_work(self, caller: Caller, plot: str, work: str, undo: Undo) -> None:
        """Withdraw a field operation that did not happen.

        Raises UnknownPlot, OtherFarm, UnknownWork.
        """
        await self._store.write(
            lambda connection: withdrawals.withdraw_work(connection, caller, plot, work, undo)
        )

    def _check_pictures(self, sent: NewFarm) -> None:
        for url in (sent.photo, sent.person_photo):
            if url is not None and not self._files.has(url):
                raise UnknownPicture("There is no such picture here. Send the picture first.")
