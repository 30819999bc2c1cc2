"""The names under which a server answers, and the headers that every answer of it has."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.support.every_route import PROXIED, every_address, stock

from farmlive.edge.hosts import own_url
from farmlive.server import Server, running
from farmlive.settings import Settings

pytestmark = pytest.mark.any_database

PUBLIC = "https://live.farm.test"
OWN = [
    "live.farm.test",
    "LIVE.farm.test:443",
    "live.farm.test.",
    "www.farm.test",
    "live.farm.test:9",
]
LOOPBACK = [
    "localhost",
    "localhost:8000",
    "farm.localhost:80",
    "127.0.0.1",
    "127.9.9.9:8000",
    "[::1]:8",
]
FOREIGN = ["evil.example", "live.farm.test.evil.example", "192.0.2.1", "localhost.evil.example", ""]


@pytest.fixture
async def public(settings: Settings, tables: None) -> AsyncIterator[Server]:
    """A server that knows the address that people open."""
    update = {"public_url": PUBLIC, "extra_hosts": ("www.farm.test",)}
    async with running(settings.model_copy(update=update)) as server:
        yield server


def client(server: Server, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", headers=headers)


async def test_server_answers_under_its_own_names_alone(public: Server) -> None:
    async with client(public) as http:
        for host in [*OWN, *LOOPBACK]:
            assert (await http.get("/", headers={"Host": host})).status_code == 200, host
        for host in FOREIGN:
            refused = await http.get("/api/v1/broadcasts", headers={"Host": host})
            assert refused.status_code == 421, host
            assert refused.json()["type"] == "/problems/misdirected"
            assert PUBLIC in refused.json()["detail"]
            assert "set-cookie" not in refused.headers
            for path in ("/healthz", "/readyz"):
                assert (await http.get(path, headers={"Host": host})).status_code == 200
            assert (await http.get("/metrics", headers={"Host": host})).status_code == 200
        page = await http.get("/", headers={"Host": "evil.example", "Accept": "text/html"})
        assert (page.status_code, PUBLIC in page.text) == (421, True)


async def test_channel_is_answered_under_the_own_names_alone(public: Server) -> None:
    async def shaken(host: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", public.port)
        writer.write(
            f"GET /api/v1/broadcasts/x/live HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        line = await reader.readline()
        writer.close()
        return line.split()[1]

    assert await shaken("live.farm.test") == b"101"
    assert await shaken("localhost") == b"101"
    assert await shaken("evil.example") == b"421"


async def test_server_without_an_address_takes_every_host_and_repeats_none(
    server: Server, coordinator: str
) -> None:
    evil = {"Host": "evil.example", "Authorization": f"Bearer {coordinator}", **PROXIED}
    shop = await stock(server)
    async with client(server, **evil) as http:
        for path in (
            "/static",
            "/studio/",
            "/api/v1/broadcasts/",
            "//elsewhere.example/",
            "/review/",
        ):
            answer = await http.get(path)
            target = answer.headers.get("location", "/")
            assert target.startswith("/"), path
            assert not target.startswith(("//", "/\\")), path
        assert (await http.get("/static")).headers["location"] == "/static/"
        assert (await http.get("/studio/?lang=en")).headers["location"] == "/studio?lang=en"
        key = f"/api/v1/broadcasts/{shop.known['broadcast']}/stream-keys"
        made = await http.post(key, json={"purpose": "encoder"})
        assert made.json()["whip_url"].startswith(f"{server.url}/whip/")
        for address in every_address(server):
            answer = await http.request(address.method, address.url(shop.known))
            assert "evil.example" not in answer.text, address
            assert "evil.example" not in str(answer.headers), address


@pytest.mark.parametrize(
    ("host", "met", "url"),
    [
        ("127.0.0.1", ("127.0.0.1", 8000), "http://127.0.0.1:8000"),
        ("192.168.1.7", ("192.168.1.7", 8000), "http://192.168.1.7:8000"),
        # On every address, by the one of this machine to which the client came.
        ("0.0.0.0", ("192.168.1.7", 8000), "http://192.168.1.7:8000"),
        ("::", ("::ffff:192.168.1.7", 8000), "http://192.168.1.7:8000"),
        ("::", ("fd00::7", 8000), "http://[fd00::7]:8000"),
        ("0.0.0.0", None, "http://0.0.0.0:8000"),
    ],
)
def test_own_address_is_never_the_host_headers(
    host: str, met: tuple[str, int] | None, url: str
) -> None:
    scope = {"type": "http", "server": met, "headers": [(b"host", b"evil.example")]}
    assert own_url(Settings(host=host), scope) == url
    assert own_url(Settings(host=host, public_url=PUBLIC), scope) == PUBLIC


async def test_every_answer_of_every_address_has_nosniff_and_a_policy(server: Server) -> None:
    shop = await stock(server)
    seen = 0
    for headers in ({}, {"Authorization": f"Bearer {shop.key}"}):
        async with client(server, **headers, **PROXIED) as http:
            for address in every_address(server):
                for html in (False, True):
                    accept = {"Accept": "text/html" if html else "application/json"}
                    url = address.url(shop.known)
                    answer = await http.request(address.method, url, headers=accept)
                    assert answer.headers["x-content-type-options"] == "nosniff", address
                    policy = answer.headers["content-security-policy"]
                    is_page = answer.headers.get("content-type", "").startswith("text/html")
                    assert policy.startswith(
                        "default-src 'self'" if is_page else "default-src 'none'"
                    )
                    assert "strict-transport-security" not in answer.headers
                    if url.startswith("/api/"):
                        assert answer.headers["cache-control"] == "no-store", address
                    seen += 1
            for url in (
                "/no/such",
                "/api/v1/no",
                "/static/",
                "/static/lib/styles/tokens.css",
                "/%00",
            ):
                answer = await http.get(url)
                assert answer.headers["x-content-type-options"] == "nosniff", url
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], url
            big = await http.post("/api/v1/session", content=b"x" * (2 << 20))
            assert (big.status_code, big.headers["x-content-type-options"]) == (413, "nosniff")
    assert seen > 500


async def test_https_is_kept_to_by_name_alone(public: Server) -> None:
    async with client(public) as http:
        for path in ("/", "/api/v1/broadcasts", "/static/lib/styles/tokens.css", "/no/such"):
            answer = await http.get(path, headers={"Host": "live.farm.test"})
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
        for host in LOOPBACK:
            answer = await http.get("/", headers={"Host": host})
            assert "strict-transport-security" not in answer.headers
        cookies = (await http.get("/?lang=en", headers={"Host": "live.farm.test"})).headers
        names = {each.partition("=")[0] for each in cookies.get_list("set-cookie")}
        assert names == {"__Host-farmlive_device", "__Host-farmlive_language"}
