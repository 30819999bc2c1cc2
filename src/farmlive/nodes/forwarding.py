"""Forwards requests of WHIP, WHEP and the studio to the server that has the broadcast's media.

The server that got the request authorizes it, by its own cookies, keys, limits and names, and
forwards facts: which source, which IP counts, the offer. receiving.py answers there, signing.py
authenticates servers.
"""

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from farmlive import compact_json
from farmlive.media import Admission
from farmlive.media.session_service import LocalSessions, Opened
from farmlive.media.viewers.delivery import Choice, ViewerDelivery
from farmlive.media.wire.errors import BY_SLUG, HolderAway, OtherServer, SessionGone
from farmlive.nodes.leases import Lease, Leases
from farmlive.nodes.problems import HolderGone, NotHere
from farmlive.nodes.signing import SCHEME, Signer
from farmlive.outages import Outages
from farmlive.problems import Problem
from farmlive.store.failures import CommitFailed, CommitUnknown, NewerDatabase, NotRead

PATH = "/internal/media"
CONNECT_S, ANSWER_S = 1.0, 4.0
# How long a server that did not answer in time gets no further requests.
SILENT_S = 1.0
# How long staff see that a server's URL is missing.
LACKED_S = 60.0
# The most bytes of a session description with its parameters, or of some cameras' health.
MOST_BYTES = 192 * 1024
_MOST_CONNECTIONS = 100
# Concurrent requests to one server. The others wait here, because each that waits inside httpx
# costs time for every one that begins or ends.
_MOST_CONCURRENT = 32
_TURN_S = 10.0
# Shorter than a server keeps an idle connection.
_IDLE_S = 2.0
# Result of `_ask` if no other server has the lease.
HERE = object()
# The problems that the holder raises: media's, and the database's if it takes the lease again.
_RAISED = BY_SLUG | {
    kind.slug: kind for kind in (CommitFailed, CommitUnknown, NewerDatabase, NotRead)
}
# A publisher retries sooner than viewers, who then find it.
_PUBLISHER_AGAIN_S = 1


