"""Each clause finds the fault that it is about: our server's answers, spoilt on their way."""

from collections.abc import Callable

import httpx
import pytest
from tests.conformance.shared_server import examined
from tests.media.support.media_server import Media

from farmlive.conformance.registry import CLAUSES, check_all, check_clause
from farmlive.conformance.table import conforms, summary
from farmlive.conformance.verdict import Kind

pytestmark = pytest.mark.asyncio(loop_scope="module")

Spoil = Callable[[httpx.Request, httpx.Response], httpx.Response]


class Spoiling(httpx.AsyncBaseTransport):
    """The network, with a fault in the answers."""

    def __init__(self, spoil: Spoil) -> None:
        self.spoil = spoil
        self.network = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.network.handle_async_request(request)
        body = await response.aread()
        await response.aclose()
        headers = [(k, v) for k, v in response.headers.multi_items() if k != "content-length"]
        plain = httpx.Response(response.status_code, headers=headers, content=body)
        return self.spoil(request, plain)

    async def aclose(self) -> None:
        await self.network.aclose()


def answered(method: str, status: int, to: int) -> Spoil:
    """Another status where this method was answered with this one."""

    def spoil(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.method == method and response.status_code == status:
            response.status_code = to
        return response

    return spoil


def header(status: int, name: str, value: str | None) -> Spoil:
    """Another value of a header, or none, in answers of this status."""

    def spoil(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if response.status_code == status:
            response.headers.pop(name, None)
            if value is not None:
                response.headers[name] = value
        return response

    return spoil


def text(status: int, old: str, new: str, times: int = -1) -> Spoil:
    """Other words in bodies of this status."""

    def spoil(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if response.status_code != status:
            return response
        body = response.text.replace(old, new, times)
        return httpx.Response(status, headers=response.headers, content=body.encode())

    return spoil


def filled(method: str, path_ends: int) -> Spoil:
    """A body where there should be none; `path_ends` counts the parts of the path."""

    def spoil(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.method == method and request.url.path.count("/") == path_ends:
            return httpx.Response(200, content=b"hello")
        return response

    return spoil


def after_video(line: str) -> Spoil:
    return text(201, "m=video", f"{line}\r\nm=video", 1)


def once_more(line: str) -> Spoil:
    """A line at the end of the last section."""

    def spoil(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if response.status_code != 201:
            return response
        content = f"{response.text}{line}\r\n".encode()
        return httpx.Response(201, headers=response.headers, content=content)

    return spoil


FAULTS: list[tuple[Kind, str, Spoil]] = [
    ("whip", "RFC 9725 §4.1-1", filled("GET", 2)),
    ("whip", "RFC 9725 §4.1-2", filled("GET", 3)),
    ("whip", "RFC 9725 §4.2-1", answered("POST", 201, 200)),
    ("whip", "RFC 9725 §4.2-2", header(201, "content-type", "text/plain")),
    ("whip", "RFC 9725 §4.2-3", header(201, "location", None)),
    ("whip", "RFC 9725 §4.2-4", answered("POST", 415, 500)),
    ("whip", "RFC 9725 §4.2-5", answered("POST", 400, 500)),
    ("whip", "RFC 9725 §4.2-6", text(201, "a=recvonly", "a=sendrecv")),
    ("whip", "RFC 9725 §4.2-7", answered("DELETE", 404, 200)),
    ("whip", "RFC 9725 §4.2-8", header(200, "access-control-allow-origin", None)),
    ("whip", "RFC 9725 §4.2-9", header(201, "access-control-expose-headers", "ETag")),
    ("whip", "RFC 9725 §4.2-10", header(200, "accept-post", None)),
    ("whip", "RFC 9725 §4.3.1-1", answered("PATCH", 415, 204)),
    ("whip", "RFC 9725 §4.3.1-2", answered("PATCH", 400, 204)),
    ("whip", "RFC 9725 §4.3.1-3", answered("PATCH", 200, 405)),
    ("whip", "RFC 9725 §4.3.1-4", header(201, "etag", None)),
    ("whip", "RFC 9725 §4.3.1-4", header(201, "etag", 'W/"weak"')),
    ("whip", "RFC 9725 §4.3.1-4", header(201, "etag", '"one"')),
    ("whip", "RFC 9725 §4.3.1-5", answered("DELETE", 200, 412)),
    ("whip", "RFC 9725 §4.3.1-6", answered("PATCH", 428, 400)),
    ("whip", "RFC 9725 §4.3.1-7", answered("PATCH", 412, 204)),
    ("whip", "RFC 9725 §4.3.2-1", text(201, "a=candidate", "a=x")),
    ("whip", "RFC 9725 §4.3.2-2", answered("PATCH", 204, 200)),
    ("whip", "RFC 9725 §4.3.2-2", header(204, "etag", '"new"')),
    ("whip", "RFC 9725 §4.3.2-3", answered("PATCH", 204, 400)),
    ("whip", "RFC 9725 §4.3.2-4", answered("PATCH", 204, 200)),
    ("whip", "RFC 9725 §4.3.3-1", text(200, "a=ice-pwd", "a=x")),
    ("whip", "RFC 9725 §4.3.3-2", header(200, "etag", None)),
    ("whip", "RFC 9725 §4.3.3-2", answered("PATCH", 412, 204)),
    ("whip", "RFC 9725 §4.3.3-3", text(200, "a=ice-lite\r\n", "")),
    ("whip", "RFC 9725 §4.3.3-4", answered("PATCH", 200, 204)),
    ("whip", "RFC 9725 §4.3.3-5", text(200, "a=ice-pwd:", "a=ice-pwd:0")),
    ("whip", "RFC 9725 §4.3.3-6", answered("PATCH", 400, 204)),
    ("whip", "RFC 9725 §4.4.1-1", text(201, "BUNDLE 0 1", "BUNDLE 0")),
    ("whip", "RFC 9725 §4.4.1-2", text(201, "a=rtcp-mux-only\r\n", "", 1)),
    ("whip", "RFC 9725 §4.4.2-1", answered("POST", 422, 409)),
    ("whip", "RFC 9725 §4.4.3-1", answered("POST", 422, 406)),
    ("whip", "RFC 9725 §4.4.4-1", text(201, "setup:passive", "setup:active")),
    ("whip", "RFC 9725 §4.5-1", answered("POST", 201, 302)),
    ("whip", "RFC 9725 §4.6-1", header(201, "link", '<http://a>; rel="ice-server"')),
    ("whip", "RFC 9725 §4.6-1", header(201, "link", '<turn:a>; rel="ice-server"')),
    ("whip", "RFC 9725 §4.6-2", header(200, "link", '<stun:a>; rel="ice-server"')),
    ("whip", "RFC 9725 §4.7-1", header(401, "www-authenticate", None)),
    ("whip", "RFC 9725 §4.7.1-1", answered("POST", 401, 404)),
    ("whip", "RFC 9725 §4.8-1", text(201, "a=simulcast:recv", "a=simulcast:send")),
    ("whip", "RFC 9725 §4.8-1", text(201, "a=rid:h recv\r\n", "")),
    ("whip", "RFC 9725 §4.9-1", header(201, "link", '</a>; rel="urn:example:a"')),
    ("whip", "RFC 9725 §5-2", header(201, "location", "/whip/1/1")),
    ("whip", "RFC 8122 §6.2-1", text(201, "a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:")),
    ("whip", "RFC 8285 §6-1", text(201, "a=extmap:4 ", "a=extmap:5 ")),
    ("whip", "RFC 8445 §5.3-1", once_more("a=ice-pwd:always-the-same-password")),
    ("whip", "RFC 8839 §5.1-1", text(201, " typ host", "")),
    ("whip", "RFC 8839 §5.3-1", after_video("a=ice-lite")),
    ("whip", "RFC 8839 §5.4-1", once_more("a=ice-pwd:short")),
    ("whip", "RFC 8842 §5.3-1", text(201, "setup:passive", "setup:actpass")),
    ("whip", "RFC 8853 §5.5-1", text(201, "sdes:rtp-stream-id", "sdes:other")),
    ("whip", "RFC 9110 §15.5.5-1", answered("PATCH", 404, 204)),
    ("whip", "RFC 9143 §7.1.3-1", once_more("a=setup:passive")),
    ("whip", "RFC 9143 §9.1-1", text(201, "sdes:mid", "sdes:other")),
    ("whip", "RFC 9143 §9.3.1.2-1", once_more("a=rtcp:9 IN IP4 0.0.0.0")),
    ("whip", "RFC 9429 §5.3.1-1", text(201, "a=mid:1", "a=mid:2")),
    ("whip", "RFC 9429 §5.3.1-1", text(201, "m=audio", "m=video")),
    ("whip", "RFC 9429 §5.3.1-2", once_more("a=bundle-only")),
    ("whip", "RFC 9429 §5.3.1-3", once_more("a=ice-options:trickle")),
    ("whip", "RFC 9429 §5.3.1-4", text(201, "opus/48000", "opus/44100")),
    ("whip", "RFC 9429 §5.3.1-4", text(201, "apt=", "apt=1")),
    ("whip", "RFC 9429 §5.3.1-5", once_more("a=rtcp-fb:102 nack sli")),
    ("whep", "WHEP-03 §4.2.2-1", answered("POST", 422, 406)),
    ("whep", "WHEP-03 §4.2.5-1", text(201, "a=sendonly", "a=sendrecv", 1)),
    ("whep", "WHEP-03 §4.2.8-1", answered("POST", 201, 404)),
    ("whep", "WHEP-03 §4.2.8-1", answered("POST", 201, 409)),
    ("whep", "WHEP-03 §4.5.2-1", text(201, "a=msid:farmlive", "a=msid:other", 1)),
    ("whep", "WHEP-03 §4.2.1-4", text(201, "a=ssrc:", "a=ssrc:1")),
    ("whep", "WHEP-03 §4.2.1-4", text(201, "UDP/TLS/RTP/SAVPF 96", "UDP/TLS/RTP/SAVPF 95")),
]
# These can't be spoilt over HTTP: what is sent by UDP breaks them.
BY_UDP = {"RFC 9725 §4.2-11", "RFC 3550 §6.4-1"}


@pytest.mark.parametrize(
    ("kind", "name", "spoil"),
    FAULTS,
    ids=[f"{name}:{at}" for at, (_, name, _) in enumerate(FAULTS)],
)
async def test_a_fault_is_found(relayed: Media, kind: Kind, name: str, spoil: Spoil) -> None:
    clause = next(each for each in CLAUSES[kind] if each.id == name)
    async with httpx.AsyncClient(transport=Spoiling(spoil)) as http:
        result = await check_clause(clause, examined(relayed, kind, http))
    assert result.verdict == "fail", result.reason
    assert result.reason


async def test_a_clause_for_which_no_session_is_made_is_untried(relayed: Media) -> None:
    clause = next(each for each in CLAUSES["whip"] if each.id == "RFC 9725 §4.1-2")
    async with httpx.AsyncClient(transport=Spoiling(answered("POST", 201, 403))) as http:
        result = await check_clause(clause, examined(relayed, "whip", http))
    assert (result.verdict, conforms([result])) == ("untried", False)
    assert "403" in result.reason
    assert "1 could not be tried" in summary([result])


async def test_trials_that_are_rude_come_last_and_are_listed_in_their_place(
    relayed: Media,
) -> None:
    names = [clause.id for clause in CLAUSES["whip"]]
    assert names.index("RFC 9725 §4.2-5") < names.index("RFC 9725 §4.2-6")
    async with httpx.AsyncClient() as http:
        order = [r.clause async for r in check_all(examined(relayed, "whip", http))]
    assert [clause.rude for clause in order] == sorted(clause.rude for clause in order)
    assert order[-1].id == "RFC 9725 §4.2-5"
    assert [clause.id for clause in sorted(order, key=lambda clause: clause.sort_key)] == names


async def test_each_clause_has_a_fault_that_breaks_it() -> None:
    tried_by = {name for _, name, _ in FAULTS} | BY_UDP | {"RFC 9725 §5-1"}
    assert {clause.id for clause in CLAUSES["whip"]} <= tried_by
