"""Clauses on trickle ICE and ICE restart by PATCH (RFC 9725, section 4.3; draft-ietf-wish-whep-03,
section 4.4; RFC 8840), with a media connection where one shows what happened.
"""

from farmlive.client.media.rtp_peer import RtpPeer
from farmlive.client.media.sdp import Ice
from farmlive.conformance import description
from farmlive.conformance.clause import Registry
from farmlive.conformance.description import Description
from farmlive.conformance.target import (
    FRAGMENT,
    OpenedSession,
    Target,
    fragment,
    fresh_credentials,
    trickle_fragment,
)
from farmlive.conformance.verdict import Broken, NotApplicable, expect, response_words

CHECKS = Registry()
_CANDIDATE = "a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host"


async def _require_patch(server: Target, made: OpenedSession) -> None:
    """Raise NotApplicable if the session supports neither trickle ICE nor restarts."""
    response = await server.patch(
        made, trickle_fragment(made, _CANDIDATE), if_match=made.etag or "*"
    )
    if response.status_code in (404, 405, 501):
        raise NotApplicable(f"it takes no PATCH ({response.status_code})")


async def _restart(server: Target, made: OpenedSession, if_match: str = "*") -> Description:
    """Restart ICE and return the fragment of the answer. Raises NotApplicable if restarts are not
    supported.
    """
    ufrag, password = fresh_credentials()
    response = await server.patch(made, fragment(made, ufrag, password), if_match=if_match)
    if response.status_code in (404, 405, 422, 501):
        raise NotApplicable(f"it does not restart ICE ({response.status_code})")
    expect(response.status_code == 200, response_words(response))
    given = response.headers.get("content-type", "")
    expect(given.startswith(FRAGMENT), f"Content-Type is {given!r}")
    made.response.headers["etag"] = response.headers.get("etag", "")
    try:
        return description.parse(response.text)
    except ValueError as error:
        raise Broken(f"the fragment can't be read: {error}") from None


@CHECKS.clause(
    "MUST",
    "A PATCH of another type is refused",
    "4xx for text/plain",
    whip="4.3.1",
    whep="4.4.1",
    rude=1,
)
async def patch_type(server: Target) -> None:
    """PATCH the session with a fragment as text/plain."""
    made = await server.open_session()
    response = await server.patch(
        made,
        trickle_fragment(made, _CANDIDATE),
        if_match=made.etag or "*",
        content_type="text/plain",
    )
    expect(400 <= response.status_code < 500, response_words(response))


@CHECKS.clause("MUST", "A malformed fragment is refused", "4xx", whip="4.3.1", whep="4.4.1", rude=1)
async def patch_malformed(server: Target) -> None:
    """PATCH the session with what is no fragment."""
    made = await server.open_session()
    response = await server.patch(made, "hello\r\nworld\r\n", if_match=made.etag or "*")
    expect(400 <= response.status_code < 500, response_words(response))


@CHECKS.clause(
    "MUST",
    "Partial ICE support is answered with 422",
    "422 for restarts where only trickle ICE is supported, and the other way round",
    whip="4.3.1",
    whep="4.4.1",
)
async def half_supported(server: Target) -> None:
    """Trickle a candidate, restart ICE, and compare the answers."""
    made = await server.open_session()
    trickle = await server.patch(
        made, trickle_fragment(made, _CANDIDATE), if_match=made.etag or "*"
    )
    restart = await server.patch(made, fragment(made, *fresh_credentials()), if_match="*")
    if trickle.is_success == restart.is_success:
        raise NotApplicable("it supports both" if trickle.is_success else "it supports neither")
    refused = restart if trickle.is_success else trickle
    expect(refused.status_code == 422, response_words(refused))


@CHECKS.clause(
    "MUST",
    "The ICE session has an entity tag",
    "a strong ETag in the 201, another one for each session",
    whip="4.3.1",
    whep="4.4.1",
)
async def entity_tag(server: Target) -> None:
    """Make two sessions and compare their tags; restart ICE to see whether tags are due."""
    first = await server.open_session()
    tag = first.etag
    if not tag:
        await _restart(server, first)
        raise Broken("the 201 has no ETag, though ICE can be restarted")
    await server.end(first)
    second = await server.open_session()
    expect(tag.startswith('"') and tag.endswith('"'), f"ETag {tag} is not a strong one")
    expect(tag != second.etag, f"two sessions have the tag {tag}")


