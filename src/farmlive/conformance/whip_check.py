"""Holding any WHIP server against RFC 9725 and the standards under it: what `farmlive whip-check`
does. Tells what to do where it can't begin.
"""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from farmlive.client.media import signalling
from farmlive.conformance.clause import Result
from farmlive.conformance.registry import examine
from farmlive.conformance.target import Target
from farmlive.conformance.verdict import broke, said

_E = TypeVar("_E", bound=BaseException)


class CannotBegin(Exception):
    """No session can be made, so that little can be said; the text says what to do."""


async def check(
    url: str,
    key: str | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    verify: ssl.SSLContext | bool = True,
) -> AsyncIterator[Result]:
    """Try every clause against the endpoint, with `key` as bearer token; raises CannotBegin.

    `verify` has the certificates that are trusted for HTTPS (`trust`).
    """
    async with signalling.client(transport, verify) as http:
        server = Target("whip", url, key, http)
        response = await first_answer(server)
        if response.status_code in (401, 403):
            raise CannotBegin(
                f"The server does not let us publish: {said(response)}. Give the right key with "
                "--key."
            )
        refuse_what_is_no_endpoint(server, response)
        async for result in examine(server):
            yield result


def trust(ca: Path | None, insecure: bool) -> ssl.SSLContext | bool:
    """Return the `verify` argument of `check`: the certificates of a PEM file alone, any
    certificate, or those that are publicly trusted; raises CannotBegin.
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


async def first_answer(server: Target) -> httpx.Response:
    """The answer to a first offer, whose session is deleted; raises CannotBegin."""
    _refuse_what_is_no_address(server.url)
    try:
        response = await server.post(server.offer())
        await server.clean_up()
    except httpx.InvalidURL as error:
        raise CannotBegin(f"{server.url} is no address: {str(error).rstrip('.')}.") from None
    except httpx.HTTPError as error:
        refused = _caused(error, ssl.SSLCertVerificationError)
        if refused is not None:
            why = refused.verify_message.rstrip(".")
            raise CannotBegin(
                f"The certificate of {server.url} is not trusted: {why}. Give the certificate "
                "that vouches for it with --ca FILE, or take any with --insecure."
            ) from None
        todo = "Is the server running, and does the address lead to it from here?"
        if _caused(error, ssl.SSLError) is not None:
            todo = "Does its address begin with http://?"
        elif isinstance(error, httpx.RemoteProtocolError | httpx.ReadError) and (
            server.url.startswith("http:")
        ):
            todo = "Is the server well, or does its address begin with https://?"
        raise CannotBegin(f"{server.url} does not answer: {broke(error)}. {todo}") from None
    return response


def refuse_what_is_no_endpoint(server: Target, response: httpx.Response) -> None:
    """Raise CannotBegin where the answer to a first offer shows that this is the wrong address."""
    status = response.status_code
    if response.is_redirect:
        raise CannotBegin(
            f"There is no endpoint at this address: {said(response)} and names "
            f"{response.headers['location']}. Give the address to which offers are POSTed."
        )
    if response.is_success and not response.text.lstrip().startswith("v="):
        raise CannotBegin(
            f"This is no {server.kind.upper()} endpoint: {said(response)} without an SDP answer to "
            "an offer. Give the whole address to which offers are POSTed."
        )
    if status in (404, 405, 501) or status >= 500:
        raise CannotBegin(
            f"There seems to be no endpoint at this address: {said(response)}. Give the whole "
            "address to which offers are POSTed."
        )


def _refuse_what_is_no_address(url: str) -> None:
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


def _caused(error: BaseException | None, kind: type[_E]) -> _E | None:
    """The error of that kind which led to this one."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error
