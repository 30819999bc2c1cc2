"""Clauses on HTTP: making and ending a session, methods, CORS, keys, links (RFC 9725, sections 4.1,
4.2, 4.5 to 4.9 and 5; draft-ietf-wish-whep-03, sections 4.1 to 4.3 and 4.6 to 5).
"""

import ipaddress
import re
from urllib.parse import urlsplit

from farmlive.conformance.clause import Registry
from farmlive.conformance.target import SDP, Target
from farmlive.conformance.verdict import NotApplicable, expect, response_words

CHECKS = Registry()
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_PREFLIGHT = {
    "Origin": "https://player.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@CHECKS.clause("MUST", "GET on the endpoint is empty", "2xx without a body", whip="4.1", whep="4.1")
async def get_endpoint(server: Target) -> None:
    """GET the endpoint."""
    response = await server.request("GET")
    expect(response.is_success, response_words(response))
    expect(not response.content, f"it answered {len(response.content)} bytes")


@CHECKS.clause("MUST", "GET on the session is empty", "2xx without a body", whip="4.1", whep="4.1")
async def get_session(server: Target) -> None:
    """GET the session."""
    made = await server.open_session()
    response = await server.request("GET", made.location)
    expect(response.is_success, response_words(response))
    expect(not response.content, f"it answered {len(response.content)} bytes")


@CHECKS.clause("MUST", "An offer makes a session", "201 Created", whip="4.2", whep="4.2.1")
async def created(server: Target) -> None:
    """POST an offer of one audio and one video section."""
    response = await server.post(server.offer())
    expect(response.status_code == 201, response_words(response))


@CHECKS.clause(
    "MUST", "The answer is SDP", "Content-Type: application/sdp", whip="4.2", whep="4.2.1"
)
async def answer_type(server: Target) -> None:
    """Look at the type and the body of the 201."""
    made = await server.sample()
    given = made.response.headers.get("content-type", "")
    expect(given.partition(";")[0].strip().lower() == SDP, f"Content-Type is {given!r}")
    expect(made.text.startswith("v=0"), "the body does not begin with v=0")


@CHECKS.clause(
    "MUST",
    "Location leads to a new session",
    "a Location of its own for each session",
    whip="4.2",
    whep="4.2.1",
)
async def location(server: Target) -> None:
    """Make two sessions one after the other and compare their addresses."""
    first = await server.open_session()
    await server.end(first)
    second = await server.open_session()
    expect(first.location != second.location, f"both are {first.location}")
    expect(server.url not in (first.location, second.location), "it is the endpoint's own")


@CHECKS.clause(
    "MUST",
    "An offer of another type is refused",
    "4xx for text/plain",
    whip="4.2",
    whep="4.2.4",
    rude=1,
)
async def wrong_type(server: Target) -> None:
    """POST the offer as text/plain, and without a type."""
    for given in ("text/plain", None):
        response = await server.post(server.offer(), content_type=given)
        expect(400 <= response.status_code < 500, f"as {given}: {response_words(response)}")


@CHECKS.clause("MUST", "Malformed SDP is refused", "4xx", whip="4.2", whep="4.2.4", rude=2)
async def malformed(server: Target) -> None:
    """POST what is no SDP, and SDP that is cut off in its head."""
    for body in ("hello", "", server.offer()[:40]):
        response = await server.post(body)
        expect(400 <= response.status_code < 500, f"to {body[:10]!r}: {response_words(response)}")


@CHECKS.clause(
    "MUST", "The answer only receives", "a=recvonly in each section, also to sendrecv", whip="4.2"
)
async def receives(server: Target) -> None:
    """POST an offer with a=sendonly, then one with a=sendrecv."""
    await _direction(server, "sendonly", "recvonly")


@CHECKS.clause(
    "MUST", "The answer only sends", "a=sendonly in each section, also to sendrecv", whep="4.2.5"
)
async def sends(server: Target) -> None:
    """POST an offer with a=recvonly, then one with a=sendrecv."""
    await _direction(server, "recvonly", "sendonly")


async def _direction(server: Target, offered: str, expected: str) -> None:
    for way in (offered, "sendrecv"):
        made = await server.open_session(
            lambda text, way=way: text.replace(f"a={offered}", f"a={way}")  # type: ignore[misc]
        )
        for media in made.answer.media:
            found = [
                name
                for name in ("sendrecv", "sendonly", "recvonly", "inactive")
                if made.answer.of(media, name)
            ]
            expect(found == [expected], f"to {way} the {media.kind} section is {found}")
        await server.end(made)


@CHECKS.clause(
    "MUST",
    "A counter-offer is SDP",
    "406 only with SDP and a Location, else another 4xx",
    whep="4.2.2",
    rude=1,
)
async def counter_offer(server: Target) -> None:
    """POST an offer with codecs that nobody sends."""
    text = server.offer().replace("VP8/", "VP1/").replace("H264/", "H219/")
    response = await server.post(text)
    if response.status_code == 201:
        raise NotApplicable("the server answers whatever codecs are offered")
    expect(400 <= response.status_code < 500, response_words(response))
    if response.status_code == 406:
        given = response.headers.get("content-type", "")
        expect(given.startswith(SDP), f"a 406 with Content-Type {given!r}")
        expect(response.headers.get("location"), "a 406 without a Location")


@CHECKS.clause(
    "MUST",
    "A player before the stream learns when to retry",
    "409 with Retry-After while nobody publishes, or a session all the same",
    whep="4.2.8",
)
async def nobody_publishes(server: Target) -> None:
    """POST an offer."""
    response = await server.post(server.offer())
    if response.status_code == 201:
        raise NotApplicable("somebody publishes")
    expect(response.status_code == 409, response_words(response))
    told = response.headers.get("retry-after", "")
    expect(told.isdecimal(), f"a 409 whose Retry-After is {told!r}")


@CHECKS.clause(
    "MUST", "DELETE ends the session", "200, and 404 from then on", whip="4.2", whep="4.3"
)
async def delete(server: Target) -> None:
    """DELETE the session, twice."""
    made = await server.open_session()
    response = await server.end(made)
    expect(response.status_code == 200, response_words(response))
    again = await server.request("DELETE", made.location)
    expect(again.status_code in (404, 410), f"the second time {response_words(again)}")


@CHECKS.clause(
    "SHOULD",
    "An unknown session is not found",
    "404 to DELETE and PATCH",
    both="RFC 9110 §15.5.5",
    rude=1,
)
async def unknown_session(server: Target) -> None:
    """DELETE and PATCH an address beside that of a session."""
    made = await server.open_session()
    beside = made.location[:-6] + "zzzzzz"
    for method in ("DELETE", "PATCH"):
        headers = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}
        response = await server.request(method, beside, headers=headers, content="a=mid:0\r\n")
        expect(response.status_code in (404, 410), f"{method}: {response_words(response)}")


