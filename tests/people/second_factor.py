"""Setting second factors up over the API, and signing in with them."""

from typing import Any

import httpx
from sqlalchemy import update
from tests.second_factors import code_of

from farmlive.clock import now_ms
from farmlive.people import tables
from farmlive.store import Store

from .conftest import PASSWORD

FACTORS = "/api/v1/session/factors"
MINUTE_MS = 60_000


async def set_up(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Set an authenticator app up: its secret, and the recovery codes. Its code was that of the
    step before, so that the one of now is still to be used.
    """
    begun = (await client.post(f"{FACTORS}/totp")).json()
    body = {"token": begun["token"], "code": code_of(begun["secret"], -1)}
    answer = await client.put(f"{FACTORS}/totp", json=body)
    assert answer.status_code == 200, answer.text
    return begun["secret"], answer.json()["recovery_codes"]


async def try_in(client: httpx.AsyncClient, name: str, **more: Any) -> httpx.Response:
    """Sign in, with `more` beside the password; the client sends the CSRF token from then on."""
    body = {"name": name, "password": PASSWORD, **more}
    answer = await client.post("/api/v1/session", json=body)
    if answer.status_code == 200:
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer


def slug(answer: httpx.Response) -> str:
    """The stable part of a problem's type."""
    return str(answer.json()["type"]).rpartition("/")[2]


async def proved_before(store: Store, minutes: float) -> None:
    """Have every session proved last so long ago."""
    at = now_ms() - int(minutes * MINUTE_MS)
    query = update(tables.sessions).values(proved_at=at)
    await store.write(lambda conn: conn.execute(query).rowcount)


async def asked_before(store: Store, ms: int) -> None:
    """Have every account first been asked for a second factor so long ago."""
    query = update(tables.accounts).values(factor_asked_at=now_ms() - ms)
    await store.write(lambda conn: conn.execute(query).rowcount)


async def forget_step(store: Store) -> None:
    """Have every app's code be taken again, as a minute later."""
    query = update(tables.totp).values(step=0)
    await store.write(lambda conn: conn.execute(query).rowcount)
