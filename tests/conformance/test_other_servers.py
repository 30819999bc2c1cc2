"""The clauses against servers that are not ours: endpoints of aiortc, with full ICE, that do little
of what they should.
"""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx
import pytest
from tests.support.aiortc_endpoint import Endpoint

from farmlive.conformance import whep_check, whip_check
from farmlive.conformance.clause import Result
from farmlive.conformance.table import as_json, conforms, table
from farmlive.conformance.whip_check import CannotBegin


class Checker(Protocol):
    """Either command's check."""

    def __call__(
        self,
        url: str,
        key: str | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> AsyncIterator[Result]: ...


class Little(httpx.AsyncBaseTransport):
    """POST and DELETE as the endpoint does them, and no other method."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if request.method not in ("POST", "DELETE"):
            return httpx.Response(405)
        if request.method == "POST" and not request.content.startswith(b"v=0"):
            return httpx.Response(400)
        try:
            return await self.endpoint.answer(request)
        except Exception as error:  # it has no errors of its own
            return httpx.Response(500, text=str(error))


async def outcomes(
    check: Checker, endpoint: Endpoint, url: str
) -> tuple[dict[str, str], list[Result]]:
    results = [result async for result in check(url, "key", transport=Little(endpoint))]
    # It keeps those whose offer it could not answer.
    made = [peer for peer in endpoint.peers.values() if peer.localDescription]
    assert made == [], "every session that was made is deleted"
    return {each.clause.id: each.verdict for each in results}, results


async def test_another_whip_server_is_told_what_it_keeps_and_what_not(endpoint: Endpoint) -> None:
    found, results = await outcomes(whip_check.check, endpoint, "https://farm.test/whip/B")
    for name in (
        "RFC 9725 §4.2-1",
        "RFC 9725 §4.2-2",
        "RFC 9725 §4.2-11",
        "RFC 9725 §4.3.2-1",
        "RFC 9725 §5-1",
        "RFC 8122 §6.2-1",
        "RFC 9429 §5.3.1-1",
        "RFC 9429 §5.3.1-4",
    ):
        assert found[name] == "pass", name
    for name in ("RFC 9725 §4.1-1", "RFC 9725 §4.2-8", "RFC 9725 §4.4.1-2", "RFC 9143 §7.1.3-1"):
        assert found[name] == "fail", name
    # It takes no PATCH, is a full ICE agent, knows no keys and no simulcast.
    for name in ("RFC 9725 §4.3.3-1", "RFC 8839 §5.3-1", "RFC 9725 §4.7-1", "RFC 9725 §4.8-1"):
        assert found[name] == "n/a", name
    assert not conforms(results)
    assert table(results, "a title")
    told = as_json(results, "https://farm.test/whip/B")
    assert {each["outcome"] for each in told["clauses"]} == {"pass", "fail", "n/a"}


async def test_another_whep_server_plays(endpoint: Endpoint) -> None:
    found, _ = await outcomes(whep_check.check, endpoint, "https://farm.test/whep/B")
    for name in ("WHEP-03 §4.2.1-1", "WHEP-03 §4.2.1-4", "WHEP-03 §4.3-5", "RFC 8122 §6.2-1"):
        assert found[name] == "pass", name
    assert found["WHEP-03 §4.4.1-3"] == "n/a"


@pytest.mark.parametrize(
    ("status", "words"), [(401, "--key"), (409, "Begin a stream"), (502, "no endpoint")]
)
async def test_what_keeps_a_check_from_beginning_is_said(status: int, words: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    trials = whep_check.check("https://farm.test/whep/B", transport=transport)
    with pytest.raises(CannotBegin, match=words):
        await anext(trials)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize(
    ("check", "kind"), [(whip_check.check, "WHIP"), (whep_check.check, "WHEP")]
)
async def test_a_page_that_answers_everything_is_no_endpoint(
    check: Checker, kind: str, status: int
) -> None:
    answer = httpx.Response(status, html="" if status == 204 else "<p>Welcome</p>")
    asked: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    transport = httpx.MockTransport(answers)
    trials = check("https://farm.test/", transport=transport)
    with pytest.raises(CannotBegin, match=f"no {kind} endpoint: it answered {status} .* SDP"):
        await anext(trials)
    assert len(asked) == 1


async def test_a_redirection_that_no_offer_follows_is_named() -> None:
    headers = {"Location": "https://www.farm.test/whip"}
    transport = httpx.MockTransport(lambda _: httpx.Response(301, headers=headers))
    trials = whip_check.check("http://farm.test/whip", transport=transport)
    with pytest.raises(CannotBegin, match=r"301 Moved Permanently and names https://www\.farm"):
        await anext(trials)


async def test_what_a_server_says_ends_in_one_full_stop() -> None:
    answer = httpx.Response(405, json={"detail": "This address takes GET."})
    trials = whip_check.check("https://farm.test/", transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(CannotBegin, match=r"\(This address takes GET\)\. Give"):
        await anext(trials)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ReadTimeout(""), "nothing came in time"),
        (httpx.ConnectTimeout(""), "no connection was made in time"),
        (httpx.ReadError(""), "ReadError"),
        (httpx.RemoteProtocolError("It went away without a response."), "without a response"),
    ],
)
async def test_why_nothing_was_answered_is_said(error: httpx.TransportError, words: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    trials = whip_check.check("https://farm.test/", transport=httpx.MockTransport(answer))
    with pytest.raises(CannotBegin, match=rf"does not answer: .*{words}\. Is the server"):
        await anext(trials)


async def test_a_server_that_makes_offers_of_its_own_is_left_clean() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        if request.method == "DELETE":
            return httpx.Response(200)
        headers = {"Content-Type": "application/sdp", "Location": "/session/1"}
        return httpx.Response(406, text="v=0", headers=headers)

    trials = whep_check.check("https://farm.test/whep", transport=httpx.MockTransport(answer))
    with pytest.raises(CannotBegin, match="offer of its own"):
        await anext(trials)
    assert asked == [("POST", "/whep"), ("DELETE", "/session/1")]
