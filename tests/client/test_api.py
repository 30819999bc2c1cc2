import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from farmlive.client import Api, ApiProblem


def api(handler: Callable[[httpx.Request], httpx.Response], key: str | None = None) -> Api:
    return Api("http://farm.test/", key=key, transport=httpx.MockTransport(handler))


async def test_sign_in_keeps_cookie_and_csrf_token() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/api/v1/session":
            body = {"name": "lin", "role": "coordinator", "csrf": "c5rf"}
            return httpx.Response(200, json=body, headers={"Set-Cookie": "farmlive_session=s1"})
        return httpx.Response(201, json={"id": "B"})

    async with api(answer) as client:
        assert (await client.sign_in("lin", "secret"))["role"] == "coordinator"
        await client.create_broadcast({"zh": "金桔", "en": "Kumquats"})
        assert client.cookie == "farmlive_session=s1"
    assert seen[1].headers["X-CSRF-Token"] == "c5rf"
    assert seen[1].headers["Cookie"] == "farmlive_session=s1"


async def test_api_key_is_sent_as_bearer() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer k1"
        return httpx.Response(200, json={"broadcasts": [{"id": "B"}], "next": None})

    async with api(answer, key="k1") as client:
        assert await client.broadcasts() == [{"id": "B"}]


async def test_order_carries_its_key_in_the_header() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Idempotency-Key"] == "k" * 16
        assert json.loads(request.content) == {"lines": []}
        return httpx.Response(201, json={"number": "A0001"})

    async with api(answer) as client:
        assert await client.commands("B").order("k" * 16, {"lines": []}) == {"number": "A0001"}


async def test_problem_becomes_exception_with_body_and_retry_after() -> None:
    problem = {"type": "/problems/sold-out", "title": "Sold out", "status": 409, "offers": []}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            409,
            content=json.dumps(problem),
            headers={"Content-Type": "application/problem+json", "Retry-After": "3"},
        )

    async with api(answer) as client:
        with pytest.raises(ApiProblem) as caught:
            await client.review("B")
    assert caught.value.body == problem
    assert (caught.value.status, caught.value.slug, caught.value.retry_after) == (
        409,
        "sold-out",
        3.0,
    )


async def test_error_without_problem_body_is_a_problem_too() -> None:
    async with api(lambda request: httpx.Response(502, text="bad gateway")) as client:
        with pytest.raises(ApiProblem) as caught:
            await client.farms()
    assert caught.value.body["detail"] == "bad gateway"


async def test_origin_returns_where_the_digital_link_leads() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/01/09520000000010/10/1123"
        return httpx.Response(307, headers={"Location": "/origin/lot/L"})

    async with api(answer) as client:
        assert await client.origin("09520000000010", "1123") == "/origin/lot/L"


async def test_origin_refuses_another_redirect() -> None:
    async with api(lambda r: httpx.Response(302, headers={"Location": "/"})) as client:
        with pytest.raises(ApiProblem):
            await client.origin("09520000000010", "1123")


async def test_orders_are_read_page_by_page() -> None:
    one, two, three = {"id": "1"}, {"id": "2"}, {"id": "3"}
    pages = {"": {"orders": [one, two], "next": "2"}, "2": {"orders": [three], "next": None}}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=pages[request.url.params.get("cursor", "")])

    async with api(answer, key="k") as client:
        assert await client.orders("B") == [one, two, three]


async def test_an_id_that_is_none_leads_to_no_other_path() -> None:
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(200, json={})

    async with api(answer) as client:
        await client.commands("B").open_card("X/../../orders?y=#z")
    assert paths == [b"/api/v1/broadcasts/B/offers/X%2F..%2F..%2Forders%3Fy%3D%23z/taps"]


async def test_a_repeat_waits_as_long_as_the_server_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    answers = iter([503, 503, 201])
    sleep = asyncio.sleep

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        await sleep(0)

    def answer(request: httpx.Request) -> httpx.Response:
        status = next(answers)
        headers = {"Retry-After": "3"} if len(rests) else {}
        return httpx.Response(status, json={"title": "Busy", "status": status}, headers=headers)

    monkeypatch.setattr(asyncio, "sleep", rest)
    async with api(answer) as client:
        await client.commands("B").release("O", 5)
    assert 0 < rests[0] <= 0.2
    assert rests[1] == 3
