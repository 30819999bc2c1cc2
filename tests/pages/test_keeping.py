"""The code that leads a phone to a page of this server."""

import httpx
import pytest


async def test_address_becomes_a_code(host: httpx.AsyncClient) -> None:
    answer = await host.post("/studio/qr", json={"path": "/invitation/token"})
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith("<?xml")
    assert "<path" in answer.text


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example", "/a b", ""])
async def test_other_addresses_become_none(path: str, host: httpx.AsyncClient) -> None:
    assert (await host.post("/studio/qr", json={"path": path})).status_code == 422


async def test_code_is_for_staff(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.post("/studio/qr", json={"path": "/x"})).status_code == 303
