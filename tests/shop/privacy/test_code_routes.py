"""What is kept of a buyer, over HTTP: by a code, by an order's link, and by a coordinator."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.shop.support import sent_notices
from tests.shop.support.departing_buyer import BUYER, NAME, PHONE, TO, drawn, over
from tests.shop.support.notice_providers import AS_SHIPPED
from tests.shop.support.phone_codes import ask, sent
from tests.support.parts import people_of
from tests.support.room_client import asked

from farmlive.people import Guard, People
from farmlive.settings import Settings
from farmlive.shop.routes import orders as order_routes
from farmlive.shop.routes import privacy
from farmlive.store import Store


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"notices": ("file",), "notice_gather_minutes": 0, **AS_SHIPPED}
    )


class Site:
    def __init__(self, viewer: httpx.AsyncClient, staff: httpx.AsyncClient, people: People):
        self.viewer, self.staff, self.people = viewer, staff, people
        self.stall: Any = None
        self.exports: list[Any] = []

    async def as_role(self, role: Any) -> dict[str, str]:
        only: dict[str, dict[str, Any]] = {
            "clerk": {"centres": [self.stall.centre.id]},
            "seller": {"farms": [self.stall.farm.id]},
        }
        _, key = await self.people.create_api_key(f"{role} key", role, **only.get(role, {}))
        return {"Authorization": f"Bearer {key}"}


@pytest.fixture
async def site(store: Store, settings: Settings, stall: Any) -> AsyncIterator[Site]:
    people = people_of(store, settings)
    guard = Guard(people)
    exports: list[Any] = []

    def exported(by: Any, what: str, rows: int, *, named: Any) -> None:
        exports.append((by.role, what, rows, [each["broadcast"] for each in named]))

    routers = (
        privacy.routes(stall.shop, guard, exported, drawn(stall, settings)),
        order_routes.routes(stall.shop, guard),
    )
    async with asked(people, *routers) as (viewer, staff):
        made = Site(viewer, staff, people)
        made.exports, made.stall = exports, stall
        yield made


WAYS = ("search", "exports", "erasures")


@pytest.mark.parametrize("way", WAYS)
async def test_without_a_code_it_takes_a_coordinator(site: Site, stall: Any, way: str) -> None:
    await over(stall)
    url = f"/api/v1/person/{way}"
    assert (await site.viewer.post(url, json={"phone": PHONE})).status_code == 401
    for role in ("host", "clerk", "seller", "moderator"):
        headers = await site.as_role(role)
        refused = await site.viewer.post(url, json={"phone": PHONE}, headers=headers)
        assert refused.status_code == 403, role
        assert NAME not in refused.text
    found = await site.staff.post(url, json={"phone": "+86 138-5550-1234"})
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-store"
    exports = [("coordinator", "person.zip", 1, [stall.broadcast])] if way == "exports" else []
    assert site.exports == exports


async def test_a_coordinator_sees_first_what_it_would_be(
    site: Site, stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await over(stall)
    is_open = await stall.place(1, buyer=BUYER, delivery=TO)
    heard: list[Any] = []
    monkeypatch.setattr(stall.shop, "_on_search", lambda by, how: heard.append((by.role, how)))
    found = (await site.staff.post("/api/v1/person/search", json={"phone": PHONE})).json()
    assert heard == [("coordinator", "phone")]
    assert (found["count"], found["open"]) == (2, 1)
    assert {each["number"]: each["open"] for each in found["orders"]} == {
        done["number"]: None,
        is_open["number"]: "due",
    }
    refused = await site.staff.post("/api/v1/person/erasures", json={"phone": PHONE})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/orders-open")


async def test_by_a_link_one_exports_and_erases(site: Site, stall: Any) -> None:
    placed = await over(stall)
    url = f"/api/v1/orders/{placed['token']}"
    file = await site.viewer.post(f"{url}/exports", json={"language": "en"})
    assert (file.status_code, file.headers["content-type"]) == (200, "application/zip")
    assert file.content[:2] == b"PK"
    assert int(file.headers["content-length"]) == len(file.content)
    erased = await site.viewer.post(f"{url}/erasures")
    assert erased.json() == {"orders": 1}
    assert (await site.viewer.get(url)).json()["buyer"] is None
    assert (await site.viewer.post(f"{url}/exports")).status_code == 200
    wrong = await site.viewer.post(f"/api/v1/orders/{'x' * 22}/erasures")
    assert wrong.status_code == 404


async def test_files_by_a_link_are_few_a_minute(site: Site, stall: Any) -> None:
    placed = await over(stall)
    url = f"/api/v1/orders/{placed['token']}/exports"
    found = [(await site.viewer.post(url)).status_code for _ in range(8)]
    assert found.count(429) == 2


async def test_another_sites_page_asks_for_none_of_it(site: Site, stall: Any) -> None:
    placed = await over(stall)
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for url, body in (
        ("/api/v1/person/codes", {"phone": PHONE}),
        ("/api/v1/person/erasures", {"phone": PHONE, "code": "123456"}),
        (f"/api/v1/orders/{placed['token']}/erasures", {}),
    ):
        refused = await site.viewer.post(url, json=body, headers=foreign)
        assert refused.status_code == 403, url
        assert refused.json()["type"] == "/problems/cross-site"


async def test_it_needs_a_phone_and_six_digits(site: Site) -> None:
    for body in ({"phone": "abc"}, {"phone": PHONE, "code": "12345"}, {"phone": PHONE, "x": 1}):
        answer = await site.viewer.post("/api/v1/person/search", json=body)
        assert answer.status_code == 422


async def test_a_code_that_erased_opens_nothing_more(
    site: Any, stall: Any, settings: Settings
) -> None:
    await over(stall)
    await ask(stall)
    code = await sent(stall, settings)
    body = {"phone": PHONE, "code": code}
    erased = await site.viewer.post("/api/v1/person/erasures", json=body)
    assert (erased.status_code, erased.json()) == (200, {"orders": 1})
    again = await site.viewer.post("/api/v1/person/search", json=body)
    assert again.status_code == 403
    assert again.json()["type"] == "/problems/wrong-phone-code"
    assert PHONE not in str(sent_notices.lines(settings))  # the code's own message, too
