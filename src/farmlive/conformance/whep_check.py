"""The command `farmlive whep-check`: checks any WHEP server against draft-ietf-wish-whep-03 and the
standards that it builds on, or says what to do before it can start.
"""

import ssl
from collections.abc import AsyncIterator

import httpx

from farmlive.client.media import signalling
from farmlive.conformance.clause import Result
from farmlive.conformance.registry import check_all
from farmlive.conformance.target import Target
from farmlive.conformance.verdict import response_words
from farmlive.conformance.whip_check import CannotBegin, post_first_offer, require_endpoint


async def check(
    url: str,
    key: str | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    verify: ssl.SSLContext | bool = True,
) -> AsyncIterator[Result]:
    """Check every clause on the endpoint, with `key` as bearer token. Raises CannotBegin.

    `verify` has the certificates that are trusted for HTTPS (`whip_check.trust`).
    """
    async with signalling.client(transport, verify) as http:
        server = Target("whep", url, key, http)
        response = await post_first_offer(server)
        if response.status_code in (401, 403):
            raise CannotBegin(
                f"The server does not let us watch: {response_words(response)}. Give the right "
                "key with --key, or begin the broadcast."
            )
        if response.status_code in (404, 409):
            raise CannotBegin(
                f"There is nothing to watch: {response_words(response)}. Begin a stream there, "
                "with sound (Opus) and picture (H264 or VP8), and run this again."
            )
        if response.status_code == 406 and "location" in response.headers:
            raise CannotBegin(
                "The server makes an offer of its own in place of an answer (406), as WHEP allows. "
                "This check offers and does not answer, so that it can't say more."
            )
        require_endpoint(server, response)
        async for result in check_all(server):
            yield result
