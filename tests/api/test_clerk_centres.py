"""A clerk belongs to centres: every address, page, file and the channel, tried by the clerk of one
centre against what another centre's villagers ordered, and against what goes by parcel.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update
from tests.shop.support.orders import give_code
from tests.support.money import cny
from tests.support.waiting import LONG_S
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from farmlive.client import Api
from farmlive.ids import token
from farmlive.people.core import tables
from farmlive.server import Server
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import orders

VILLAGERS = {
    "own": ("王小明", "13800001111"),
    "other": ("李大红", "13900002222"),
    "parcel": ("陈阿婆", "13700003333"),
}
PASSWORD = "a good password"


@dataclass
class County:
    """Two centres with a villager's order at each, and one by parcel."""

    server: Server
    staff: Api
    broadcast: str
    farm: str
    lot: str
    offer: str
    centres: dict[str, str]
    orders: dict[str, dict[str, Any]]

    async def code(self, whose: str) -> str:
        store = self.server.house.store
        query = select(orders).where(orders.c.id == self.orders[whose]["id"])
        row = await store.read(lambda conn: conn.execute(query).one())
        return str(OrderLinks(store.keys.orders).code_of(row))

    def secrets(self, whose: str) -> tuple[str, ...]:
        """What of a villager's order no clerk of another centre may read."""
        order = self.orders[whose]
        return (*VILLAGERS[whose], order["token"], *([order["code"]] if order["code"] else []))

    @asynccontextmanager
    async def clerk(self, *centres: str, by: str = "session") -> AsyncIterator[httpx.AsyncClient]:
        """A clerk of these centres, signed in or by an API key."""
        people = self.server.house.people
        own = [self.centres[name] for name in centres]
        async with httpx.AsyncClient(base_url=self.server.url) as client:
            if by == "key":
                _, key = await people.create_api_key("clerk", "clerk", centres=own)
                client.headers["Authorization"] = f"Bearer {key}"
            else:
                await people.create_account("zhang", "clerk", PASSWORD, centres=own)
                body = {"name": "zhang", "password": PASSWORD}
                answer = await client.post("/api/v1/session", json=body)
                client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            yield client


@pytest.fixture
async def county(server: Server, coordinator: str) -> AsyncIterator[County]:
    words = {"zh": "金桔", "en": "Kumquats"}
    async with Api(server.url, key=coordinator) as api:
        broadcast = (await api.create_broadcast(words))["id"]
        farm = (await api.create_farm(words, words))["id"]
        lot = await api.create_lot(farm, "1123", words, "2026-11-20T08:00:00+08:00", 100_000)
        offer = await api.create_offer(
            broadcast, lot["id"], cny(2990), 20, name=words, unit=words, net_weight_g=2500
        )
        centres = {
            "own": (await api.create_centre({"zh": "洋中"}, {"zh": "洋中镇"}))["id"],
            "other": (await api.create_centre({"zh": "西城"}, {"zh": "西城镇"}))["id"],
        }
        await api.start(broadcast)
        placed = {}
        for whose, (name, phone) in VILLAGERS.items():
            picked_up = whose in centres
            placed[whose] = await api.commands(broadcast).order(
                token(),
                {
                    "lines": [{"offer": offer["id"], "quantity": 1, "price": 2990}],
                    "buyer": {"name": name, "phone": phone},
                    "delivery": {"way": "pickup", "centre": centres[whose]}
                    if picked_up
                    else {"way": "parcel", "address": "溪口村 7 号"},
                    "payment": "pay_at_pickup" if picked_up else "cash_on_delivery",
                },
            )
            if picked_up:
                for state in ("packed", "at_centre"):
                    await api.change_order_state(broadcast, placed[whose]["id"], state)
        yield County(server, api, broadcast, farm, lot["id"], offer["id"], centres, placed)


def bodies(county: County, whose: str, code: str) -> dict[str, list[Any]]:
    """What is sent to addresses that take more than nothing, by their path's end."""
    order = county.orders[whose]["id"]
    return {
        "orders/search": [{}, {"find": VILLAGERS[whose][0]}, {"find": VILLAGERS[whose][1]}],
        "orders/bulk-transitions": [
            {"orders": [order], "state": state, "known_by": "slip"}
            for state in ("packed", "at_centre", "received")
        ]
        + [{"orders": [order], "payment": "paid"}],
        "handovers/by-code": [
            {"code": code},
            {"code": code, "phone": VILLAGERS[whose][1][-4:]},
            *({"code": code, "centre": centre} for centre in county.centres.values()),
        ],
        "handovers/search": [
            {},
            {"find": VILLAGERS[whose][0]},
            {"find": VILLAGERS[whose][1]},
            *({"centre": centre} for centre in county.centres.values()),
        ],
        "handovers": [{"order": order, "known_by": "slip"}, {"order": order, "code": code}],
        "{order}/transitions": [
            {"state": state, "known_by": "slip"} for state in ("packed", "at_centre", "received")
        ],
        "{order}/payments": [{}],
    }


