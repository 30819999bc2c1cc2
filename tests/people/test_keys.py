import asyncio

import httpx
import pytest
from sqlalchemy import select, update
from tests.people.conftest import ENDED, LIVE, OTHER, browser, make_app, sign_in
from tests.support.parts import people_of

from farmlive.clock import now_ms, parse_rfc3339
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.people.core.problems import UnknownKey
from farmlive.settings import Settings
from farmlive.store import Store

KEYS = f"/api/v1/broadcasts/{LIVE}/stream-keys"
SOURCES = f"/api/v1/broadcasts/{LIVE}/sources"


async def mint(client: httpx.AsyncClient, **body: str) -> dict[str, str]:
    answer = await client.post(KEYS, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


async def test_api_key_is_shown_once_and_kept_as_a_hash(
    coordinator: httpx.AsyncClient, store: Store
) -> None:
    body = {"label": "sheet", "role": "host"}
    made = (await coordinator.post("/api/v1/api-keys", json=body)).json()
    assert made["key"].startswith("fl_")
    assert len(made["key"]) >= 3 + 22
    listed = (await coordinator.get("/api/v1/api-keys")).json()
    assert [key["label"] for key in listed["api_keys"]] == ["sheet"]
    assert made["key"] not in str(listed)
    rows = await store.read(lambda conn: conn.execute(select(tables.api_keys)).all())
    assert made["key"] not in str(rows)


async def test_revoked_api_key_is_refused(coordinator: httpx.AsyncClient, app: Api) -> None:
    body = {"label": "sheet", "role": "host"}
    made = (await coordinator.post("/api/v1/api-keys", json=body)).json()
    path = f"/api/v1/api-keys/{made['id']}"
    assert (await coordinator.delete(path)).status_code == 204
    assert (await coordinator.delete(path)).status_code == 404
    async with browser(app, Authorization=f"Bearer {made['key']}") as program:
        assert (await program.get("/who")).status_code == 401


async def test_studio_key_belongs_to_the_devices_one_source(
    host: httpx.AsyncClient, app: Api, people: People
) -> None:
    first = await mint(host, purpose="studio", label="Orchard")
    reload = await mint(host, purpose="studio")
    assert (reload["source"], reload["label"]) == (first["source"], "Orchard")
    assert reload["key"] != first["key"]
    async with browser(app) as phone:
        await sign_in(phone, "chen")
        other = await mint(phone, purpose="studio")
    assert (other["source"] != first["source"], other["label"]) == (True, "Camera 2")
    elsewhere = await host.post(
        f"/api/v1/broadcasts/{OTHER}/stream-keys", json={"purpose": "studio"}
    )
    assert elsewhere.json()["source"] != first["source"]
    for key in (first, reload):
        source = await people.find_stream_key(LIVE, key["key"])
        assert source is not None
        assert source.id == first["source"]


async def test_encoder_key_makes_a_new_source_unless_one_is_named(
    host: httpx.AsyncClient,
) -> None:
    one = await mint(host, purpose="encoder", label="OBS")
    two = await mint(host, purpose="encoder")
    more = await mint(host, purpose="encoder", source=one["source"])
    assert one["source"] != two["source"]
    assert (more["source"], more["label"]) == (one["source"], "OBS")
    assert one["expires_at"] is None
    sources = (await host.get(SOURCES)).json()["sources"]
    assert [(each["label"], each["purpose"]) for each in sources] == [
        ("OBS", "encoder"),
        ("Camera 2", "encoder"),
    ]


async def test_source_of_another_broadcast_is_unknown(host: httpx.AsyncClient) -> None:
    one = await mint(host, purpose="encoder")
    answer = await host.post(
        f"/api/v1/broadcasts/{OTHER}/stream-keys",
        json={"purpose": "encoder", "source": one["source"]},
    )
    assert answer.status_code == 404


async def test_key_works_for_its_broadcast_only(host: httpx.AsyncClient, people: People) -> None:
    key = (await mint(host, purpose="encoder", label="OBS"))["key"]
    source = await people.find_stream_key(LIVE, key)
    assert source is not None
    assert (source.label, source.broadcast, source.purpose) == ("OBS", LIVE, "encoder")
    assert await people.find_stream_key(OTHER, key) is None
    assert await people.find_stream_key(LIVE, "wrong") is None


async def test_studio_key_expires(
    host: httpx.AsyncClient, people: People, settings: Settings, store: Store
) -> None:
    made = await mint(host, purpose="studio")
    left = parse_rfc3339(made["expires_at"]) - now_ms()
    assert 0 < left <= settings.studio_key_minutes * 60_000
    assert await people.find_stream_key(LIVE, made["key"])
    over = update(tables.stream_keys).values(expires_at=now_ms())
    await store.write(lambda conn: conn.execute(over).rowcount)
    assert await people.find_stream_key(LIVE, made["key"]) is None
    assert await people.stream_keys.all(LIVE) == []
    await mint(host, purpose="studio")
    rows = await store.read(lambda conn: conn.execute(select(tables.stream_keys)).all())
    assert len(rows) == 1


async def test_revoked_stream_key_does_not_publish_and_leaves_the_list(
    host: httpx.AsyncClient, people: People
) -> None:
    made = await mint(host, purpose="encoder")
    listed = (await host.get(KEYS)).json()["stream_keys"]
    assert [key["id"] for key in listed] == [made["id"]]
    assert "key" not in listed[0]
    path = f"{KEYS}/{made['id']}"
    assert (await host.delete(path)).status_code == 204
    assert await people.find_stream_key(LIVE, made["key"]) is None
    assert (await host.get(KEYS)).json() == {"stream_keys": [], "next": None}
    assert (await host.delete(path)).status_code == 404
    with pytest.raises(UnknownKey):
        await people.stream_keys.revoke(OTHER, made["id"])


async def test_stream_keys_are_kept_as_hashes(host: httpx.AsyncClient, store: Store) -> None:
    made = await mint(host, purpose="encoder")
    rows = await store.read(lambda conn: conn.execute(select(tables.stream_keys)).all())
    assert made["key"] not in str(rows)
    assert made["key"].startswith("fls_")


async def test_unknown_and_ended_broadcasts_get_no_key(
    host: httpx.AsyncClient, store: Store
) -> None:
    for broadcast, status in (("nowhere", 404), (ENDED, 409)):
        path = f"/api/v1/broadcasts/{broadcast}/stream-keys"
        assert (await host.post(path, json={"purpose": "encoder"})).status_code == status
    assert await store.read(lambda conn: conn.execute(select(tables.sources)).all()) == []


@pytest.mark.parametrize("broadcast", ["nowhere", "%00"])
async def test_unknown_broadcast_has_neither_keys_nor_sources(
    host: httpx.AsyncClient, people: People, broadcast: str
) -> None:
    for what in ("stream-keys", "sources"):
        assert (await host.get(f"/api/v1/broadcasts/{broadcast}/{what}")).status_code == 404
    assert await people.find_stream_key("a\0b", "fls_x") is None


async def test_identifiers_that_are_none_are_unknown(
    host: httpx.AsyncClient, coordinator: httpx.AsyncClient
) -> None:
    assert (await host.delete(f"{KEYS}/%00")).status_code == 404
    assert (await coordinator.delete("/api/v1/api-keys/%00")).status_code == 404
    body = {"purpose": "encoder", "source": "a\0b"}
    assert (await host.post(KEYS, json=body)).status_code == 404


async def test_devices_source_is_one_when_two_servers_mint_at_once(
    people: People, store: Store, settings: Settings
) -> None:
    second = await Store.open(settings)
    try:
        other = people_of(second, settings)
        minted = await asyncio.gather(
            *(
                each.stream_keys.mint(LIVE, "studio", device="d" * 32)
                for each in (people, other) * 5
            )
        )
    finally:
        await second.close()
    assert len({key.source for key, _ in minted}) == 1
    assert len(await people.stream_keys.all(LIVE)) == 10


async def test_viewers_mint_no_keys(client: httpx.AsyncClient) -> None:
    assert (await client.post(KEYS, json={"purpose": "studio"})).status_code == 401
    assert (await client.get(SOURCES)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"purpose": "spy"},
        {"purpose": "encoder", "label": ""},
        {"purpose": "encoder", "label": "x" * 81},
        {"purpose": "encoder", "label": "a\0b"},
        {"purpose": "encoder", "colour": "red"},
    ],
)
async def test_bad_requests_for_keys(host: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await host.post(KEYS, json=body)).status_code == 422


async def test_whip_address_is_the_public_one_where_it_is_set(
    host: httpx.AsyncClient, store: Store, settings: Settings
) -> None:
    assert (await mint(host, purpose="studio"))["whip_url"] == f"{settings.url}/whip/{LIVE}"
    public = settings.model_copy(update={"public_url": "https://live.example.org"})
    people = people_of(store, public)
    _, secret = await people.create_api_key("demo", "host")
    async with browser(make_app(people), Authorization=f"Bearer {secret}") as program:
        made = await mint(program, purpose="encoder")
    assert made["whip_url"] == f"https://live.example.org/whip/{LIVE}"