@CHECKS.clause(
    "MUST", "DELETE ignores entity tags", "200 whatever If-Match says", whip="4.3.1", whep="4.4.1"
)
async def delete_with_tag(server: Target) -> None:
    """DELETE the session with the tag of another one in If-Match."""
    made = await server.open_session()
    response = await server.end(made, headers={"If-Match": '"of-another-session"'})
    expect(response.is_success, response_words(response))


@CHECKS.clause("MUST", "A PATCH must name its ICE session", "428", whip="4.3.1", whep="4.4.1")
async def no_tag(server: Target) -> None:
    """PATCH the session without If-Match."""
    made = await server.open_session()
    await _require_patch(server, made)
    if not made.etag:
        raise NotApplicable("it has no entity tags")
    response = await server.patch(made, trickle_fragment(made, _CANDIDATE))
    expect(response.status_code == 428, response_words(response))


@CHECKS.clause("MUST", "A PATCH for another ICE session fails", "412", whip="4.3.1", whep="4.4.1")
async def stale_tag(server: Target) -> None:
    """PATCH the session with a tag that was never given."""
    made = await server.open_session()
    await _require_patch(server, made)
    if not made.etag:
        raise NotApplicable("it has no entity tags")
    body = trickle_fragment(made, _CANDIDATE)
    response = await server.patch(made, body, if_match='"never-given"')
    expect(response.status_code == 412, response_words(response))


@CHECKS.clause(
    "MUST",
    "The answer lists the server's candidates",
    "at least one a=candidate",
    whip="4.3.2",
    whep="4.4.2",
)
async def candidates(server: Target) -> None:
    """Look at the answer."""
    made = await server.sample()
    expect(made.answer.everywhere("candidate"), "the answer has no candidate")


@CHECKS.clause(
    "MUST",
    "A candidate is accepted without an answer body",
    "204 without a body and without an ETag",
    whip="4.3.2",
    whep="4.4.2",
)
async def trickle(server: Target) -> None:
    """PATCH the session with a candidate and the end of candidates."""
    made = await server.open_session()
    await _trickles(server, made, _CANDIDATE, "a=end-of-candidates")


@CHECKS.clause(
    "MUST",
    "A useless candidate is ignored without an error",
    "204 for an unknown transport and for a name that does not resolve",
    whip="4.3.2",
    whep="4.4.2",
)
async def useless_candidates(server: Target) -> None:
    """PATCH the session with such candidates and a good one."""
    made = await server.open_session()
    await _trickles(
        server,
        made,
        "a=candidate:1 1 sctp 2130706431 192.0.2.1 9 typ host",
        "a=candidate:2 1 udp 2130706431 gone.invalid 50000 typ host",
        "a=candidate:3 1 udp 2130706431 3ef81cd4-0b1f-4b2c-9f46-f6d7a2b1c0de.local 9 typ host",
        "a=candidate:4 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
        _CANDIDATE,
    )


async def _trickles(server: Target, made: OpenedSession, *lines: str) -> None:
    response = await server.patch(made, trickle_fragment(made, *lines), if_match=made.etag or "*")
    if response.status_code in (404, 405, 422, 501):
        raise NotApplicable(f"it does not trickle ICE ({response.status_code})")
    expect(response.status_code == 204, response_words(response))
    expect(not response.content, f"a 204 with {len(response.content)} bytes")
    expect("etag" not in response.headers, "a 204 with an ETag")


@CHECKS.clause(
    "MUST",
    "Known credentials restart nothing",
    "204 also where the fragment has If-Match: *",
    whip="4.3.2",
    whep="4.4.2",
)
async def known_credentials(server: Target) -> None:
    """PATCH the session with a candidate, its present credentials and If-Match: *."""
    made = await server.open_session()
    await _require_patch(server, made)
    response = await server.patch(made, trickle_fragment(made, _CANDIDATE), if_match="*")
    expect(response.status_code == 204, response_words(response))