def every_route(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every address with its methods; a router that was included stands among them as one."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from every_route(inner.routes, prefix + route.include_context.prefix)
        elif getattr(route, "methods", None):
            yield prefix + route.path, route.methods


def filled(values: dict[str, Any], found: re.Match[str]) -> str:
    """What stands for a parameter of a path."""
    return str(values.get(found[1], "x"))


async def every_answer(
    county: County, clerk: httpx.AsyncClient, whose: str
) -> AsyncIterator[tuple[str, httpx.Response]]:
    """Every address of the server, as far as it takes something of that order."""
    order = county.orders[whose]
    moved = await county.staff.request(
        "POST",
        f"/api/v1/broadcasts/{county.broadcast}/orders/bulk-transitions",
        json={"orders": [order["id"]], "payment": "paid"},
    )
    named = {
        "broadcast": county.broadcast,
        "order": order["id"],
        "centre": county.centres["other"],
        "transition": moved["id"],
        "refund": moved["id"],
        "farm": county.farm,
        "lot": county.lot,
        "offer": county.offer,
        # Not the order's: who has that is its buyer, as whoever has the link is.
        "token": "0" * 22,
        "mark": "0" * 16,
        "form": "csv",
    }
    sent = bodies(county, whose, await county.code(whose) if order["code"] else "042117")
    for path, methods in every_route(county.server.house.api.routes):
        if path.startswith(("/whip", "/whep", "/static")):
            continue
        lists = ("hand-over", "packing", "cash", "orders", "sales")
        names = lists if path.startswith("/review/") and "{name}" in path else ("x",)
        forms = ("slips", "labels") if "{paper}" in path else ("x",)
        paths = [
            re.sub(
                r"{(\w+)(:path)?}",
                partial(filled, {**named, "name": name, "paper": paper}),
                path,
            )
            for name in names
            for paper in forms
        ]
        for method in sorted(methods):
            if (method, path) == ("DELETE", "/api/v1/session"):
                continue
            fitting = [rest for rest in sent if path.endswith(rest)]
            most = max(fitting, key=len, default=None)
            for at in paths:
                for body in sent[most] if most and method == "POST" else [None]:
                    answer = await clerk.request(method, at, json=body)
                    assert answer.status_code < 500, (method, at, answer.text)
                    yield f"{method} {at} {body}", answer


@pytest.mark.parametrize(("whose", "by"), [("other", "session"), ("parcel", "key")])
async def test_a_clerk_of_one_centre_reads_and_moves_nothing_of_another(
    county: County, whose: str, by: str
) -> None:
    async with county.clerk("own", by=by) as clerk:
        tried = 0
        async for asked, answer in every_answer(county, clerk, whose):
            tried += 1
            for secret in county.secrets(whose):
                assert secret not in answer.text, asked
        assert tried > 150
    order = await county.staff.request("GET", f"/api/v1/orders/{county.orders[whose]['token']}")
    # The coordinator's move, that the money is there, is all that happened to it meanwhile.
    assert (order["state"], order["payment"]) == (
        "at_centre" if whose == "other" else "placed",
        "paid",
    )
    deeds = await county.server.house.people.audit_entries(None, 500)
    assert {deed.name for deed in deeds if deed.subject == order["id"]} <= {"test"}


async def test_a_clerk_reads_and_hands_over_what_is_at_the_own_centre(county: County) -> None:
    own = county.orders["own"]
    name, phone = VILLAGERS["own"]
    async with county.clerk("own") as clerk:
        listed = (await clerk.get(f"/api/v1/broadcasts/{county.broadcast}/orders")).json()
        assert [order["id"] for order in listed["orders"]] == [own["id"]]
        waiting = (await clerk.post("/api/v1/handovers/search", json={})).json()
        assert [order["buyer"]["phone"] for order in waiting["orders"]] == [phone]
        for path in (
            f"/studio/{county.broadcast}/orders.csv",
            f"/studio/{county.broadcast}/orders/slips",
            f"/studio/{county.broadcast}/orders/labels",
            f"/review/{county.broadcast}/lists/hand-over",
            f"/review/{county.broadcast}/sheets/hand-over.csv",
        ):
            answer = await clerk.get(path)
            assert answer.status_code == 200, path
            assert name in answer.text, path
        found = await clerk.post("/api/v1/handovers/by-code", json={"code": own["code"]})
        assert found.json()["id"] == own["id"]
        given = await clerk.post(
            "/api/v1/handovers", json={"order": own["id"], "code": own["code"]}
        )
        assert given.json()["order"]["state"] == "received"


async def test_workbooks_of_a_clerk_have_own_orders_alone(county: County) -> None:
    async with county.clerk("own") as clerk:
        for path in (
            f"/studio/{county.broadcast}/orders.xlsx",
            f"/review/{county.broadcast}/sheets/hand-over.xlsx",
        ):
            answer = await clerk.get(path)
            book = load_workbook(BytesIO(answer.content))
            cells = str([row for sheet in book for row in sheet.iter_rows(values_only=True)])
            titles = " ".join(book.sheetnames)
            assert VILLAGERS["own"][0] in cells, path
            for whose in ("other", "parcel"):
                assert not any(secret in cells for secret in county.secrets(whose)), path
            assert "西城" not in cells + titles, path


async def test_where_two_centres_share_a_code_each_clerk_has_the_own_order(county: County) -> None:
    await give_code(county.server.house.store, "042117")
    async with county.clerk("own") as clerk:
        found = await clerk.post("/api/v1/handovers/by-code", json={"code": "042117"})
        assert found.json()["id"] == county.orders["own"]["id"]
        path, other = "/api/v1/handovers", {"order": county.orders["other"]["id"]}
        refused = await clerk.post(path, json={**other, "code": "042117"})
        assert (refused.status_code, refused.json()["type"]) == (404, "/problems/unknown-code")
        refused = await clerk.post(path, json={**other, "known_by": "known_to_me"})
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/other-centre")


async def test_of_a_move_of_many_centres_a_clerk_undoes_the_own_part(county: County) -> None:
    path = f"/api/v1/broadcasts/{county.broadcast}/orders/bulk-transitions"
    both = [county.orders[whose]["id"] for whose in ("own", "other")]
    made = await county.staff.request("POST", path, json={"orders": both, "payment": "paid"})
    async with county.clerk("own") as clerk:
        undone = (await clerk.delete(f"{path}/{made['id']}")).json()
        assert [order["id"] for order in undone["moved"]] == both[:1]
        assert undone["refused"] == []
    other = await county.staff.request("GET", f"/api/v1/orders/{county.orders['other']['token']}")
    assert other["payment"] == "paid"


async def test_no_order_is_told_on_a_clerks_channel_and_a_moved_clerk_is_cut(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("farmlive.broadcast.channel.RIGHTS_S", 0.01)
    people = county.server.house.people
    async with county.clerk("own") as clerk:
        url = f"{county.server.url.replace('http', 'ws')}/api/v1/broadcasts/{county.broadcast}/live"
        cookie = "; ".join(f"{name}={value}" for name, value in clerk.cookies.items())
        async with connect(url, additional_headers={"Cookie": cookie}) as socket:
            welcome = json.loads(await socket.recv())
            assert welcome["you"]["role"] == "clerk"
            assert welcome["snapshot"]["orders"] == []
            await county.staff.request(
                "POST",
                f"/api/v1/broadcasts/{county.broadcast}/orders/{county.orders['other']['id']}"
                "/payments",
                json={},
            )
            (account,) = [each for each in await people.accounts() if each.name == "zhang"]
            await county.staff.request(
                "PATCH",
                f"/api/v1/accounts/{account.id}",
                json={"centres": [county.centres["other"]]},
            )
            told = []
            with contextlib.suppress(ConnectionClosedError):
                while True:
                    told.append(json.loads(await asyncio.wait_for(socket.recv(), LONG_S)))
            assert told[-1]["problem"]["type"] == "/problems/rights-changed"
            assert "order." not in str(told[:-1])


async def test_a_clerk_from_before_keeps_all_centres_until_a_coordinator_chooses(
    county: County,
) -> None:
    async with county.clerk("own") as clerk:
        before = update(tables.accounts).where(tables.accounts.c.name == "zhang")
        await county.server.house.store.write(
            lambda conn: conn.execute(before.values(centres=None))
        )
        path = f"/api/v1/broadcasts/{county.broadcast}/orders"
        assert len((await clerk.get(path)).json()["orders"]) == 2  # and never the parcel
        assert (await clerk.get("/api/v1/session")).json()["centres"] is None
        listed = (await county.staff.request("GET", "/api/v1/accounts"))["accounts"]
        (account,) = [each for each in listed if each["name"] == "zhang"]
        assert account["centres"] is None
        at = f"/api/v1/accounts/{account['id']}"
        changed = await county.staff.request("PATCH", at, json={"role": "clerk"})
        assert changed["centres"] is None  # nothing was chosen
        own = [county.centres["own"]]
        changed = await county.staff.request("PATCH", at, json={"centres": own})
        assert changed["centres"] == own
        (order,) = (await clerk.get(path)).json()["orders"]
        assert order["id"] == county.orders["own"]["id"]
