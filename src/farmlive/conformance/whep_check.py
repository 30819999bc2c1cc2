"""Holding any WHEP server against draft-ietf-wish-whep-03 and the standards under it: what
`farmlive whep-check` does. Tells what to do where it can't begin.
"""

import ssl
from collections.abc import AsyncIterator

import httpx

from farmlive.client.media import signalling
from farmlive.conformance.clause import Result
from farmlive.conformance.registry import examine
from farmlive.conformance.target import Target
from farmlive.conformance.verdict import said
from farmlive.conformance.whip_check import CannotBegin, first_answer, refuse_what_is_no_endpoint


async def check(
    url: str,
    key: str | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    verify: ssl.SSLContext | bool = True,
) -> AsyncIterator[Result]:
    """Try every clause against the endpoint, with `key` as bearer token; raises CannotBegin.

    `verify` has the certificates that are trusted for HTTPS (`whip_check.trust`).
    """
    async with signalling.client(transport, verify) as http:
        server = Target("whep", url, key, http)
        response = await first_answer(server)
        if response.status_code in (401, 403):
            raise CannotBegin(
                f"The server does not let us watch: {said(response)}. Give the right key with "
                "--key, or begin the broadcast."
            )
        if response.status_code in (404, 409):
            raise CannotBegin(
                f"There is nothing to watch: {said(response)}. Begin a stream there, with sound "
                "(Opus) and picture (H264 or VP8), and run this again."
            )
        if response.status_code == 406 and "location" in response.headers:
            raise CannotBegin(
                "The server makes an offer of its own in place of an answer (406), as WHEP allows. "
                "This check offers and does not answer, so that it can't say more."
            )
        refuse_what_is_no_endpoint(server, response)
        async for result in examine(server):
            yield result
