"""The exchange of offer and answer over HTTP: WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03).

Shared by the full and the light peers; does not read the SDP.
"""

import asyncio
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from farmlive.client.http import ApiProblem, raise_for_problem

SDP = "application/sdp"
TIMEOUT_S = 10.0


def client(
    transport: httpx.AsyncBaseTransport | None = None, verify: ssl.SSLContext | bool = True
) -> httpx.AsyncClient:
    """Return an HTTP client for signalling; `transport` replaces the network, for tests. `verify`
    has the trusted certificates; False trusts any.
    """
    return httpx.AsyncClient(transport=transport, timeout=TIMEOUT_S, trust_env=False, verify=verify)


@dataclass(frozen=True)
class MediaSession:
    """A session of the server: its answer, its URL, and when its POST was sent (monotonic ns)."""

    answer: str
    location: str
    etag: str | None
    posted_ns: int


async def post_offer(
    http: httpx.AsyncClient,
    url: str,
    offer: str,
    *,
    bearer: str | None = None,
    patience_s: float = 0.0,
) -> MediaSession:
    """POST an offer to a WHIP or WHEP endpoint and return the new session.

    While nobody publishes, WHEP answers 409 with `Retry-After`: for `patience_s` this waits and
    asks again. Raises ApiProblem for every other error, and for a success that breaks the
    protocol.
    """
    headers = {"Content-Type": SDP}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    until = time.monotonic() + patience_s
    while True:
        posted_ns = time.monotonic_ns()
        try:
            response = raise_for_problem(await http.post(url, content=offer, headers=headers))
        except ApiProblem as problem:
            wait_s = problem.retry_after
            if problem.status != 409 or wait_s is None or time.monotonic() + wait_s > until:
                raise
            await asyncio.sleep(max(wait_s, 0.05))
            continue
        location = response.headers.get("location")
        if response.status_code != 201 or location is None:
            raise ApiProblem(
                response.status_code,
                {"title": "Not a WHIP or WHEP answer", "detail": "201 with a Location was due"},
            )
        return MediaSession(
            response.text, urljoin(url, location), response.headers.get("etag"), posted_ns
        )


async def delete_session(http: httpx.AsyncClient, location: str, bearer: str | None = None) -> None:
    """End a session; does nothing if it is gone already."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer is not None else {}
    try:
        response = await http.delete(location, headers=headers)
    except httpx.RemoteProtocolError:
        # The server has closed a connection that was idle for long, just as this was sent: to ask
        # again does no harm (RFC 9110, section 9.2.2; RFC 9112, section 9.3.1).
        response = await http.delete(location, headers=headers)
    if response.status_code != 404:
        raise_for_problem(response)