@CHECKS.clause(
    "MUST",
    "Other sites' pages may send requests",
    "a CORS preflight is allowed: origin, POST, Authorization and Content-Type",
    whip="4.2",
    whep="4.3",
)
async def preflight(server: Target) -> None:
    """Ask as a browser does before a POST from another site."""
    response = await server.request("OPTIONS", headers=_PREFLIGHT, key=None)
    expect(response.is_success, response_words(response))
    origin = response.headers.get("access-control-allow-origin", "")
    expect(origin in ("*", _PREFLIGHT["Origin"]), f"Access-Control-Allow-Origin is {origin!r}")
    names = _words(response.headers.get("access-control-allow-headers", ""))
    for name in ("authorization", "content-type"):
        wild = "*" in names and name != "authorization"
        expect(name in names or wild, f"Access-Control-Allow-Headers has no {name}")


@CHECKS.clause(
    "SHOULD",
    "Other sites' pages may read what they need",
    "the 201 allows the origin and exposes Location, ETag and Link",
    whip="4.2",
    whep="4.3",
)
async def exposed(server: Target) -> None:
    """POST an offer as a page of another site."""
    headers = {"Content-Type": SDP, "Origin": _PREFLIGHT["Origin"]}
    made = await server.open_session()
    response = made.response
    if "access-control-allow-origin" not in response.headers:
        await server.end(made)
        response = await server.request("POST", headers=headers, content=server.offer())
        where = response.headers.get("location")
        if response.status_code == 201 and where:
            await server.request("DELETE", str(response.url.join(where)))
    origin = response.headers.get("access-control-allow-origin", "")
    expect(origin in ("*", _PREFLIGHT["Origin"]), f"Access-Control-Allow-Origin is {origin!r}")
    names = _words(response.headers.get("access-control-expose-headers", ""))
    missing = [name for name in ("location", "etag", "link") if name not in names]
    expect(not missing, f"Access-Control-Expose-Headers lacks {', '.join(missing)}")


@CHECKS.clause(
    "SHOULD",
    "OPTIONS returns the accepted types",
    "Accept-Post: application/sdp",
    whip="4.2",
    whep="4.3",
)
async def accept_post(server: Target) -> None:
    """OPTIONS on the endpoint."""
    response = await server.request("OPTIONS")
    given = response.headers.get("accept-post", "")
    expect(SDP in given, f"{response_words(response)}, Accept-Post is {given!r}")


@CHECKS.clause("MUST", "No POST is redirected by 301 or 302", "307 if any", whip="4.5", whep="4.6")
async def redirects(server: Target) -> None:
    """Look at the answers to all POSTs so far, and to one more."""
    await server.post(server.offer())
    wrong = sorted({status for status in server.posted if status in (301, 302, 303)})
    expect(not wrong, f"it answered {wrong}")


