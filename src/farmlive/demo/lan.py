"""The demo on the local network: this machine's addresses, the page that leads a phone to HTTPS,
and a plain HTTP port on loopback for the demo's own people.

authority.py has the certificates.
"""

import contextlib
import hashlib
import html
import io
import ipaddress
import socket
from collections.abc import AsyncIterator
from importlib.resources import files
from string import Template
from typing import Any

import segno
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from farmlive.demo import DemoError
from farmlive.demo.authority import Address
from farmlive.media.engine.python.net.addresses import local_addresses
from farmlive.server import serving


class NoNetwork(DemoError):
    """The machine has no address on a network; the text says what to do."""


def addresses() -> list[Address]:
    """Return the machine's addresses that others on its network can reach, the one to show first.

    Raises NoNetwork.
    """
    found = [ipaddress.ip_address(text) for text in local_addresses()]
    found = [address for address in found if not address.is_loopback]
    route = _default_route()
    found.sort(key=lambda address: (address != route, address.version, int(address)))
    if not found:
        raise NoNetwork(
            "This machine is on no network that a phone could join. Connect it, or start "
            "without --lan."
        )
    return found


def choose_address(known: list[Address], host: str) -> Address:
    """Return the address that the command line names. Raises NoNetwork if it is none of these."""
    for address in known:
        if str(address) == host:
            return address
    raise NoNetwork(
        f"{host} is no address by which others reach this machine. Choose one of these with "
        f"--host, or leave it out: {', '.join(map(str, known))}."
    )


def _default_route() -> Address | None:
    """Return the address from which this machine reaches others; sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return None
        return ipaddress.ip_address(probe.getsockname()[0])


def qr(text: str) -> str:
    """Return a QR code for a terminal, two modules a character high."""
    out = io.StringIO()
    segno.make(text, error="m", micro=False).terminal(out=out, compact=True, border=2)
    return out.getvalue()


def guide_page(authority_der: bytes, known: list[Address], studio: str) -> ASGIApp:
    """Return the plain HTTP page that gives a phone the certificate, the steps, and the link to go
    on.
    """
    template = Template(files("farmlive.demo").joinpath("phone.html").read_text("utf-8"))
    digest = hashlib.sha256(authority_der).hexdigest().upper()
    page = template.substitute(
        addresses=html.escape("、".join(map(str, known))),
        studio=html.escape(studio),
        fingerprint=":".join(digest[place : place + 2] for place in range(0, 64, 2)),
    )

    async def show(_request: Request) -> Response:
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    async def certificate(_request: Request) -> Response:
        return Response(
            authority_der,
            media_type="application/x-x509-ca-cert",
            headers={"Content-Disposition": 'attachment; filename="farmlive.crt"'},
        )

    return Starlette(routes=[Route("/", show), Route("/farmlive.crt", certificate)])


@contextlib.asynccontextmanager
async def plain_http(app: ASGIApp, host: str, **options: Any) -> AsyncIterator[str]:
    """Serve an application by plain HTTP on a free port while the block runs; yields its URL."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind((host, 0))
    listener.setblocking(False)
    written = f"[{host}]" if ":" in host else host
    async with serving(app, listener, timeout_graceful_shutdown=2, **options):
        yield f"http://{written}:{listener.getsockname()[1]}"
