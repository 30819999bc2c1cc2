"""A server with a sale on it, and a browser's way of asking for its pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from tests.support.clerks import every_centre
from tests.support.money import cny

from farmlive.client import Api
from farmlive.people.core.roles import Role
from farmlive.server import Server, running
from farmlive.settings import Settings

BUYER = {"name": "Wang Fang", "phone": "13800000000"}


@dataclass
class Sale:
    """A live broadcast with an offer of three boxes, one of them ordered."""

    broadcast: str
    lot: str
    farm: str
    order: str
    number: str
    scheduled: str
    ended: str


@pytest.fixture
async def site(settings: Settings, tables: None) -> AsyncIterator[Server]:
    """A server; its pages are the same on each database, so one is enough here."""
    async with running(settings) as server:
        yield server


@pytest.fixture
async def sale(site: Server) -> Sale:
    _, key = await site.house.people.create_api_key("test", "coordinator")
    async with Api(site.url, key=key) as api:
        titles = {
            "live": {"zh": "现摘金桔", "en": "Kumquats live"},
            "scheduled": {"zh": "明早挖笋", "en": "Shoots at dawn"},
            "ended": {"zh": "新米", "en": "New <rice>"},
        }
        ids = {name: (await api.create_broadcast(title))["id"] for name, title in titles.items()}
        farm = await api.create_farm({"zh": "果园", "en": "Orchard"}, {"zh": "尤溪", "en": "Youxi"})
        lot = await api.create_lot(
            farm["id"],
            "1123",
            {"zh": "金桔", "en": "Kumquats"},
            "2026-11-20T08:00:00+08:00",
            50_000,
        )
        card = await api.create_offer(
            ids["live"],
            lot["id"],
            cny(2990),
            3,
            name={"zh": "金桔", "en": "Kumquats"},
            unit={"zh": "5 斤装", "en": "2.5 kg box"},
            net_weight_g=2500,
        )
        for name in ("live", "ended"):
            await api.start(ids[name])
        await api.end(ids["ended"])
    order = {
        "lines": [{"offer": card["id"], "quantity": 1, "price": 2990}],
        "buyer": BUYER,
        "delivery": {"way": "parcel", "address": "Meixian, Youxi"},
        "payment": "cash_on_delivery",
    }
    async with httpx.AsyncClient(base_url=site.url) as buyer:
        placed = await buyer.post(
            f"/api/v1/broadcasts/{ids['live']}/orders",
            json=order,
            headers={"Idempotency-Key": "a-key-of-a-test-0001"},
        )
        assert placed.status_code == 201, placed.text
    answer = placed.json()
    return Sale(
        broadcast=ids["live"],
        lot=lot["id"],
        farm=farm["id"],
        order=answer["url"],
        number=answer["number"],
        scheduled=ids["scheduled"],
        ended=ids["ended"],
    )


@pytest.fixture
async def visitor(site: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without an account."""
    async with httpx.AsyncClient(base_url=site.url, headers={"Accept": "text/html"}) as client:
        yield client


@pytest.fixture
async def host(site: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which a coordinator is signed in."""
    _, password = await site.house.people.create_account("lin", "coordinator")
    async with httpx.AsyncClient(base_url=site.url, headers={"Accept": "text/html"}) as client:
        answer = await client.post("/api/v1/session", json={"name": "lin", "password": password})
        assert answer.status_code == 200
        yield client


@asynccontextmanager
async def signed_in(site: Server, role: Role, *farms: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which someone of that role, whose name is the role's, is signed in."""
    _, password = await site.house.people.create_account(
        role, role, farms=farms, centres=await every_centre(site.house, role)
    )
    async with httpx.AsyncClient(base_url=site.url, headers={"Accept": "text/html"}) as client:
        answer = await client.post("/api/v1/session", json={"name": role, "password": password})
        assert answer.status_code == 200
        yield client
