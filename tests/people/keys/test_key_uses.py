"""Keys as they are used: the last use, the end of their time, the one that a session runs by."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from tests.people.conftest import LIVE, browser
from tests.people.owned_links import keys_revoked, make_all, on_air, wang
from tests.support.parts import people_of
from tests.support.waiting import LONG_S, until

from farmlive.clock import now_ms, rfc3339
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.people.keys import key_uses
from farmlive.settings import Settings
from farmlive.store import Store

__all__ = ["on_air", "wang"]
pytestmark = pytest.mark.usefixtures("on_air")


async def test_the_key_that_a_session_runs_by_is_kept_after_its_hour(
    people: People, store: Store, wang: httpx.AsyncClient
) -> None:
    path = f"/api/v1/broadcasts/{LIVE}/stream-keys"
    first = (await wang.post(path, json={"purpose": "studio"})).json()
    unused = (await wang.post(path, json={"purpose": "studio"})).json()
    people.key_uses.stream_key(first["id"])
    await people.key_uses.write()
    over = update(tables.stream_keys).values(expires_at=now_ms())
    await store.write(lambda conn: conn.execute(over).rowcount)
    again = (await wang.post(path, json={"purpose": "studio"})).json()
    query = select(tables.stream_keys.c.id)
    kept = set(await store.read(lambda conn: conn.execute(query).scalars().all()))
    assert (kept, unused["id"] in kept) == ({first["id"], again["id"]}, False)
    ended = keys_revoked(people)
    await people.create_account("lin", "coordinator")
    await people.disable_account("wang")
    assert first["id"] in ended


async def test_an_api_key_ends_at_its_time(
    app: Api, store: Store, coordinator: httpx.AsyncClient
) -> None:
    body = {"label": "sheet", "role": "host"}
    for wrong in (rfc3339(now_ms() - 1), "tomorrow", "2027-01-01T00:00:00"):
        answer = await coordinator.post("/api/v1/api-keys", json={**body, "expires_at": wrong})
        assert answer.status_code == 422, wrong
    end = rfc3339(now_ms() + 60_000)
    made = (await coordinator.post("/api/v1/api-keys", json={**body, "expires_at": end})).json()
    assert made["expires_at"] == end
    async with browser(app, Authorization=f"Bearer {made['key']}") as program:
        assert (await program.get("/who")).json()["role"] == "host"
        over = update(tables.api_keys).values(expires_at=now_ms())
        await store.write(lambda conn: conn.execute(over).rowcount)
        answer = await program.get("/who")
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/expired-api-key")


async def test_last_use_is_written_once_a_minute_at_most_and_off_the_way(
    app: Api,
    people: People,
    store: Store,
    settings: Settings,
    coordinator: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = (await make_all(coordinator))["api_key"]

    async def used() -> int | None:
        (key,) = await people.api_keys()
        return key.used_at

    async with browser(app, Authorization=f"Bearer {made['key']}") as program:
        await program.get("/who")
        assert await used() is None
        await people.key_uses.write()
        first = await used()
        assert first is not None
        assert abs(first - now_ms()) < LONG_S * 1000
        await until(lambda: now_ms() > first, "a later use has a later time")
        await program.get("/who")
        await people.key_uses.write()
        assert await used() == first
        # Another server, that wrote nothing yet, does not write it anew either.
        elsewhere = people_of(store, settings)
        elsewhere.key_uses.api_key(made["id"])
        await elsewhere.key_uses.write()
        assert await used() == first
        monkeypatch.setattr(key_uses, "API_KEY_MS", 1)
        await program.get("/who")
        await people.key_uses.write()
        assert (await used() or 0) > first
    listed_key = (await coordinator.get("/api/v1/api-keys")).json()["api_keys"][0]
    assert listed_key["used_at"] is not None


async def test_a_use_that_was_not_written_is_written_later(
    people: People, store: Store, coordinator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await make_all(coordinator))["api_key"]

    async def full(_function: Any) -> None:
        raise OSError("the disk is full")

    write = store.write
    monkeypatch.setattr(store, "write", full)
    people.key_uses.api_key(made["id"])
    with pytest.raises(OSError, match="full"):
        await people.key_uses.write()
    monkeypatch.setattr(store, "write", write)
    await people.key_uses.write()
    (key,) = await people.api_keys()
    assert key.used_at is not None
