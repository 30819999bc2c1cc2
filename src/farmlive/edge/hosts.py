"""Host names: those that the server accepts, and its own absolute URL.

No absolute URL is ever built from a `Host` header, which the client chooses.
"""

import json
import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from farmlive import problems
from farmlive.problems import Problem
from farmlive.settings import Settings

# Served under every host name: probes, scrapers and the other servers on this database use the name
# or IP that they were configured with.
_EVERYWHERE = ("/healthz", "/readyz", "/metrics", "/internal/media")


class Misdirected(Problem):
    """The request names a host that is not this server's: FARMLIVE_PUBLIC_URL's, one of
    FARMLIVE_EXTRA_HOSTS, or a loopback name.
    """

    status = 421
    slug = "misdirected"
    title = "This server does not answer under that name"


def own_url(settings: Settings, scope: Scope) -> str:
    """Return the server's base URL, without a slash at the end.

    Where the server listens on every IP and has no FARMLIVE_PUBLIC_URL, it is built from the local
    IP that the client connected to.
    """
    if settings.public_url or settings.host.strip("0.:"):
        return settings.url
    try:
        address = ip_address((scope.get("server") or ("", 0))[0].partition("%")[0])
    except ValueError:
        return settings.url
    address = getattr(address, "ipv4_mapped", None) or address
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"{urlsplit(settings.url).scheme}://{host}:{settings.port}"


def is_name(host: str) -> bool:
    """Return whether a host is a DNS name: neither a loopback name nor an IP."""
    return not _is_loopback(host) and _address(host) is None and "." in host


class OwnHosts:
    """ASGI middleware: with FARMLIVE_PUBLIC_URL set, responds with 421 to all other hosts.

    A redirect to the request's own `Host` is rewritten to its path alone.
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self._app = app
        self._url = settings.public_url
        own = host_of(urlsplit(settings.public_url).netloc)
        self._names = {own, *(name.lower() for name in settings.extra_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or channel."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = headers.get("host", "")
        if self._is_foreign(scope["path"], asked):
            html = "text/html" in headers.get("accept", "")
            await self._refuse(scope, receive, send, html=html)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and 300 <= message["status"] < 400:
                _lead_here(MutableHeaders(scope=message), asked)
            await send(message)

        await self._app(scope, receive, send_on)

    def _is_foreign(self, path: str, asked: str) -> bool:
        if not self._url or path in _EVERYWHERE:
            return False
        host = host_of(asked)
        return host not in self._names and not _is_loopback(host)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, *, html: bool) -> None:
        problem = Misdirected(
            f"Open {self._url}. The operator can add other names to FARMLIVE_EXTRA_HOSTS."
        )
        answer = Response(
            json.dumps(problem.body()), problem.status, media_type=problems.MEDIA_TYPE
        )
        if html:
            # Plain text: a page's stylesheets would get 421, too.
            text = f"请打开 {self._url}\nOpen {self._url}\n"
            answer = PlainTextResponse(text, problem.status)
        if scope["type"] == "websocket" and "websocket.http.response" not in scope["extensions"]:
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        await answer(scope, receive, send)


def _lead_here(headers: MutableHeaders, asked: str) -> None:
    target = urlsplit(headers.get("location", ""))
    if target.netloc and target.netloc == asked:
        # A path that begins with two slashes would be another host's URL.
        path = "/" + target.path.lstrip("/\\")
        headers["location"] = f"{path}?{target.query}" if target.query else path


def host_of(netloc: str) -> str:
    """Return the host without its port, in lower case."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::\d*)?", netloc.strip())
    return (found[1] if found else netloc).rstrip(".").lower()


def _address(host: str) -> object:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _address(host)
    if address is not None:
        return bool(getattr(address, "is_loopback", False))
    return host == "localhost" or host.endswith(".localhost")
