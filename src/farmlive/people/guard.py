"""The guard: authentication and authorization of requests and channels.

It reads the cookies, keys and headers of a connection and decides; People looks up what they are
valid for. A route gets the Caller by depending on `anyone`, `staff`, `coordinator` or `roles(…)`.
"""

import hmac
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import HTTPConnection, Request

from farmlive.edge.contracts import called_by, raises
from farmlive.people.core.addresses import Proxies, is_cross_site, is_forwarded, is_loopback
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import (
    ApiKeyAboveOwner,
    CrossSite,
    ExpiredApiKey,
    UnknownApiKey,
    WrongCsrfToken,
)
from farmlive.people.core.roles import CREW, ROLES, STAFF, Role
from farmlive.people.core.sessions import COOKIE
from farmlive.people.factors.factors import extensions_left
from farmlive.people.keys.api_keys import API_PREFIX
from farmlive.people.people import People
from farmlive.problems import Forbidden, Problem, Unauthorized

_log = structlog.get_logger(__name__)

# The problems of authentication; then those of authorization.
IDENTIFIES = (CrossSite, UnknownApiKey, ExpiredApiKey, ApiKeyAboveOwner)
AUTHORIZES = (*IDENTIFIES, Unauthorized, Forbidden, WrongCsrfToken)

_SAFE = ("GET", "HEAD", "OPTIONS")
# Marks requests that a page repeats by itself, even if nobody is in front of it.
UNATTENDED = "x-unattended"


