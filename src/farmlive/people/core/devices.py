"""Devices: a viewer without an account is a browser, identified by a cookie.

Owns that cookie and the keyed pseudonyms by which all other rooms refer to devices and buyers; no
other module sees the cookie's value.
"""

import hmac
import re
from collections.abc import Collection
from functools import lru_cache

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from farmlive.ids import token as new_token
from farmlive.people.core import sessions
from farmlive.people.core.cookies import LIFETIME_S, Cookies
from farmlive.store import Store

COOKIE = "farmlive_device"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


# Kinds of pseudonyms that several rooms must spell alike.
BUYER = "buyer"
ADDRESS = "address"
MARK = re.compile(r"[0-9a-f]{32}")
# Prefix of the random pseudonyms that replace the buyer's and the device's in erased orders; no
# real pseudonym has it.
ERASED = "erased-"


def pseudonym(key: bytes, kind: str, text: str) -> str:
    """Return the pseudonym of `text` under this key, as `Pseudonyms` does with the database's."""
    return _pseudonym(key, f"{kind} {text}")


# Several rooms need the pseudonym of the same text within one request.
@lru_cache(maxsize=1024)
def _pseudonym(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()[:32]


def forget_pseudonyms() -> None:
    """Clear the cache of pseudonyms, such as an erased buyer's."""
    _pseudonym.cache_clear()


class Pseudonyms:
    """Keyed HMAC-SHA256 of personal data, truncated to 128 bits: 32 hexadecimal digits.

    Servers of a database share the key, which is not in it (store/keys.py).
    """

    def __init__(self, store: Store):
        self._store = store

    async def of(self, kind: str, text: str) -> str:
        """Return the pseudonym of `text`; the same text has different ones for different kinds."""
        return self.at_once(kind, text)

    async def of_buyer(self, phone: str) -> str:
        """Return the pseudonym of a buyer, by the phone number."""
        return self.at_once(BUYER, phone)

    async def of_ip(self, ip: str) -> str:
        """Return the pseudonym of an IP."""
        return self.at_once(ADDRESS, ip)

    def at_once(self, kind: str, text: str) -> str:
        """Do as `of`, for callers that can't await."""
        return pseudonym(self._store.keys.pseudonyms, kind, text)

    def uncached(self, kind: str, text: str) -> str:
        """Do as `of`, in any thread, without caching `text`."""
        return _pseudonym.__wrapped__(self._store.keys.pseudonyms, f"{kind} {text}")


class DeviceCookie:
    """ASGI middleware: puts the device's pseudonym into `scope["state"]["device"]`.

    A device without a valid cookie is new, and the response, or the acceptance of its channel, sets
    one. It also sets cookies again that came under an old name, including a session's. A response
    that a shared cache may keep (`Cache-Control: public`) sets none, nor does a path in `without`,
    which browsers don't request.
    """

    def __init__(
        self,
        app: ASGIApp,
        pseudonyms: Pseudonyms,
        *,
        secure: bool,
        session_days: int,
        without: Collection[str],
    ):
        self._app = app
        self._without = without
        self._pseudonyms = pseudonyms
        self._cookies = Cookies(secure=secure)
        self._session_s = session_days * 24 * 60 * 60

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        sent = cookie_parser(Headers(scope=scope).get("cookie", ""))
        known = self._cookies.read(sent, COOKIE)
        token = known if _TOKEN.fullmatch(known) else new_token()
        state = scope.setdefault("state", {})
        state["device"] = await self._pseudonyms.of("device", token)

        cookies: list[str] = []
        if token != known:
            cookies = [self._cookies.set(COOKIE, token, LIFETIME_S)]
        elif self._cookies.old(sent, COOKIE):
            cookies = self._cookies.renew(COOKIE, token, LIFETIME_S)
        session = self._cookies.old(sent, sessions.COOKIE)
        if _TOKEN.fullmatch(session):
            cookies += self._cookies.renew(sessions.COOKIE, session, self._session_s)
        if scope.get("path") in self._without:
            cookies = []

        async def send_with_cookie(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                if "public" not in headers.get("cache-control", ""):
                    # Cookies that the response itself sets, such as a sign-in's, are newer.
                    set_already = {each.partition("=")[0] for each in headers.getlist("set-cookie")}
                    for cookie in cookies:
                        if cookie.partition("=")[0] not in set_already:
                            headers.append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_with_cookie if cookies else send)
