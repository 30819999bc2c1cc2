"""Devices: a viewer without an account is a browser, known by a cookie of its own.

It owns that cookie and the keyed pseudonyms by which the rest of the house speaks of devices
and buyers; nobody else sees the cookie's value.
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


# The kinds that several rooms must write alike.
BUYER = "buyer"
ADDRESS = "address"
MARK = re.compile(r"[0-9a-f]{32}")
# How the pseudonyms begin that erased orders have in place of the buyer's and the device's: random,
# and in no case one that anybody has.
ERASED = "erased-"


def pseudonym(key: bytes, kind: str, text: str) -> str:
    """The pseudonym of `text` by this key, as `Pseudonyms` gives it by the database's."""
    return _pseudonym(key, f"{kind} {text}")


# Several rooms ask for the same address within one request.
@lru_cache(maxsize=1024)
def _pseudonym(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()[:32]


def forget_pseudonyms() -> None:
    """Let the memory keep nothing of whom there were pseudonyms, such as an erased buyer."""
    _pseudonym.cache_clear()


class Pseudonyms:
    """Keyed HMAC-SHA256 of what must not be known, cut to 128 bits: 32 hexadecimal digits.

    Servers of a database share the key, which is not in it (store/keys.py).
    """

    def __init__(self, store: Store):
        self._store = store

    async def of(self, kind: str, text: str) -> str:
        """The pseudonym of `text`; the same text has another one for each kind."""
        return self.at_once(kind, text)

    def at_once(self, kind: str, text: str) -> str:
        """As `of`, where nothing can be awaited."""
        return pseudonym(self._store.keys.pseudonyms, kind, text)

    def uncached(self, kind: str, text: str) -> str:
        """As `of`, in any thread; the memory keeps no `text` for it."""
        return _pseudonym.__wrapped__(self._store.keys.pseudonyms, f"{kind} {text}")


class DeviceCookie:
    """ASGI middleware: puts the device's pseudonym into `scope["state"]["device"]`.

    A device without a good cookie is new, and the answer, or the acceptance of its channel,
    sets one; so does it set anew what came under an old name, a session's cookie too. An answer
    that a shared cache may keep (`Cache-Control: public`) never does, nor one at `without`, where
    no browser asks.
    """

    def __init__(
        self,
        app: ASGIApp,
        pseudonyms: Pseudonyms,
        *,
        secure: bool,
        session_days: int = 14,
        without: Collection[str] = (),
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
                    # A cookie that the response itself sets, as a sign-in does, is newer.
                    set_already = {each.partition("=")[0] for each in headers.getlist("set-cookie")}
                    for cookie in cookies:
                        if cookie.partition("=")[0] not in set_already:
                            headers.append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_with_cookie if cookies else send)