@CHECKS.clause(
    "MUST",
    "New credentials restart ICE",
    "200 with a fragment that has new credentials of the server",
    whip="4.3.3",
    whep="4.4.3",
)
async def restart(server: Target) -> None:
    """PATCH the session with new credentials and If-Match: *."""
    made = await server.open_session()
    before = credentials(made.answer)
    told = credentials(await _restart(server, made))
    for name, old, new in zip(("ice-ufrag", "ice-pwd"), before, told, strict=True):
        expect(new, f"the fragment has no {name}")
        expect(old != new, f"{name} is the old one")


@CHECKS.clause(
    "MUST",
    "A restart gives a new entity tag, and the old one expires",
    "ETag in the 200; 412 for the old one",
    whip="4.3.3",
    whep="4.4.3",
)
async def restarted_tag(server: Target) -> None:
    """Restart ICE, then trickle with the old tag and with the new one."""
    made = await server.open_session()
    old = made.etag
    await _restart(server, made)
    expect(made.etag and made.etag != old, f"ETag was {old} and is {made.etag or 'not there'}")
    response = await server.patch(made, "a=end-of-candidates\r\n", if_match=old)
    expect(response.status_code == 412, f"to the old tag {response_words(response)}")


@CHECKS.clause(
    "MUST",
    "A restart repeats how the server does ICE",
    "ice-lite, ice-options and ice-pacing as in the answer",
    whip="4.3.3",
    whep="4.4.3",
)
async def restart_repeats(server: Target) -> None:
    """Restart ICE and compare the fragment with the answer."""
    made = await server.open_session()
    told = await _restart(server, made)
    for name in ("ice-lite", "ice-options", "ice-pacing"):
        before, after = set(made.answer.everywhere(name)), set(told.everywhere(name))
        expect(before == after, f"{name} was {sorted(before)} and is {sorted(after)}")


@CHECKS.clause(
    "MUST",
    "New credentials restart ICE with a tag too",
    "200 where If-Match has the present tag",
    whip="4.3.3",
    whep="4.4.3",
)
async def restart_by_tag(server: Target) -> None:
    """PATCH the session with new credentials and its tag in If-Match."""
    made = await server.open_session()
    if not made.etag:
        raise NotApplicable("it has no entity tags")
    await _restart(server, made, if_match=made.etag)


@CHECKS.clause(
    "MUST",
    "Media continues after a restart",
    "checks under the new credentials are answered, without a new handshake",
    whip="4.3.3",
    whep="4.4.3",
)
async def restart_keeps_media(server: Target) -> None:
    """Connect, restart ICE, and check the same path under the new credentials."""
    made, peer = await server.open_connected()
    own = peer.renew_credentials()
    response = await server.patch(made, fragment(made, own.ufrag, own.password), if_match="*")
    if response.status_code in (404, 405, 422, 501):
        raise NotApplicable(f"it does not restart ICE ({response.status_code})")
    expect(response.status_code == 200, response_words(response))
    ufrag, password = credentials(description.parse(response.text))
    await _answered(peer, "after the restart", Ice(ufrag, password, ""))
    expect(not peer.revoked, "the server ended the session")


@CHECKS.clause(
    "MUST",
    "A restart that fails ends nothing",
    "4xx, and the connection goes on",
    whip="4.3.3",
    whep="4.4.3",
    rude=1,
)
async def failed_restart(server: Target) -> None:
    """Connect, and restart ICE without a password."""
    made, peer = await server.open_connected()
    body = fragment(made, fresh_credentials()[0], "x").replace("a=ice-pwd:x\r\n", "")
    response = await server.patch(made, body, if_match="*")
    expect(400 <= response.status_code < 500, response_words(response))
    await _answered(peer, "after the restart that failed")
    expect(not peer.revoked, "the server ended the session")


async def _answered(peer: RtpPeer, when: str, remote: Ice | None = None) -> None:
    try:
        await peer.check(remote, 3.0)
    except TimeoutError:
        raise Broken(f"no check is answered {when}") from None


def credentials(described: Description) -> tuple[str, str]:
    """Return the first user name fragment and password; "" where there is none."""
    ufrag = described.everywhere("ice-ufrag") or [""]
    password = described.everywhere("ice-pwd") or [""]
    return ufrag[0], password[0]