@CHECKS.clause(
    "MUST",
    "ICE servers are listed in Link headers",
    'stun: and turn: addresses with rel="ice-server", TURN with username and credential',
    whip="4.6",
    whep="4.7",
)
async def ice_servers(server: Target) -> None:
    """Look at the Link headers of the 201."""
    made = await server.sample()
    told = [
        (target, rest)
        for target, rest in parse_links(made.response.headers.get_list("link"))
        if 'rel="ice-server"' in rest or "rel=ice-server" in rest
    ]
    if not told:
        raise NotApplicable("it tells of no ICE servers")
    for target, rest in told:
        scheme = target.partition(":")[0]
        expect(scheme in ("stun", "stuns", "turn", "turns"), f"{target} is no STUN or TURN address")
        if scheme.startswith("turn"):
            for name in ("username", "credential"):
                expect(f"{name}=" in rest, f"{target} has no {name}")


@CHECKS.clause("SHOULD", "A preflight gets no ICE servers", "no Link", whip="4.6")
async def preflight_links(server: Target) -> None:
    """Ask as a browser does before a POST from another site."""
    response = await server.request("OPTIONS", headers=_PREFLIGHT, key=None)
    told = [rest for _, rest in parse_links(response.headers.get_list("link"))]
    expect(not any("ice-server" in rest for rest in told), "it tells of ICE servers")


@CHECKS.clause(
    "MUST",
    "A request without a key gets a challenge",
    "401 with WWW-Authenticate, where a key is required",
    whip="4.7",
    whep="4.8",
    rude=1,
)
async def no_key(server: Target) -> None:
    """POST an offer without a bearer token."""
    if server.key is None:
        raise NotApplicable("no key was given to the check")
    response = await server.post(server.offer(), key=None)
    if response.status_code == 201:
        raise NotApplicable("it asks for no key")
    expect(response.status_code == 401, response_words(response))
    expect("www-authenticate" in response.headers, "a 401 without WWW-Authenticate")


@CHECKS.clause(
    "MUST", "A wrong key makes no session", "401 or 403", whip="4.7.1", whep="4.8.1", rude=1
)
async def wrong_key(server: Target) -> None:
    """POST an offer with a bearer token that was made up."""
    if server.key is None:
        raise NotApplicable("no key was given to the check")
    response = await server.post(server.offer(), key="made-up-by-the-check")
    if response.status_code == 201:
        raise NotApplicable("it asks for no key")
    expect(response.status_code in (401, 403), response_words(response))


async def _extensions(server: Target, prefix: str) -> None:
    made = await server.sample()
    relations = []
    for target, rest in parse_links(made.response.headers.get_list("link")):
        found = re.search(r'rel="?([^";,]+)', rest)
        # One in an experimental namespace is the server's own, and no registered extension.
        if found and found[1].startswith("urn:") and not found[1].startswith("urn:x-"):
            relations.append((target, found[1]))
    if not relations:
        raise NotApplicable("it tells of no extensions")
    for target, relation in relations:
        expect(relation.startswith(prefix), f"{relation} does not begin with {prefix}")
        expect(target, f"{relation} has no address")


@CHECKS.clause(
    "MUST",
    "Extensions are named by registered URNs",
    "rel begins urn:ietf:params:whip:ext",
    whip="4.9",
)
async def whip_extensions(server: Target) -> None:
    """Look at the Link headers of the 201."""
    await _extensions(server, "urn:ietf:params:whip:ext")


@CHECKS.clause(
    "MUST",
    "Extensions are named by registered URNs",
    "rel begins urn:ietf:params:whep:ext",
    whep="4.9",
)
async def whep_extensions(server: Target) -> None:
    """Look at the Link headers of the 201."""
    await _extensions(server, "urn:ietf:params:whep:ext")


@CHECKS.clause("MUST", "The endpoint is reached by HTTPS", "https:", whip="5", whep="5")
async def https(server: Target) -> None:
    """Look at the address."""
    parts = urlsplit(server.url)
    host = parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
    if local:
        raise NotApplicable("it is this machine's own")
    expect(parts.scheme == "https", f"the address begins with {parts.scheme}:")


@CHECKS.clause(
    "SHOULD",
    "Nobody can guess the address of a session",
    "at least 64 random bits in its path",
    whip="5",
    whep="5",
)
async def unguessable(server: Target) -> None:
    """Make two sessions and compare the last parts of their addresses."""
    secrets_ = []
    for _ in range(2):
        made = await server.open_session()
        parts = urlsplit(made.location)
        secrets_.append(f"{parts.path}?{parts.query}")
        await server.end(made)
    differing = sum(a != b for a, b in zip(*secrets_, strict=False))
    # 64 bits are 16 hexadecimal digits or 11 of base64; of those some are equal by chance.
    expect(differing >= 9, f"{secrets_[0]} and {secrets_[1]} differ in {differing} places")


def parse_links(values: list[str]) -> list[tuple[str, str]]:
    """Return target and parameters of each link in Link headers (RFC 8288, section 3)."""
    return [(found[1], found[2]) for value in values for found in _LINK.finditer(value)]


def _words(value: str) -> list[str]:
    return [word.strip().lower() for word in value.split(",")]
