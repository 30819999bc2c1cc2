from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Table, select, update
from tests.people.conftest import ENDED, LIVE, OTHER, browser

from farmlive.clock import now_ms, parse_rfc3339
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.people.keys.guests import KEYS_PER_MINUTE, VALID_MS
from farmlive.problems import TooMany
from farmlive.store import Store

PATH = f"/api/v1/broadcasts/{LIVE}/guests"


async def invite(host: httpx.AsyncClient, label: str = "阿姨 Aunt Lin") -> dict[str, Any]:
    answer = await host.post(PATH, json={"label": label})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, Any] = answer.json()
    return made


def link(made: dict[str, Any]) -> str:
    """The address at which whoever has the link gets a stream key."""
    return f"/api/v1/guests/{made['url'].removeprefix('/guest/')}/stream-key"


async def key(guest: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, Any]:
    answer = await guest.post(link(made))
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    minted: dict[str, Any] = answer.json()
    return minted


async def test_link_gives_a_key_of_a_source_of_its_own(
    host: httpx.AsyncClient, guest: httpx.AsyncClient, people: People
) -> None:
    made = await invite(host)
    assert 0 < parse_rfc3339(made["expires_at"]) - now_ms() <= VALID_MS
    minted = await key(guest, made)
    assert (minted["broadcast"], minted["source"]) == (LIVE, made["source"])
    assert minted["whip"] == f"/whip/{LIVE}"
    assert minted["label"] == "阿姨 Aunt Lin"
    source = await people.find_stream_key(LIVE, minted["key"])
    assert source is not None
    assert (source.id, source.label, source.guest) == (made["source"], "阿姨 Aunt Lin", True)
    assert await people.find_stream_key(OTHER, minted["key"]) is None
    (listed,) = (await host.get(f"/api/v1/broadcasts/{LIVE}/sources")).json()["sources"]
    assert (listed["id"], listed["purpose"]) == (made["source"], "guest")


async def test_second_device_takes_the_place_of_the_first(
    app: Api, host: httpx.AsyncClient, guest: httpx.AsyncClient, people: People
) -> None:
    made = await invite(host)
    first = await key(guest, made)
    async with browser(app, peer="192.0.2.8") as another:
        second = await key(another, made)
    assert first["source"] == second["source"]
    assert await people.find_stream_key(LIVE, first["key"]) is None
    assert await people.find_stream_key(LIVE, second["key"]) is not None


async def test_source_tells_one_device_from_another(
    app: Api, host: httpx.AsyncClient, guest: httpx.AsyncClient, people: People
) -> None:
    made = await invite(host)

    async def device(client: httpx.AsyncClient) -> str | None:
        source = await people.find_stream_key(LIVE, (await key(client, made))["key"])
        assert source is not None
        return source.device

    first = await device(guest)
    assert first
    assert await device(guest) == first
    async with browser(app, peer="192.0.2.7") as another:
        assert await device(another) not in (None, first)
    assert await device(guest) == first


async def test_hosts_browser_at_a_guests_link_keeps_its_own_camera(
    host: httpx.AsyncClient,
) -> None:
    made, other = await invite(host), await invite(host, "Wu")
    for each in (made, other):
        await key(host, each)
    path = f"/api/v1/broadcasts/{LIVE}/stream-keys"
    own = await host.post(path, json={"purpose": "studio"})
    assert own.status_code == 201
    assert own.json()["source"] not in (made["source"], other["source"])