class Guard:
    """Authenticates callers. Raises ValueError if the trusted proxies are not IPs."""

    def __init__(self, people: People):
        self._people = people
        self._url = people.settings.url
        self._proxies = Proxies(people.settings.trusted_proxies)
        # The first untrusted proxy that forwarded a request since this server started.
        self.unnamed_proxy: str | None = None

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Return the caller of a request or a channel; a viewer if nobody is signed in.

        Raises UnknownApiKey for a wrong key, and CrossSite for a channel or a change (any method
        but GET, HEAD and OPTIONS) that a page of another site requests.
        """
        if _is_change(connection) and self.is_cross_site(connection):
            raise CrossSite(
                "Nothing was changed. Open the page by the server's own address and try again; "
                "behind a proxy, FARMLIVE_PUBLIC_URL must be the address that people open."
            )
        return await self.identify(connection)

    def is_cross_site(self, connection: HTTPConnection) -> bool:
        """Return whether a page of another site sent the request."""
        return is_cross_site(connection.headers, self._url)

    async def identify(self, connection: HTTPConnection, *, is_use: bool | None = None) -> Caller:
        """Return the caller from any site, for requests that pages elsewhere may send, such as
        playing.

        `is_use`: the request prolongs the session. By default a request does, except one that a
        page sends by itself (`X-Unattended`); a channel does not, because pages reconnect theirs.
        Raises UnknownApiKey for a wrong key, and ExpiredApiKey.
        """
        caller = await self._identify(connection, is_use)
        connection.scope["state"]["caller"] = caller
        return caller

    async def _identify(self, connection: HTTPConnection, is_use: bool | None) -> Caller:
        device = str(connection.scope["state"]["device"])
        address = self.address(connection)
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        # Elsewhere a player or a proxy may send a bearer of its own; in the API it is our key or
        # wrong.
        ours = bearer.startswith(API_PREFIX) or connection.scope["path"].startswith("/api/")
        if scheme.lower() == "bearer" and ours:
            key = await self._people.find_api_key(bearer.strip())
            if key is None:
                raise UnknownApiKey("Nothing was done. Make a key with `farmlive key add`.")
            return Caller(
                None,
                key.label,
                key.role,
                device,
                address,
                farms=key.farms,
                centres=key.centres,
                key_owner=key.owner,
                by_key=True,
                key=key.id,
            )
        token = self._people.cookies.read(connection.cookies, COOKIE)
        if is_use is None:
            is_use = connection.scope["type"] == "http" and UNATTENDED not in connection.headers
        session = await self._people.find_session(token, is_use=is_use) if token else None
        if session is None:
            return Caller(None, None, None, device, address)
        return Caller(
            session.account,
            session.name,
            session.role,
            device,
            address,
            csrf=session.csrf,
            farms=session.farms,
            centres=session.centres,
            display_name=session.display_name,
            weak_password=session.weak_password,
            authenticated_at=session.authenticated_at,
            second_factor=session.second_factor,
            factor_asked_at=session.factor_asked_at,
            factor_extensions=session.factor_extensions,
        )

    def factor_until(self, caller: Caller | None) -> int | None:
        """Return until when the caller may sign in without a second factor, in milliseconds since
        1970; None if no such deadline applies.
        """
        is_signed_in = caller is not None and caller.account is not None
        return self._people.factor_until(caller) if caller and is_signed_in else None

    def factor_extensions(self, caller: Caller | None) -> int:
        """Return how often a coordinator may still extend the caller's deadline by seven days."""
        return extensions_left(caller.factor_extensions if caller else 0)

    def record_refusal(self, caller: Caller, message: str, problem: Problem) -> None:
        """Record in the audit log that a message on the live channel was refused."""
        self._people.access.record_refusal(caller, f"channel {message}", problem)

    def record_refused_request(self, request: Request, path: str, problem: Problem) -> None:
        """Record in the audit log that a request was refused; `path` is the URL's pattern."""
        caller = request.scope.get("state", {}).get("caller")
        self._people.access.record_refusal(caller, f"{request.method} {path}", problem)

    def address(self, connection: HTTPConnection) -> str | None:
        """Return the client's IP for limits, by the trusted proxies if there are any.

        None if an untrusted proxy forwarded the request, whose own IP would be everybody's. Pages
        tell staff about it, and the log has it once.
        """
        peer = connection.client.host if connection.client else "unix"
        if self._proxies.is_unnamed(peer, connection.headers):
            if self.unnamed_proxy is None:
                self.unnamed_proxy = peer
                _log.warning(
                    "a proxy that is not trusted passes requests on: nothing is limited by address "
                    "until FARMLIVE_TRUSTED_PROXIES names it",
                    proxy=peer,
                )
            return None
        return self._proxies.client(peer, connection.headers.getlist("x-forwarded-for"))

    @called_by()
    @raises(*IDENTIFIES)
    async def anyone(self, request: Request) -> Caller:
        """Dependency: any caller."""
        return await self.caller(request)

    @called_by(*STAFF)
    @raises(*AUTHORIZES)
    async def staff(self, request: Request) -> Caller:
        """Dependency: a coordinator or a host. Raises Unauthorized, Forbidden, WrongCsrfToken."""
        return await self._authorize(request, STAFF)

    @called_by(*CREW)
    @raises(*AUTHORIZES)
    async def crew(self, request: Request) -> Caller:
        """Dependency: staff or a moderator. Raises Unauthorized, Forbidden, WrongCsrfToken."""
        return await self._authorize(request, CREW)

    @called_by("coordinator")
    @raises(*AUTHORIZES)
    async def coordinator(self, request: Request) -> Caller:
        """Dependency: a coordinator. Raises Unauthorized, Forbidden, WrongCsrfToken."""
        return await self._authorize(request, ("coordinator",))

    @called_by(*ROLES)
    @raises(*AUTHORIZES)
    async def signed_in(self, request: Request) -> Caller:
        """Dependency: anyone with a role. Raises Unauthorized, Forbidden, WrongCsrfToken."""
        return await self._authorize(request, ROLES)

    def roles(self, *roles: Role) -> Callable[[Request], Awaitable[Caller]]:
        """Make a dependency for callers with one of these roles.

        It raises Unauthorized, Forbidden, WrongCsrfToken.
        """

        @called_by(*roles)
        @raises(*AUTHORIZES)
        async def caller(request: Request) -> Caller:
            return await self._authorize(request, roles)

        return caller

    async def operator(self, request: Request) -> Caller:
        """Dependency: a program on this machine that does not come through a proxy, or staff."""
        peer = request.client.host if request.client else ""
        if is_loopback(peer) and not is_forwarded(request.headers):
            return await self.caller(request)
        return await self.staff(request)

    async def _authorize(self, request: Request, roles: tuple[Role, ...]) -> Caller:
        caller = await self.caller(request)
        if caller.role is None:
            raise Unauthorized("Nothing was done. Sign in, or send an API key.")
        if caller.role not in roles:
            raise Forbidden(f"Nothing was done. It takes the role {_or(roles)}; ask a coordinator.")
        if caller.csrf is not None and _is_change(request):
            sent = request.headers.get("x-csrf-token", "")
            if not hmac.compare_digest(sent.encode(), caller.csrf.encode()):
                raise WrongCsrfToken(
                    "Nothing was changed. Reload the page and try again; a program sends what "
                    "GET /api/v1/session answers as `csrf`."
                )
        return caller


def _or(roles: tuple[Role, ...]) -> str:
    return " or ".join(filter(None, (", ".join(roles[:-1]), roles[-1])))


def _is_change(connection: HTTPConnection) -> bool:
    # A channel's handshake is a GET, but its messages may change anything.
    return connection.scope["type"] == "websocket" or connection.scope["method"] not in _SAFE
