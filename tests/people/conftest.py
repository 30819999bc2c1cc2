"""A small server of this room alone: its routes, its guard and a few broadcasts by name."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import Connection
from tests.support.parts import people_of

from farmlive.openapi import Api
from farmlive.people import Caller, DeviceCookie, Guard, People
from farmlive.people.core.cookies import Cookies
from farmlive.people.routes import routes
from farmlive.problems import NotFound, Problem
from farmlive.settings import Settings
from farmlive.store import Store

LIVE = "01JD00000000000000000000A1"
OTHER = "01JD00000000000000000000A2"
ENDED = "01JD00000000000000000000A3"
FARM = "01JD00000000000000000000F1"
OTHER_FARM = "01JD00000000000000000000F2"
CENTRE = "01JD00000000000000000000C1"
OTHER_CENTRE = "01JD00000000000000000000C2"
PASSWORD = "a good password"


def broadcast_state(conn: Connection, broadcast: str) -> str:
    states = {LIVE: "live", OTHER: "scheduled", ENDED: "ended"}
    if broadcast not in states:
        raise NotFound("No broadcast has that identifier.")
    return states[broadcast]


def make_app(people: People) -> Api:
    guard = Guard(people)
    app = Api(Cookies(secure=False))
    app.include_router(routes(people, guard, broadcast_state))
    settings = people.settings
    app.add_middleware(
        DeviceCookie,
        pseudonyms=people.pseudonyms,
        secure=settings.secure,
        session_days=settings.session_days,
        without=(),
    )

    @app.exception_handler(Problem)
    async def answer(request: Request, problem: Problem) -> JSONResponse:
        return JSONResponse(problem.body(), problem.status, problem.headers)

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({}, 422)

    async def who(caller: Annotated[Caller, Depends(guard.anyone)]) -> dict[str, object]:
        return {
            "name": caller.name,
            "role": caller.role,
            "device": caller.device,
            "address": caller.address,
            "staff": caller.is_staff,
            "crew": caller.is_crew,
            "farms": sorted(caller.farms),
            "centres": None if caller.centres is None else sorted(caller.centres),
            "simulated": caller.simulated,
        }

    app.get("/who")(who)
    app.post("/who")(who)

    @app.post("/harvest", dependencies=[Depends(guard.roles("coordinator", "host", "seller"))])
    async def harvest() -> str:
        return "ok"

    @app.get("/metrics", dependencies=[Depends(guard.operator)])
    async def metrics() -> str:
        return "ok"

    return app


def browser(
    app: Api, *, peer: str = "192.0.2.1", scheme: str = "http", **headers: str
) -> httpx.AsyncClient:
    """A client with its own cookies at its own address."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(peer, 50000)),
        base_url=f"{scheme}://farm.test",
        headers=headers,
    )


@pytest.fixture
def people(store: Store, settings: Settings) -> People:
    return people_of(store, settings)


@pytest.fixture
def app(people: People) -> Api:
    return make_app(people)


@pytest.fixture
async def client(app: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A browser where nobody is signed in."""
    async with browser(app) as client:
        yield client


def viewer_at(address: str, device: str = "0" * 32) -> Caller:
    """A caller where nobody is signed in."""
    return Caller(None, None, None, device, address)


async def sign_in(
    client: httpx.AsyncClient, name: str, password: str = PASSWORD, new: str | None = None
) -> None:
    """Sign in and send the CSRF token from now on; `new` takes the place of a first password."""
    body = {"name": name, "password": password, "new_password": new}
    answer = await client.post("/api/v1/session", json=body)
    assert answer.status_code == 200, answer.text
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]


@pytest.fixture
async def guest(app: Api) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of whoever gets the link."""
    async with browser(app, peer="192.0.2.7") as client:
        yield client


@pytest.fixture
async def host(app: Api, people: People) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which the host `chen` is signed in."""
    await people.create_account("chen", "host", PASSWORD)
    async with browser(app) as client:
        await sign_in(client, "chen")
        yield client


@pytest.fixture
async def coordinator(app: Api, people: People) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which the coordinator `lin` is signed in."""
    await people.create_account("lin", "coordinator", PASSWORD)
    async with browser(app) as client:
        await sign_in(client, "lin")
        yield client
