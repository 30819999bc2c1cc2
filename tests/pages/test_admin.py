"""The code that leads a phone to a page of this server."""

import httpx
import pytest
from tests.pages.page_text import words

from farmlive.pages.rendering.languages import LANGUAGES


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


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_erasing_means_is_said_to_staff(language: str, host: httpx.AsyncClient) -> None:
    page = await host.get("/studio/people/buyers", params={"lang": language})
    assert page.status_code == 200
    said = words(page)
    assert {"en": "ask the server's operator", "zh": "请向服务器管理员问清"}[language] in said
    assert {"en": "Ask us", "zh": "请向我们询问"}[language] not in said
    assert {"en": "you wrote to us", "zh": "我们也无法"}[language] not in said