async def test_open_guests_are_listed_without_their_links(
    host: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    made = [await invite(host, label) for label in ("Lin", "Wu")]
    await key(guest, made[0])
    listed = (await host.get(PATH)).json()["guests"]
    assert listed == [{k: v for k, v in each.items() if k != "url"} for each in made]
    assert (await host.get(f"/api/v1/broadcasts/{OTHER}/guests")).json() == {
        "guests": [],
        "next": None,
    }
    # Their keys go with the link; the list of keys is of the own cameras.
    keys = await host.get(f"/api/v1/broadcasts/{LIVE}/stream-keys")
    assert keys.json() == {"stream_keys": [], "next": None}


async def test_ended_link_gives_no_key_and_its_keys_are_over(
    host: httpx.AsyncClient, guest: httpx.AsyncClient, people: People
) -> None:
    ended: list[tuple[str, str]] = []
    people.revocations.listen(
        keys=lambda _keys: None, guest=lambda broadcast, source: ended.append((broadcast, source))
    )
    made, stays = await invite(host), await invite(host, "Wu")
    minted = await key(guest, made)
    assert (await host.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert ended == [(LIVE, made["source"])]
    assert await people.find_stream_key(LIVE, minted["key"]) is None
    answer = await guest.post(link(made))
    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/guest-over")
    assert (await host.delete(f"{PATH}/{made['id']}")).status_code == 404
    assert [each["id"] for each in (await host.get(PATH)).json()["guests"]] == [stays["id"]]
    assert await people.guests.filter_ended([made["source"], stays["source"]]) == {made["source"]}
    assert await people.guests.filter_ended([]) == set()


async def test_guest_of_another_broadcast_is_not_ended(host: httpx.AsyncClient) -> None:
    made = await invite(host)
    other = f"/api/v1/broadcasts/{OTHER}/guests/{made['id']}"
    assert (await host.delete(other)).status_code == 404
    assert (await host.delete(f"{PATH}/%00")).status_code == 404
    assert len((await host.get(PATH)).json()["guests"]) == 1


async def test_link_works_for_a_day_and_its_key_no_longer(
    host: httpx.AsyncClient, guest: httpx.AsyncClient, people: People, store: Store
) -> None:
    made = await invite(host)
    minted = await key(guest, made)
    assert minted["expires_at"] == made["expires_at"]
    query = select(tables.stream_keys.c.expires_at)
    (expires_at,) = await store.read(lambda conn: conn.execute(query).scalars().all())
    assert expires_at == parse_rfc3339(made["expires_at"])
    over = update(tables.guests).values(expires_at=now_ms())
    await store.write(lambda conn: conn.execute(over).rowcount)
    answer = await guest.post(link(made))
    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/guest-over")
    assert (await host.get(PATH)).json() == {"guests": [], "next": None}
    assert await people.guests.filter_ended([made["source"]]) == {made["source"]}


async def test_ended_and_unknown_broadcasts_take_no_guest(
    host: httpx.AsyncClient, guest: httpx.AsyncClient, store: Store
) -> None:
    for broadcast, status in (("nowhere", 404), (ENDED, 409)):
        path = f"/api/v1/broadcasts/{broadcast}/guests"
        assert (await host.post(path, json={"label": "Lin"})).status_code == status
    assert (await host.get("/api/v1/broadcasts/nowhere/guests")).status_code == 404
    # A broadcast that has ended since.
    made = await invite(host)
    moved = update(tables.sources).values(broadcast=ENDED)
    await store.write(lambda conn: conn.execute(moved).rowcount)
    answer = await guest.post(link(made))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/broadcast-ended")


async def test_unknown_links_run_into_a_limit(guest: httpx.AsyncClient, people: People) -> None:
    statuses = [
        (await guest.post(f"/api/v1/guests/guess{number}/stream-key")).status_code
        for number in range(people.settings.sign_ins_per_minute + 1)
    ]
    assert statuses[:-1] == [404] * people.settings.sign_ins_per_minute
    assert statuses[-1] == 429


async def test_keys_of_one_link_run_into_a_limit(
    host: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    made = await invite(host)
    for _ in range(KEYS_PER_MINUTE):
        await key(guest, made)
    assert (await guest.post(link(made))).status_code == TooMany.status
    await key(guest, await invite(host, "Wu"))


async def test_host_mints_no_lasting_key_of_a_guests_camera(host: httpx.AsyncClient) -> None:
    made = await invite(host)
    body = {"purpose": "encoder", "source": made["source"]}
    answer = await host.post(f"/api/v1/broadcasts/{LIVE}/stream-keys", json=body)
    assert answer.status_code == 404
    body = {"purpose": "guest"}
    answer = await host.post(f"/api/v1/broadcasts/{LIVE}/stream-keys", json=body)
    assert answer.status_code == 422


@pytest.mark.any_database
@pytest.mark.parametrize("body", [{}, {"label": ""}, {"label": "a\nb"}, {"label": "x" * 81}])
async def test_guest_without_a_fit_label_is_refused(
    host: httpx.AsyncClient, body: dict[str, str]
) -> None:
    assert (await host.post(PATH, json=body)).status_code == 422


def everything(table: Table, connection: Connection) -> str:
    return str(connection.execute(select(table)).all())


async def test_database_and_audit_list_hold_no_token(
    host: httpx.AsyncClient, guest: httpx.AsyncClient, people: People, store: Store
) -> None:
    made = await invite(host)
    minted = await key(guest, made)
    assert (await host.delete(f"{PATH}/{made['id']}")).status_code == 204
    found = ""
    for table in (tables.guests, tables.sources, tables.stream_keys, tables.audit):
        found += await store.read(partial(everything, table))
    assert made["id"] in found
    assert made["url"].removeprefix("/guest/") not in found
    assert minted["key"] not in found
    deeds = [
        (deed.action, deed.subject, deed.name)
        for deed in await people.audit_entries(None, 10)
        if deed.action != "session.start"
    ]
    assert deeds == [("guest.end", made["id"], "chen"), ("guest.add", made["id"], "chen")]


async def test_page_of_another_site_mints_no_key(app: Api, host: httpx.AsyncClient) -> None:
    made = await invite(host)
    async with browser(app, origin="https://evil.test") as other:
        assert (await other.post(link(made))).status_code == 403


async def test_a_guests_name_can_be_seen(host: httpx.AsyncClient) -> None:
    for label in ("\u3164", "\u200b\u2800"):
        assert (await host.post(PATH, json={"label": label})).status_code == 422
