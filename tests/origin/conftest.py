"""Origin alone: its routes behind a small app, a viewer, a coordinator's program and a farm."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.support.parts import NoSales, NoStops, origin_of, people_of
from tests.support.room_client import asked

from farmlive.bilingual import Bilingual
from farmlive.origin.core.models import Farm, NewFarm, NewPlot, Plot
from farmlive.origin.lots.balance import Sales
from farmlive.origin.origin import Origin
from farmlive.origin.routes import routes
from farmlive.origin.stops.stops import StopHandler
from farmlive.people import Caller, Guard, People
from farmlive.settings import Settings
from farmlive.store import Store

STAFF = Caller(None, "test", "coordinator", "a device", "127.0.0.1")


@dataclass
class Site:
    viewer: httpx.AsyncClient
    staff: httpx.AsyncClient
    people: People

    async def bearer(self, role: Any, *farms: str) -> dict[str, str]:
        """The header of a program with this role."""
        _, key = await self.people.create_api_key(
            "test", role, farms, ["a centre"] if role == "clerk" else []
        )
        return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def staff() -> Caller:
    return STAFF


@pytest.fixture
def sales() -> Sales:
    """What is sold of lots: nothing, where a test does not say else."""
    return NoSales()


@pytest.fixture
def stop_handler() -> StopHandler:
    """What sells lots that stop: nobody, where a test does not say else."""
    return NoStops()


@pytest.fixture
def origin(store: Store, settings: Settings, sales: Sales, stop_handler: StopHandler) -> Origin:
    return origin_of(store, settings, sales=sales, stop_handler=stop_handler)


@pytest.fixture
async def farm(origin: Origin) -> Farm:
    return await origin.add_farm(
        STAFF,
        NewFarm(
            name=Bilingual(zh="溪口果园", en="Xikou Orchard"),
            place=Bilingual(zh="尤溪县", en="Youxi county"),
        ),
    )


@pytest.fixture
async def site(store: Store, settings: Settings, origin: Origin) -> AsyncIterator[Site]:
    people = people_of(store, settings)
    async with asked(people, routes(origin, Guard(people))) as (viewer, staff):
        yield Site(viewer, staff, people)


@pytest.fixture
async def plot(origin: Origin, staff: Caller, farm: Farm) -> Plot:
    crop = Bilingual(zh="金柑", en="Kumquats")
    return await origin.add_plot(staff, farm.id, NewPlot(name=Bilingual(zh="三号坡"), crop=crop))


@pytest.fixture
def seller(farm: Farm) -> Caller:
    return Caller("seller", "Lin", "seller", "a device", "127.0.0.1", farms=frozenset({farm.id}))
