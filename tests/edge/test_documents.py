"""Documents that are the same for all: made once, given for little, asked again for nothing."""

import asyncio
import threading

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from tests.support.waiting import until

from farmlive.edge.documents import Document
from farmlive.pages.rendering.languages import read_words
from farmlive.pages.rendering.scripts import modules
from farmlive.pages.rendering.static import WEB, Static
from farmlive.server import Server, running
from farmlive.settings import Settings

pytestmark = pytest.mark.any_database

PATHS = ("/openapi.json", "/asyncapi.json", "/problems")


@pytest.mark.parametrize("path", PATHS)
async def test_who_has_it_already_gets_no_body(server: Server, path: str) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        first = await client.get(path)
        assert first.status_code == 200
        assert first.headers["Cache-Control"] == "public, max-age=300"
        assert "Set-Cookie" not in first.headers
        tag = first.headers["ETag"]
        for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await client.get(path, headers={"If-None-Match": condition})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["ETag"] == tag
        for condition in ("", '"other"', tag[1:-1]):
            again = await client.get(path, headers={"If-None-Match": condition})
            assert again.content == first.content
        head = await client.head(path)
        assert (head.headers["Content-Length"], head.content) == (str(len(first.content)), b"")


def asking(document: Document) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/")
    async def read(request: Request) -> Response:
        return await document.answer(request)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


async def test_it_is_made_once_however_many_ask() -> None:
    made = 0

    def make() -> bytes:
        nonlocal made
        made += 1
        return b"{}"

    async with asking(Document(make, "application/json")) as client:
        answers = await asyncio.gather(*(client.get("/") for _ in range(8)))
        answers.append(await client.get("/"))
    assert [each.content for each in answers] == [b"{}"] * 9
    assert made == 1


async def test_what_could_not_be_made_is_tried_again() -> None:
    made = 0

    def make() -> bytes:
        nonlocal made
        made += 1
        if made == 1:
            raise KeyError("a fault of ours")
        return b"{}"

    async with asking(Document(make, "application/json")) as client:
        with pytest.raises(KeyError):
            await client.get("/")
        assert (await client.get("/")).content == b"{}"


async def test_others_are_answered_while_it_is_made(
    settings: Settings, tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    openapi = FastAPI.openapi

    def slow(self: FastAPI) -> dict[str, object]:
        begun.set()
        assert go_on.wait(20)
        return openapi(self)

    monkeypatch.setattr(FastAPI, "openapi", slow)
    async with running(settings) as server, httpx.AsyncClient(base_url=server.url) as client:
        asked = [asyncio.create_task(client.get("/openapi.json")) for _ in range(8)]
        await until(begun.is_set, "it is being made")
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        go_on.set()
        assert {(await each).status_code for each in asked} == {200}


def test_what_each_page_names_is_looked_for_once() -> None:
    words, static = read_words(WEB / "locale")["zh"], Static()
    live = modules(static.folder, "pages/live/live.js")
    assert live is modules(static.folder, "pages/live/live.js")
    assert words.of_scripts(*live) is words.of_scripts(*live)
