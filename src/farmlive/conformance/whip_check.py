"""The command `farmlive whip-check`: checks any WHIP server against RFC 9725 and the standards that
it builds on, or says what to do before it can start.
"""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from farmlive.client.media import signalling
from farmlive.conformance.clause import Result
from farmlive.conformance.registry import check_all
from farmlive.conformance.target import Target
from farmlive.conformance.verdict import failure_words, response_words

_E = TypeVar("_E", bound=BaseException)


class CannotBegin(Exception):
    """No session can be opened, so there is little to check; the text is what to do."""


async def check(
    url: str,
    key: str | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    verify: ssl.SSLContext | bool = True,
) -> AsyncIterator[Result]:
    """Check every clause on the endpoint, with `key` as bearer token. Raises CannotBegin.

    `verify` has the certificates that are trusted for HTTPS (`trust`).
    """
    async with signalling.client(transport, verify) as http:
        server = Target("whip", url, key, http)
        response = await post_first_offer(server)
        if response.status_code in (401, 403):
            raise CannotBegin(
                f"The server does not let us publish: {response_words(response)}. Give the right "
                "key with --key."
            )
        require_endpoint(server, response)
        async for result in check_all(server):
            yield result


def trust(ca: Path | None, insecure: bool) -> ssl.SSLContext | bool:
    """Return the `verify` argument of `check`: the certificates of a PEM file alone, any
    certificate, or the publicly trusted ones. Raises CannotBegin.
    """
    if insecure and ca is not None:
        raise CannotBegin("Give --ca or --insecure: the second one trusts any certificate.")
    if ca is None:
        return not insecure
    try:
        context = ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise CannotBegin(f"{ca} holds no certificate: --ca takes a PEM file.") from None
    except OSError as error:
        raise CannotBegin(f"{ca} can't be read: {error.strerror or error}.") from None
    # A certificate that somebody made may vouch for itself alone, and lack what authorities write.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


async def post_first_offer(server: Target) -> httpx.Response:
    """Return the response to a first offer, and delete its session. Raises CannotBegin."""
    _require_url(server.url)
    try:
        response = await server.post(server.offer())
        await server.delete_all()
    except httpx.InvalidURL as error:
        raise CannotBegin(f"{server.url} is no address: {str(error).rstrip('.')}.") from None
    except httpx.HTTPError as error:
        refused = _find_cause(error, ssl.SSLCertVerificationError)
        if refused is not None:
            why = refused.verify_message.rstrip(".")
            raise CannotBegin(
                f"The certificate of {server.url} is not trusted: {why}. Give the certificate "
                "that vouches for it with --ca FILE, or take any with --insecure."
            ) from None
        todo = "Is the server running, and does the address lead to it from here?"
        if _find_cause(error, ssl.SSLError) is not None:
            todo = "Does its address begin with http://?"
        elif isinstance(error, httpx.RemoteProtocolError | httpx.ReadError) and (
            server.url.startswith("http:")
        ):
            todo = "Is the server well, or does its address begin with https://?"
        raise CannotBegin(f"{server.url} does not answer: {failure_words(error)}. {todo}") from None
    return response


def require_endpoint(server: Target, response: httpx.Response) -> None:
    """Raise CannotBegin if the response to a first offer shows that the URL is wrong."""
    status = response.status_code
    if response.is_redirect:
        raise CannotBegin(
            f"There is no endpoint at this address: {response_words(response)} and names "
            f"{response.headers['location']}. Give the address to which offers are POSTed."
        )
    if response.is_success and not response.text.lstrip().startswith("v="):
        raise CannotBegin(
            f"This is no {server.kind.upper()} endpoint: {response_words(response)} without an "
            "SDP answer to an offer. Give the whole address to which offers are POSTed."
        )
    if status in (404, 405, 501) or status >= 500:
        raise CannotBegin(
            f"There seems to be no endpoint at this address: {response_words(response)}. Give the "
            "whole address to which offers are POSTed."
        )


def _require_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # of the port, or of an IPv6 address
        whole = False
    if not whole:
        raise CannotBegin(
            f"{url} is no address of an endpoint: write it whole, with http:// or https:// and "
            "the server's name, such as https://live.example.org/whip/BROADCAST."
        )


def _find_cause(error: BaseException | None, kind: type[_E]) -> _E | None:
    """Return the error of that kind which caused this one."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error
