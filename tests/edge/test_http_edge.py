"""Bad requests as a stranger sends them: each gets a problem that says what to do."""

import asyncio
import contextlib
import json
import socket
import threading

import httpx
import pytest
from tests.support.waiting import LONG_S, until
from websockets.asyncio.client import connect

from farmlive.app import PortTaken
from farmlive.broadcast.models import NewBroadcast
from farmlive.client import Channel
from farmlive.edge import request_limits
from farmlive.operations import routes
from farmlive.server import Server, listen, running
from farmlive.settings import Settings


def problem(response: httpx.Response, status: int, slug: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert len(body["detail"]) > 10


@pytest.mark.any_database
async def test_bad_requests_of_the_api(server: Server, coordinator: str) -> None:
    headers = {"Authorization": f"Bearer {coordinator}"}
    async with httpx.AsyncClient(base_url=server.url) as client:
        problem(await client.get("/api/v1/nothing"), 404, "not-found")
        problem(await client.get("/api/v1/broadcasts/nowhere"), 404, "unknown-broadcast")
        refused = await client.put("/api/v1/broadcasts")
        problem(refused, 405, "method-not-allowed")
        assert refused.headers["allow"] == "GET, HEAD, POST"
        problem(await client.post("/api/v1/broadcasts", json={}), 401, "unauthorized")
        for wrong in ("Bearer fl_wrong", "Bearer nonsense"):
            answer = await client.get("/api/v1/session", headers={"Authorization": wrong})
            problem(answer, 401, "unknown-api-key")
        assert (await client.get("/", headers={"Authorization": wrong})).status_code == 200
        for body in ("{", "[]", '{"title": 3}', '{"title": {}}', '{"starts_at": "soon"}', ""):
            answer = await client.post(
                "/api/v1/broadcasts",
                content=body,
                headers={**headers, "Content-Type": "application/json"},
            )
            problem(answer, 422, "invalid")
            assert body in ("{", "") or answer.json()["errors"]
        for typed in ({}, {"Content-Type": "application/x-www-form-urlencoded"}):
            answer = await client.post(
                "/api/v1/broadcasts",
                content='{"title": {"en": "A"}}' if typed else "",
                headers={**headers, **typed},
            )
            problem(answer, 422, "invalid")
            assert "Content-Type: application/json" in answer.json()["detail"]
        listed = await client.get("/api/v1/broadcasts")
        assert listed.json() == {"broadcasts": [], "next": None}


@pytest.mark.any_database
async def test_a_second_type_hides_no_json(server: Server) -> None:
    """The application reads the first."""
    body = json.dumps({"name": "a\x00b", "password": "x"})
    types = [("Content-Type", "application/json"), ("Content-Type", "text/plain")]
    async with httpx.AsyncClient(base_url=server.url) as client:
        for headers in (types[:1], types, types[::-1]):
            answer = await client.post("/api/v1/session", content=body, headers=headers)
            problem(answer, 422, "invalid")


@pytest.mark.any_database
async def test_a_body_of_two_mebibytes_is_refused(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        for path in ("/api/v1/session", "/whip/nowhere"):
            problem(await client.post(path, content=b"x" * (2 << 20)), 413, "too-large")

        async def unannounced() -> object:
            for _ in range(32):
                yield b"x" * 65536

        answer = await client.post("/api/v1/session", content=unannounced())  # type: ignore[arg-type]
        problem(answer, 413, "too-large")


@pytest.mark.any_database
async def test_a_body_that_does_not_come_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_limits, "BODY_S", 0.2)
    monkeypatch.setattr(request_limits, "LINGER_S", 0.1)
    ask = b"POST /api/v1/session HTTP/1.1\r\nHost: farm\r\nContent-Type: application/json\r\n"
    for rest in (
        b"Content-Length: 100\r\n\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ):
        answer = await raw(server, ask + rest)
        assert b"HTTP/1.1 408" in answer
        assert b"/problems/body-late" in answer


async def raw(server: Server, *parts: bytes) -> bytes:
    """What the server answers to these bytes until it ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    answer = b""
    try:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
            async with asyncio.timeout(LONG_S):
                while more := await reader.read(65536):
                    answer += more
    finally:
        writer.close()
    return answer


@pytest.mark.any_database
@pytest.mark.parametrize(
    "begin",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: farm\r\nX-Long: ",
        b"POST /whip/a HTTP/1.1\r\nHost: farm\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Late: ",
    ],
    ids=["address", "head", "trailer"],
)
async def test_a_head_without_an_end_is_cut_off(server: Server, begin: bytes) -> None:
    # It comes to an end; while more comes the kernel may drop the answer with it.
    answer = await raw(server, begin, *[b"x" * 65536] * 12)
    assert b"HTTP/1.1 2" not in answer


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/whip/{}", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/whep/{}", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/whip/{}/session", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("PUT", "/whep/{}/session", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/whep/{}/session/layer", "OPTIONS, POST"),
        ("HEAD", "/whep/{}/session/layer", "OPTIONS, POST"),
        ("DELETE", "/whep/{}/session/delivery", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/whep/{}/session/delay", "OPTIONS, POST"),
        ("POST", "/static/lib/styles/tokens.css", "GET, HEAD"),
    ],
)
async def test_a_refused_method_names_all_others_also_to_pages_elsewhere(
    server: Server, method: str, path: str, allowed: str
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        refused = await client.request(
            method, path.format("01JD0000000000000000000000"), headers={"Origin": "https://a.test"}
        )
    assert refused.status_code == 405
    assert refused.headers["allow"] == allowed
    if path.startswith("/wh"):
        assert refused.headers["access-control-allow-origin"] == "*"
    if method != "HEAD":
        assert allowed in refused.json()["detail"]


@pytest.mark.any_database
async def test_a_body_with_two_ends_is_refused_and_nothing_is_traced(server: Server) -> None:
    both = (
        b"POST /api/v1/session HTTP/1.1\r\nHost: farm\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: farm\r\n\r\n"
    )
    answer = await raw(server, both)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    async with httpx.AsyncClient(base_url=server.url) as client:
        for path in ("/", "/api/v1/broadcasts", "/static/lib/styles/tokens.css"):
            traced = await client.request("TRACE", path, headers={"X-Secret": "sent"})
            assert traced.status_code == 405
            assert "X-Secret" not in traced.text


@pytest.mark.any_database
async def test_a_body_in_small_chunks_and_requests_in_a_row_are_no_long_head(
    server: Server,
) -> None:
    chunks = b"1\r\n \r\n" * 40_000 + b"0\r\n\r\n"
    ask = b"POST /api/v1/session HTTP/1.1\r\nHost: farm\r\nContent-Type: application/json\r\n"
    answer = await raw(
        server, ask + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n", chunks
    )
    assert b"422 Unprocessable" in answer
    asks = [b"GET /healthz HTTP/1.1\r\nHost: farm\r\nX: %s\r\n\r\n" % (b"x" * 4000)] * 40
    asks[-1] = asks[-1].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert (await raw(server, b"".join(asks))).count(b"HTTP/1.1 200") == 40


@pytest.mark.any_database
async def test_bad_requests_of_media(server: Server) -> None:
    house = server.house
    made = await house.broadcasts.create(NewBroadcast.model_validate({"title": {"en": "A"}}))
    _, key = await house.people.stream_keys.mint(made.id, "encoder", label="OBS")
    sdp = {"Content-Type": "application/sdp"}
    keyed = {**sdp, "Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=server.url) as client:
        path = f"/whip/{made.id}"
        problem(await client.post("/whip/nowhere", headers=keyed), 404, "unknown-broadcast")
        answer = await client.post(path, content="v=0", headers=sdp)
        problem(answer, 401, "wrong-stream-key")
        assert answer.headers["www-authenticate"] == "Bearer"
        wrong = {**sdp, "Authorization": "Bearer fls_wrong"}
        problem(await client.post(path, content="v=0", headers=wrong), 401, "wrong-stream-key")
        typed = {**keyed, "Content-Type": "text/plain"}
        assert (await client.post(path, content="v=0", headers=typed)).status_code == 415
        assert (await client.post(path, content="nonsense", headers=keyed)).status_code == 400
        watch = f"/whep/{made.id}"
        problem(await client.post(watch, content="v=0", headers=sdp), 409, "broadcast-not-live")
        await house.broadcasts.begin(made.id)
        answer = await client.post(watch, content="v=0", headers=sdp)
        assert answer.status_code == 409
        assert answer.headers["retry-after"]
        await house.broadcasts.end(made.id)
        for path in (watch, f"/whip/{made.id}"):
            answer = await client.post(path, content="v=0", headers=keyed)
            problem(answer, 409, "broadcast-ended")


@pytest.mark.any_database
async def test_a_browser_gets_a_page(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get("/live/nowhere", headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "farmlive" in answer.text


@pytest.mark.any_database
async def test_head_is_answered_as_get_is_without_the_body(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        for path in ("/", "/sign-in", "/healthz", "/api/v1/broadcasts", "/openapi.json"):
            got, asked = await client.get(path), await client.head(path)
            assert asked.status_code == got.status_code == 200
            assert asked.headers["content-length"] == got.headers["content-length"]
            assert asked.content == b""
        assert (await client.head("/live/nowhere")).status_code == 404
        assert (await client.head("/api/v1/session/password")).status_code == 405


@pytest.mark.any_database
async def test_joins_over_the_limit_are_told_when_to_come_back(
    settings: Settings, tables: None
) -> None:
    few = settings.model_copy(update={"joins_per_minute": 3})
    async with running(few) as server:
        house = server.house
        made = await house.broadcasts.create(NewBroadcast.model_validate({"title": {"en": "A"}}))
        channels = [await Channel.connect(server.url, made.id) for _ in range(3)]
        address = f"{server.url.replace('http', 'ws')}/api/v1/broadcasts/{made.id}/live"
        async with connect(address) as refused:
            frame = json.loads(await refused.recv())
            assert frame["problem"]["status"] == 429
            assert "try again in" in frame["problem"]["detail"]
        for channel in channels:
            await channel.close()


@pytest.mark.any_database
async def test_a_taken_port_names_the_option(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match="--port"):
            async with running(settings.model_copy(update={"port": port})):
                pass


@pytest.mark.parametrize("host", ["198.51.100.1", "no such name"])
def test_an_address_that_is_not_ours_names_the_option(host: str) -> None:
    with pytest.raises(PortTaken, match="--host"):
        listen(host, 0)


async def test_metrics_and_health(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json()["status"] == "ready"
        assert "farmlive_channels 0.0" in (await client.get("/metrics")).text
        outside = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
        problem(outside, 401, "unauthorized")


async def test_who_waits_for_the_writer_is_not_ready(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "SLOW_S", 0.05)
    free = threading.Event()
    async with httpx.AsyncClient(base_url=server.url) as client:
        writing = asyncio.create_task(server.house.store.write(lambda _: free.wait(20)))

        async def refused() -> bool:
            return (await client.get("/readyz")).status_code == 503

        await until(refused, "it is not ready")
        problem(await client.get("/readyz"), 503, "not-ready")
        free.set()
        assert await writing

        async def is_ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        await until(is_ready, "it is ready")


@pytest.mark.any_database
async def test_a_type_of_problem_leads_to_what_it_means(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        told = (await client.get("/live/nowhere")).json()
        page = await client.get(told["type"])
        assert page.headers["content-type"].startswith("text/plain")
        assert told["title"] in page.text
        every = (await client.get("/problems")).text
        for slug in ("sold-out", "bad-sdp", "wrong-stream-key", "too-many-requests"):
            assert f"/problems/{slug} (" in every
        problem(await client.get("/problems/nothing"), 404, "not-found")


@pytest.mark.any_database
async def test_the_documents_of_the_api_are_whole(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        openapi = (await client.get("/openapi.json")).json()
        assert "/api/v1/broadcasts/{broadcast}/orders" in openapi["paths"]
        asyncapi = (await client.get("/asyncapi.json")).json()
    assert asyncapi["asyncapi"].startswith("3.")
    messages = asyncapi["components"]["messages"]
    for name in (
        "welcome",
        "events",
        "problem",
        "order.place",
        "order.place.done",
        "card.pin",
        "chat.say",
    ):
        assert name in messages
