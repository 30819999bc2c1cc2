"""Who may open which of the staff's pages."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import httpx
import pytest
from starlette.requests import Request
from tests.pages.conftest import Sale
from tests.support.clerks import every_centre
from tests.support.parts import pages_of

from farmlive.people import Caller
from farmlive.people.core.roles import ROLES, Role
from farmlive.server import Server
from farmlive.settings import Settings

SignedIn = Callable[[Role], AbstractAsyncContextManager[httpx.AsyncClient]]

# Every page behind a sign-in, and the roles that it is for.
STAFF: set[Role] = {"coordinator", "host"}
PAGES: dict[str, set[Role]] = {
    "/studio": set(ROLES),
    "/studio/new": STAFF,
    "/studio/products": STAFF | {"seller"},
    "/studio/farms": STAFF | {"seller"},
    "/studio/farms/{farm}": STAFF | {"seller"},
    "/studio/farms/{farm}/harvest": STAFF | {"seller"},
    "/studio/farms/{other}": STAFF,
    "/studio/centres": STAFF,
    "/studio/fees": STAFF,
    "/studio/people": STAFF,
    "/studio/audit": {"coordinator"},
    "/studio/{live}": STAFF | {"moderator"},
    "/studio/{live}/bag": STAFF,
    "/studio/{live}/prepare": STAFF,
    "/studio/{live}/orders": STAFF | {"seller", "clerk"},
    "/studio/{live}/orders/slips": STAFF | {"clerk"},
    "/studio/{live}/orders/labels": STAFF | {"clerk"},
    "/studio/handover": STAFF | {"clerk"},
}


@pytest.fixture
async def places(site: Server, sale: Sale) -> dict[str, str]:
    """What stands in the addresses: the sale's own farm, another one, and the live broadcast."""
    _, key = await site.house.people.create_api_key("test", "coordinator")
    async with httpx.AsyncClient(
        base_url=site.url, headers={"Authorization": f"Bearer {key}"}
    ) as api:
        words = {"zh": "别家", "en": "Terraces"}
        other = await api.post("/api/v1/farms", json={"name": words, "place": words})
        farms = (await api.get("/api/v1/farms")).json()["farms"]
    farm = next(each["id"] for each in farms if each["id"] != other.json()["id"])
    return {"farm": farm, "other": other.json()["id"], "live": sale.broadcast}


@pytest.fixture
def signed_in(site: Server, places: dict[str, str]) -> SignedIn:
    @asynccontextmanager
    async def signed_in(role: Role) -> AsyncIterator[httpx.AsyncClient]:
        farms = [places["farm"]] if role == "seller" else []
        _, password = await site.house.people.create_account(
            role, role, farms=farms, centres=await every_centre(site.house, role)
        )
        headers = {"Accept": "text/html"}
        async with httpx.AsyncClient(base_url=site.url, headers=headers) as client:
            body = {"name": role, "password": password}
            assert (await client.post("/api/v1/session", json=body)).status_code == 200
            yield client

    return signed_in


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_opens_its_own_pages_alone(
    role: Role, places: dict[str, str], signed_in: SignedIn
) -> None:
    async with signed_in(role) as client:
        for path, roles in PAGES.items():
            page = await client.get(path.format(**places))
            assert page.status_code == (200 if role in roles else 403), path


async def test_nobody_signed_in_is_led_to_signing_in(
    places: dict[str, str], visitor: httpx.AsyncClient
) -> None:
    for path in PAGES:
        page = await visitor.get(path.format(**places))
        assert page.status_code == 303, path
        assert page.headers["location"].startswith("/sign-in?next=")


async def test_pages_of_staff_speak_both_languages_and_are_kept_by_nobody(
    places: dict[str, str], host: httpx.AsyncClient
) -> None:
    for path in PAGES:
        for lang, tag in (("zh", "zh-CN"), ("en", "en")):
            page = await host.get(path.format(**places), params={"lang": lang})
            assert f'<html lang="{tag}"' in page.text, path
            assert page.headers["cache-control"] == "no-store"


async def test_unknown_farm_is_no_page(host: httpx.AsyncClient) -> None:
    assert (await host.get("/studio/farms/nowhere")).status_code == 404


async def test_invitation_is_read_without_signing_in_and_told_to_nobody(
    visitor: httpx.AsyncClient,
) -> None:
    page = await visitor.get("/invitation/some-token", params={"lang": "en"})
    assert page.status_code == 200
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex"


async def test_staff_read_of_a_proxy_that_is_not_named(
    site: Server, signed_in: SignedIn, visitor: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    assert "FARMLIVE_TRUSTED_PROXIES" not in (await host.get("/studio")).text
    await visitor.get("/", headers={"X-Forwarded-For": "198.51.100.7"})
    assert "FARMLIVE_TRUSTED_PROXIES" not in (await visitor.get("/sign-in")).text
    shown = {}
    for role in ROLES:
        async with signed_in(role) as client:
            page = (await client.get("/studio")).text
            shown[role] = "FARMLIVE_TRUSTED_PROXIES" in page
            assert "198.51.100.7" not in page
    assert {role for role, told in shown.items() if told} == {"coordinator", "host", "clerk"}


async def test_staff_read_that_another_servers_cameras_are_out_of_reach(
    site: Server, settings: Settings, host: httpx.AsyncClient
) -> None:
    assert "data-lacks-node-url" not in (await host.get("/studio")).text
    request = Request(
        {"type": "http", "method": "GET", "path": "/studio", "query_string": b"", "headers": []}
    )
    told = {}
    for lacks in (True, False):
        pages = pages_of(settings, site.house.guard, lacks_node_url=partial(bool, lacks))
        for role in ROLES:
            caller = Caller("A", "lin", role, "a device", None)
            page = pages.html(request, "studio/seller.html", caller=caller, farms=[], broadcasts=[])
            told[lacks, role] = "data-lacks-node-url" in page
    assert {role for (lacks, role), shown in told.items() if shown} == {"coordinator", "host"}
    assert not any(shown for (lacks, _), shown in told.items() if not lacks)


async def test_coordinators_read_what_may_be_read_on_the_way(
    site: Server, settings: Settings, visitor: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    assert "data-cleartext" not in (await host.get("/studio")).text
    away = settings.model_copy(
        update={"host": "0.0.0.0", "database_url": "postgresql://db.example.org/farmlive"}
    )
    pages = pages_of(away, site.house.guard)
    request = Request(
        {"type": "http", "method": "GET", "path": "/studio", "query_string": b"", "headers": []}
    )
    told = {}
    for role in ROLES:
        caller = Caller("A", "lin", role, "a device", None)
        page = pages.html(request, "studio/seller.html", caller=caller, farms=[], broadcasts=[])
        told[role] = re.findall('data-cleartext="([a-z]+)"', page)
    assert told.pop("coordinator") == ["http", "database"]
    assert not any(told.values())


async def test_a_link_to_the_other_language_stays_here(visitor: httpx.AsyncClient) -> None:
    """A path of two slashes would be another host's URL."""
    page = await visitor.get(
        f"{str(visitor.base_url).rstrip('/')}//evil.example/login", headers={"Accept": "text/html"}
    )
    assert page.status_code == 404
    assert 'href="//' not in page.text
    assert 'href="/evil.example/login?lang=' in page.text
