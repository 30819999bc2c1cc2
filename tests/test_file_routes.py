"""Pictures over HTTP: who may send one, how much, and how it is read again."""

import asyncio
import io
import random
import resource

import httpx
import pytest
from PIL import Image
from tests.support.waiting import LONG_S

from farmlive.clock import DAY_MS, now_ms, pretended
from farmlive.server import Server, running
from farmlive.settings import Settings


def picture(edge: int = 64) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((edge, edge), 90).save(written, "PNG")
    return written.getvalue()


def noise(seed: int) -> bytes:
    """A picture of its own that takes a tenth of a MiB or more."""
    written = io.BytesIO()
    Image.frombytes("RGB", (400, 400), random.Random(seed).randbytes(480_000)).save(written, "PNG")
    return written.getvalue()


def resident_mib() -> int:
    """The most memory that this process had so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


async def test_a_picture_is_sent_and_read_again(server: Server, coordinator: str) -> None:
    headers = {"Authorization": f"Bearer {coordinator}", "Content-Type": "image/png"}
    async with httpx.AsyncClient(base_url=server.url) as client:
        sent = await client.post("/api/v1/pictures", content=picture(), headers=headers)
        assert sent.status_code == 201
        assert (sent.json()["width"], sent.json()["height"]) == (64, 64)
        for method in ("GET", "HEAD"):
            answer = await client.request(method, sent.json()["picture"])
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "image/webp"
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in answer.headers["content-security-policy"]
            name = sent.json()["picture"].rpartition("/")[2]
            assert answer.headers["content-disposition"] == f'inline; filename="{name}"'
        missing = await client.get("/files/" + "0" * 64 + ".webp")
        assert missing.status_code == 404
        assert missing.json()["type"] == "/problems/not-found"


async def test_a_viewer_sends_no_picture(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.post("/api/v1/pictures", content=picture())
        assert answer.status_code == 401


async def test_what_is_no_picture_is_told(server: Server, coordinator: str) -> None:
    headers = {"Authorization": f"Bearer {coordinator}"}
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.post("/api/v1/pictures", content=b"<svg/>", headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-a-picture")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_picture_has_a_limit_of_its_own(
    settings: Settings, tables: None, announced: bool
) -> None:
    few = settings.model_copy(update={"max_body_kib": 16, "max_upload_mib": 1})
    async with running(few) as server, httpx.AsyncClient(base_url=server.url) as client:
        _, key = await server.house.people.create_api_key("test", "coordinator")
        headers = {"Authorization": f"Bearer {key}"}

        async def chunks(data: bytes) -> object:
            yield data

        async def send(data: bytes) -> httpx.Response:
            content = data if announced else chunks(data)
            return await client.post("/api/v1/pictures", content=content, headers=headers)  # type: ignore[arg-type]

        assert (await send(picture(400))).status_code == 201
        over = await send(picture(1200))
        assert (over.status_code, over.json()["type"]) == (413, "/problems/too-large")
        assert "1048576 bytes" in over.json()["detail"]


async def test_a_photo_of_a_claim_has_the_limit_of_pictures(
    settings: Settings, tables: None
) -> None:
    few = settings.model_copy(update={"max_body_kib": 16, "max_upload_mib": 1})
    async with running(few) as server, httpx.AsyncClient(base_url=server.url) as client:
        for edge, problem in ((400, "unknown-order"), (1200, "too-large")):
            answer = await client.post("/api/v1/orders/x/claims/photos", content=picture(edge))
            assert answer.json()["type"] == f"/problems/{problem}"


async def test_a_photo_for_no_order_is_refused_before_it_comes(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = "POST /api/v1/orders/x/claims/photos HTTP/1.1\r\nHost: farm.test\r\n"
    writer.write(f"{head}Content-Length: 1000000\r\n\r\nonly the first bytes".encode())
    try:
        async with asyncio.timeout(LONG_S):
            assert (await reader.readline()).split()[1] == b"404"
    finally:
        writer.close()


async def test_an_account_sends_so_much_a_day(
    settings: Settings, tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = settings.model_copy(update={"upload_mib_per_day": 1})
    async with running(few) as server, httpx.AsyncClient(base_url=server.url) as client:
        _, key = await server.house.people.create_api_key("test", "coordinator")
        _, other = await server.house.people.create_api_key("other", "coordinator")

        async def send(seed: int, key: str = key) -> httpx.Response:
            headers = {"Authorization": f"Bearer {key}"}
            return await client.post("/api/v1/pictures", content=noise(seed), headers=headers)

        seed = 0
        while (answer := await send(seed)).status_code == 201:
            seed += 1
            assert seed < 20
        assert (answer.status_code, answer.json()["type"]) == (429, "/problems/upload-quota")
        assert "FARMLIVE_UPLOAD_MIB_PER_DAY" in answer.json()["detail"]
        assert (await send(0, other)).status_code == 201
        with pretended(now_ms() + DAY_MS):
            assert (await send(seed)).status_code == 201


async def test_four_large_pictures_at_once_add_little_to_the_servers_memory(
    server: Server, coordinator: str
) -> None:
    headers = {"Authorization": f"Bearer {coordinator}"}
    large = Image.new("RGB", (4800, 4800))
    written = io.BytesIO()
    large.save(written, "PNG")
    before = resident_mib()
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        answers = await asyncio.gather(
            *(
                client.post("/api/v1/pictures", content=written.getvalue(), headers=headers)
                for _ in range(4)
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert resident_mib() - before < 20  # one decoded takes 92
