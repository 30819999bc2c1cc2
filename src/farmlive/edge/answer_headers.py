"""Security headers of every response: nosniff, a Content-Security-Policy, HSTS; and no-store on
responses of the API.

A policy or a Cache-Control that a page, file or certificate sets itself stays.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from farmlive.edge.hosts import host_of, is_name
from farmlive.settings import Settings

# For every response but a page: a browser that opens it loads, runs and frames nothing.
POLICY = "default-src 'none'; frame-ancestors 'none'"
# For static files: a worker has its script's policy, so this must not limit what is loaded.
STATIC_POLICY = "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
# A year, renewed by each response. No includeSubDomains: other hosts are the operator's decision.
STRICT_TRANSPORT = "max-age=31536000"


class AnswerHeaders:
    """ASGI middleware: nosniff and a CSP on every response, HSTS if the server uses https, and
    no-store on all responses of the API, with or without a sign-in.
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self._app = app
        self._secure = settings.secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # HSTS holds for all ports of a host name, so it is never sent for a loopback name.
        strict = self._secure and is_name(host_of(Headers(scope=scope).get("host", "")))

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                is_static = scope["path"].startswith("/static/")
                headers.setdefault(
                    "Content-Security-Policy", STATIC_POLICY if is_static else POLICY
                )
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
                if strict:
                    headers["Strict-Transport-Security"] = STRICT_TRANSPORT
            await send(message)

        if scope["type"] in ("http", "websocket"):
            await self._app(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send)
