"""Files with orders and buyers are asked for once more ten minutes after the last
authentication; what is worked by is not.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy import update

from farmlive.broadcast.models import NewBroadcast
from farmlive.clock import now_ms
from farmlive.people.core import tables
from farmlive.people.core.roles import Role
from farmlive.server import Server

PASSWORD = "four-quiet-hills"
HTML = {"Accept": "text/html"}


@asynccontextmanager
async def signed_in(server: Server, role: Role = "coordinator") -> AsyncIterator[httpx.AsyncClient]:
    await server.house.people.create_account("mei", role, PASSWORD)
    async with httpx.AsyncClient(base_url=server.url) as client:
        body = {"name": "mei", "password": PASSWORD}
        answer = await client.post("/api/v1/session", json=body)
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        yield client


async def authenticated_before(server: Server, minutes: float) -> None:
    at = update(tables.sessions).values(authenticated_at=now_ms() - int(minutes * 60_000))
    await server.house.store.write(lambda conn: conn.execute(at).rowcount)


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


@pytest.mark.parametrize("role", ["coordinator", "host"])
async def test_files_are_asked_for_and_what_is_worked_by_is_not(server: Server, role: Role) -> None:
    new = NewBroadcast.model_validate({"title": {"zh": "金桔", "en": "Kumquats"}})
    broadcast = (await server.house.broadcasts.create(new)).id
    files = [f"/studio/{broadcast}/orders.{form}" for form in ("csv", "xlsx")]
    files += [
        f"/review/{broadcast}/sheets/{name}.csv" for name in ("orders", "hand-over", "packing")
    ]
    others = [f"/review/{broadcast}/sheets/{name}.xlsx" for name in ("sales", "pick-list", "cash")]
    others += [f"/review/{broadcast}/lists/hand-over", f"/studio/{broadcast}/orders/slips"]
    others += ["/studio/audit.csv"] if role == "coordinator" else []
    async with signed_in(server, role) as client:
        await authenticated_before(server, 10.1)
        for path in files:
            answer = await client.get(path)
            assert (answer.status_code, slug(answer)) == (401, "reauthentication-needed"), path
            shown = await client.get(path, headers=HTML)
            assert "Confirm it's you" in shown.text or "请确认是您本人" in shown.text
            assert 'href="/sign-in"' not in shown.text.partition("<main")[2]
        for path in others:
            assert (await client.get(path)).status_code == 200, path
        body = {"password": PASSWORD}
        assert (await client.post("/api/v1/session/reauthentication", json=body)).status_code == 200
        for path in files:
            assert (await client.get(path)).status_code == 200, path


async def test_what_is_kept_of_a_buyer_is_asked_for_too(server: Server) -> None:
    async with signed_in(server) as client:
        body = {"phone": "13800000000"}
        await authenticated_before(server, 10.1)
        for what in ("exports", "erasures"):
            answer = await client.post(f"/api/v1/person/{what}", json=body)
            assert (answer.status_code, slug(answer)) == (401, "reauthentication-needed"), what
        await authenticated_before(server, 1)
        for what in ("exports", "erasures"):
            answer = await client.post(f"/api/v1/person/{what}", json=body)
            assert answer.status_code != 401, what