class Forwarding:
    """Sends requests to other servers; `own_url` is this server's URL for them."""

    def __init__(self, signer: Signer, outages: Outages, own_url: str):
        self._signer = signer
        self._own_url = own_url
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S, pool=CONNECT_S),
            limits=httpx.Limits(
                max_connections=_MOST_CONNECTIONS,
                max_keepalive_connections=_MOST_CONCURRENT,
                keepalive_expiry=_IDLE_S,
            ),
            trust_env=False,
            # A jar that accepts no cookie of any server.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            # The system's certificate authorities, and those of SSL_CERT_FILE.
            verify=ssl.create_default_context(),
        )
        self._silent: dict[str, float] = {}
        # By URL, so that a server that does not answer does not block requests to others.
        self._turns: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_MOST_CONCURRENT)
        )
        self._away = outages.register(
            "media_server",
            lost="the server with a broadcast's cameras does not answer this one",
            back="the servers with broadcasts' cameras are reached again",
            what_to_do="See that it runs, and that this server reaches its FARMLIVE_NODE_URL.",
        )
        self._unknown = outages.register(
            "media_server_url",
            lost="another server has a broadcast's cameras, and this one does not know its address",
            back="the addresses of the servers with broadcasts' cameras are known",
            what_to_do="Set FARMLIVE_NODE_URL on every server of this database, each its own.",
        )
        self.forwarded = 0
        """Requests that were answered."""

    async def stop(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def lacks_url(self) -> bool:
        """Whether, within the last minute, another server had the cameras and its URL was not
        set.
        """
        ago = self._unknown.failed_s
        return ago is not None and ago < LACKED_S

    def need_nobody(self) -> None:
        """Clear the warning: no other server is needed, for example after this one has taken
        over.
        """
        self._away.recovered()
        self._unknown.recovered()

    async def ask(
        self, lease: Lease, operation: str, broadcast: str, text: str = "", **facts: Any
    ) -> Any:
        """Have the holder perform the operation; return its result. `text` is an offer or a
        fragment.

        Raises the Problem that the holder raised, OtherServer, HolderAway, HolderGone, and NotHere
        if it does not hold the lease any more.
        """
        if lease.url in ("", self._own_url):
            self._unknown.failed(f"its FARMLIVE_NODE_URL is {'ours' if lease.url else 'not set'}")
            raise OtherServer
        self._unknown.recovered()
        self._check_silent(lease)
        turns = self._turns[lease.url]
        try:
            async with asyncio.timeout(_TURN_S):
                await turns.acquire()
        except TimeoutError:  # it is busy with other requests
            raise HolderAway from None
        try:
            self._check_silent(lease)
            said = await self._post(lease, written(operation, broadcast, text, facts))
        finally:
            turns.release()
        self._away.recovered()
        self.forwarded += 1
        if "problem" in said:
            raise _problem(**said["problem"])
        if "gone" in said:
            raise HolderGone
        if "elsewhere" in said:
            raise NotHere
        return said["result"]

    def _check_silent(self, lease: Lease) -> None:
        if time.monotonic() < self._silent.get(lease.node, 0.0):
            raise HolderAway

    async def _post(self, lease: Lease, body: bytes) -> dict[str, Any]:
        authorization, nonce = self._signer.sign(lease.node, body, lease.url)
        try:
            async with asyncio.timeout(CONNECT_S + ANSWER_S):
                status, seal, answer = await self._send(lease.url, body, authorization)
        except httpx.PoolTimeout:  # no request was sent
            raise HolderAway from None
        except (TimeoutError, httpx.TimeoutException):
            now = time.monotonic()
            self._silent = {node: until for node, until in self._silent.items() if until > now}
            self._silent[lease.node] = now + SILENT_S
            self._away.failed(f"{lease.url} does not answer in time")
            raise HolderAway from None
        except httpx.HTTPError as error:
            self._away.failed(f"{lease.url} can't be reached ({type(error).__name__})")
            if any(isinstance(each, ConnectionRefusedError) for each in _causes(error)):
                raise HolderGone from None
            raise HolderAway from None
        if status != 200 or not self._signer.is_sealed(nonce, answer, seal):
            self._away.failed(f"{lease.url} answers {status}, not as our server")
            raise HolderAway
        found: dict[str, Any] = compact_json.decode(answer)
        return found

    async def _send(self, url: str, body: bytes, authorization: str) -> tuple[int, str, bytes]:
        """Return status, signature and body of the response, read up to the size of the largest
        legitimate one.
        """
        headers = {"Authorization": authorization, "Content-Type": "application/octet-stream"}
        answer = b""
        async with self._http.stream("POST", url + PATH, content=body, headers=headers) as response:
            async for part in response.aiter_raw():
                answer += part
                if len(answer) > MOST_BYTES:
                    break
        return response.status_code, response.headers.get(SCHEME, ""), answer


class ClusterSessions:
    """The sessions of all servers on this database; implements `media.Signalling`."""

    def __init__(self, local: LocalSessions, leases: Leases, forwarding: Forwarding):
        self._local = local
        self._leases = leases
        self._forwarding = forwarding

    async def publish(
        self, broadcast: str, admission: Admission, offer: str, asked_at: str = ""
    ) -> Opened:
        """Accept a publisher's offer where the broadcast's media is, or here if it is nowhere."""
        for _ in range(2):
            async with self._leases.held(broadcast) as other:
                if other is None:
                    self._forwarding.need_nobody()
                    return await self._local.publish(broadcast, admission, offer, asked_at)
            try:
                given = asdict(admission)
                found = await self._forwarding.ask(
                    other, "publish", broadcast, offer, admission=given
                )
                return Opened(*found)
            except NotHere:
                continue
            except (HolderGone, HolderAway):
                break
        raise HolderAway(_PUBLISHER_AGAIN_S)

    async def view(
        self, broadcast: str, offer: str, address: str | None, choice: Choice = "auto"
    ) -> Opened:
        """Accept a viewer's offer."""
        found = await self._ask("view", broadcast, offer, address=address, choice=choice)
        if found is HERE:
            return await self._local.view(broadcast, offer, address, choice)
        return Opened(*found)

    async def preview(self, broadcast: str, source: str, offer: str) -> Opened:
        """Accept the offer of a preview of a source."""
        found = await self._ask("preview", broadcast, offer, source=source)
        if found is HERE:
            return await self._local.preview(broadcast, source, offer)
        return Opened(*found)

    async def patch(
        self, broadcast: str, session: str, body: str, if_match: str | None, *, publisher: bool
    ) -> tuple[str, str] | None:
        """Accept a trickle ICE fragment, or restart ICE."""
        other = await self._other(broadcast, session)
        if other is None:
            return await self._local.patch(broadcast, session, body, if_match, publisher=publisher)
        found = await self._of_session(
            other,
            "patch",
            broadcast,
            body,
            session=session,
            if_match=if_match,
            publisher=publisher,
        )
        return None if found is None else (found[0], found[1])

    async def layer(self, broadcast: str, session: str, most: int | None) -> None:
        """Limit the layer that a viewer gets."""
        other = await self._other(broadcast, session)
        if other is None:
            await self._local.layer(broadcast, session, most)
        else:
            await self._of_session(other, "layer", broadcast, session=session, most=most)

    async def delivery(self, broadcast: str, session: str) -> ViewerDelivery:
        """Return what a viewer gets of the stream."""
        other = await self._other(broadcast, session)
        if other is None:
            return await self._local.delivery(broadcast, session)
        return ViewerDelivery(
            **await self._of_session(other, "delivery", broadcast, session=session)
        )

    async def choose(self, broadcast: str, session: str, choice: Choice) -> None:
        """Let a viewer get what it chose."""
        other = await self._other(broadcast, session)
        if other is None:
            await self._local.choose(broadcast, session, choice)
        else:
            await self._of_session(other, "choose", broadcast, session=session, choice=choice)

    async def report_delay(self, broadcast: str, session: str, ms: int) -> None:
        """Count how late a viewer sees the picture."""
        other = await self._other(broadcast, session)
        if other is None:
            await self._local.report_delay(broadcast, session, ms)
        else:
            await self._of_session(other, "report_delay", broadcast, session=session, ms=ms)

    async def delete(self, broadcast: str, session: str, *, publisher: bool) -> None:
        """End a session."""
        other = await self._other(broadcast, session)
        if other is None:
            await self._local.delete(broadcast, session, publisher=publisher)
        else:
            await self._of_session(other, "delete", broadcast, session=session, publisher=publisher)

    async def is_open(self, broadcast: str, session: str, *, publisher: bool = False) -> bool:
        """Return whether a session may still be open; True while its server does not answer."""
        other = await self._other(broadcast, session)
        if other is None:
            return await self._local.is_open(broadcast, session, publisher=publisher)
        given = {"session": session, "publisher": publisher}
        try:
            return bool(await self._forwarding.ask(other, "is_open", broadcast, "", **given))
        except (NotHere, HolderGone, OtherServer):
            self._leases.forget(broadcast)
            return False
        except HolderAway:
            return True

    def record_rejection(self, broadcast: str, admission: Admission, problem: Problem) -> None:
        """Record, on this server, a request that was refused before its offer was read."""
        self._local.record_rejection(broadcast, admission, problem)

    # Requests of the studio.

    async def switch(self, broadcast: str, source: str) -> bool:
        """Put a source on air; return whether viewers get it already. Raises what `Relay.switch`
        raises.
        """
        found = await self._ask("switch", broadcast, source=source)
        return self._local.switch(broadcast, source) if found is HERE else bool(found)

    async def health(self, broadcast: str) -> dict[str, Any]:
        """Return the health of each source of the broadcast, as `Relay.health`."""
        found = await self._ask("health", broadcast)
        return self._local.health(broadcast) if found is HERE else dict(found)

    async def _holder(self, broadcast: str) -> Lease | None:
        other = await self._leases.holder(broadcast)
        if other is None:
            self._forwarding.need_nobody()
        return other

    async def _ask(self, operation: str, broadcast: str, text: str = "", **facts: Any) -> Any:
        """Return the holder's result; HERE if no other server has the lease."""
        for _ in range(2):  # a second time for a server that has taken the lease since
            other = await self._holder(broadcast)
            if other is None:
                return HERE
            try:
                return await self._forwarding.ask(other, operation, broadcast, text, **facts)
            except NotHere:
                self._leases.forget(broadcast)
            except HolderGone:
                break
        raise HolderAway

    async def _other(self, broadcast: str, session: str) -> Lease | None:
        """Return the server that may have a session that is not here, or None."""
        if self._local.has(broadcast, session):
            return None
        return await self._holder(broadcast)

    async def _of_session(
        self, other: Lease, operation: str, broadcast: str, text: str = "", **facts: Any
    ) -> Any:
        """Send a request about a session to the holder; a session whose server has ended is
        gone.
        """
        try:
            return await self._forwarding.ask(other, operation, broadcast, text, **facts)
        except (NotHere, HolderGone, OtherServer):
            self._leases.forget(broadcast)
            raise SessionGone("Begin a new one with a POST.") from None


def written(operation: str, broadcast: str, text: str, facts: dict[str, Any]) -> bytes:
    """Serialize a request: a line of JSON, and the text unchanged."""
    return compact_json.encode([operation, broadcast, facts]) + b"\n" + text.encode()


def read(body: bytes) -> tuple[str, str, str, dict[str, Any]]:
    """Parse what `written` wrote."""
    head, _, text = body.partition(b"\n")
    operation, broadcast, facts = compact_json.decode(head)
    return operation, broadcast, text.decode(), facts


def _problem(slug: str, detail: str, headers: dict[str, str], members: dict[str, Any]) -> Problem:
    """Return the problem that the other server raised."""
    kind = _RAISED.get(slug, HolderAway)
    problem = kind.__new__(kind)
    Problem.__init__(problem, detail, headers=headers, **members)
    return problem


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _causes(each)
        error = error.__cause__ or error.__context__
