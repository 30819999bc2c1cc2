"""Setting second factors up over the API, and signing in with them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from tests.people.conftest import PASSWORD
from tests.support.authenticators import code_of

from farmlive.clock import PretendedClock, now_ms, pretended
from farmlive.people.core import tables
from farmlive.store import Store

FACTORS = "/api/v1/session/factors"
MINUTE_MS = 60_000
STEP_MS = 30_000


async def set_up(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Set an authenticator app up: its secret, and the recovery codes. Its code was that of the
    step before, so that the one of now is still to be used. The time is to stand meanwhile
    (`mid_step`): a code that is a step older when it arrives is none.
    """
    assert now_ms() == now_ms() == _mid_step(), "the test does not use mid_step"
    begun = (await client.post(f"{FACTORS}/totp")).json()
    body = {"token": begun["token"], "code": code_of(begun["secret"], -1)}
    answer = await client.put(f"{FACTORS}/totp", json=body)
    assert answer.status_code == 200, answer.text
    return begun["secret"], answer.json()["recovery_codes"]


def _mid_step() -> int:
    return now_ms() // STEP_MS * STEP_MS + STEP_MS // 2


@pytest.fixture
def mid_step() -> Iterator[PretendedClock]:
    """The time stands in the middle of a step, so that a code stays what it is for a whole test."""
    with pretended(_mid_step()) as clock:
        yield clock


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


async def authenticated_before(store: Store, minutes: float) -> None:
    """Have every session's owner have authenticated last so long ago."""
    at = now_ms() - int(minutes * MINUTE_MS)
    query = update(tables.sessions).values(authenticated_at=at)
    await store.write(lambda conn: conn.execute(query).rowcount)


async def asked_before(store: Store, ms: int) -> None:
    """Have every account first been asked for a second factor so long ago."""
    query = update(tables.accounts).values(factor_asked_at=now_ms() - ms)
    await store.write(lambda conn: conn.execute(query).rowcount)


async def forget_step(store: Store) -> None:
    """Have every app's code be taken again, as a minute later."""
    query = update(tables.totp).values(step=0)
    await store.write(lambda conn: conn.execute(query).rowcount)
