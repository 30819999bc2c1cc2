"""A room's routes as a viewer and a coordinator's program ask them, without a network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from tests.support.parts import with_device

from farmlive.edge import http_edge
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core.cookies import Cookies
from farmlive.problems import Problem


@asynccontextmanager
async def asked(
    people: People, *routers: APIRouter
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """The viewer, and the program."""
    app = Api(Cookies(secure=False))
    for router in routers:
        app.include_router(router)

    async def page(_request: Request, problem: Problem) -> JSONResponse:
        return JSONResponse(problem.body())

    http_edge.answer_problems(app, page, lambda *_: None)
    asgi = http_edge.Heads(with_device(app, people))
    transport = httpx.ASGITransport(asgi)
    _, key = await people.create_api_key("test", "coordinator")
    bearer = {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://farm.test") as viewer,
        httpx.AsyncClient(
            transport=transport, base_url="http://farm.test", headers=bearer
        ) as staff,
    ):
        yield viewer, staff
