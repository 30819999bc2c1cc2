"""Forwards what WHIP, WHEP and the studio ask to the server that has the broadcast's media.

The server that was asked decides who may do what, by its own cookies, keys, limits and names; what
it forwards are the facts: which source, which IP is counted, the offer. receiving.py answers there,
signing.py keeps others out.
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
from farmlive.media.session_service import Here, Opened
from farmlive.media.wire.errors import BY_SLUG, HolderAway, OtherServer, SessionGone
from farmlive.nodes.leases import Lease, Leases
from farmlive.nodes.problems import HolderGone, NotHere
from farmlive.nodes.signing import SCHEME, Signer
from farmlive.outages import Outages
from farmlive.problems import Problem
from farmlive.store.failures import CommitFailed, CommitUnknown, NewerDatabase, NotRead

PATH = "/internal/media"
CONNECT_S, ANSWER_S = 1.0, 4.0
# A server that did not answer in time is not asked for so long.
SILENT_S = 1.0
# For so long staff read that a server's address is missing.
LACKED_S = 60.0
# A session description, and what is said of it; or what is said of some cameras.
MOST_BYTES = 192 * 1024
_MOST_CONNECTIONS = 100
# Requests that one server has at a time. The others wait for their turn here, as each that waits
# inside httpx costs time for every one that is begun or done.
_AT_ONCE = 32
_TURN_S = 10.0
# Less than a server keeps an idle connection.
_IDLE_S = 2.0
# In the place of an answer: nobody else is to be asked.
HERE = object()
# What the holder raises: media, and the database where it takes the lease anew.
_RAISED = BY_SLUG | {
    kind.slug: kind for kind in (CommitFailed, CommitUnknown, NewerDatabase, NotRead)
}
# A publisher comes back sooner than viewers, who find it there.
_PUBLISHER_AGAIN_S = 1


class Forwarding:
    """Asks other servers; `own_url` is where they ask this one."""

    def __init__(self, signer: Signer, outages: Outages, own_url: str = ""):
        self._signer = signer
        self._own_url = own_url
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S, pool=CONNECT_S),
            limits=httpx.Limits(
                max_connections=_MOST_CONNECTIONS,
                max_keepalive_connections=_AT_ONCE,
                keepalive_expiry=_IDLE_S,
            ),
            trust_env=False,
            # A jar that takes no cookie of any server.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            # The system's authorities, and those of SSL_CERT_FILE.
            verify=ssl.create_default_context(),
        )
        self._silent: dict[str, float] = {}
        # By address, so that a server that does not answer keeps nobody from another.
        self._turns: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))
        self._away = outages.watch(
            "media_server",
            lost="the server with a broadcast's cameras does not answer this one",
            back="the servers with broadcasts' cameras are reached again",
            what_to_do="See that it runs, and that this server reaches its FARMLIVE_NODE_URL.",
        )
        self._unknown = outages.watch(
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
        """Whether, within the last minute, another server had the cameras and nobody had said where
        it is reached.
        """
        ago = self._unknown.failed_s
        return ago is not None and ago < LACKED_S

    def need_nobody(self) -> None:
        """Nobody is to be asked, as where another server has taken the place of one that was."""
        self._away.recovered()
        self._unknown.recovered()

    async def ask(
        self, lease: Lease, operation: str, broadcast: str, text: str = "", **facts: Any
    ) -> Any:
        """Have the holder do it: what it answered. `text` is an offer or a fragment.

        Raises the Problem that it raised, OtherServer, HolderAway, HolderGone, and NotHere where it
        does not hold the lease any more.
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
        except TimeoutError:  # it is busy, and answers others
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
        except httpx.PoolTimeout:  # it was not asked
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
        """Status, signature and body of the answer, which is read no further than any of ours is
        long.
        """
        headers = {"Authorization": authorization, "Content-Type": "application/octet-stream"}
        answer = b""
        async with self._http.stream("POST", url + PATH, content=body, headers=headers) as response:
            async for part in response.aiter_raw():
                answer += part
                if len(answer) > MOST_BYTES:
                    break
        return response.status_code, response.headers.get(SCHEME, ""), answer


class Anywhere:
    """The sessions of all servers on this database; implements `media.Signalling`."""

    def __init__(self, here: Here, leases: Leases, forwarding: Forwarding):
        self._here = here
        self._leases = leases
        self._forwarding = forwarding

    async def publish(
        self, broadcast: str, admission: Admission, offer: str, asked_at: str = ""
    ) -> Opened:
        """Take a publisher's offer where the broadcast's media is, or here where it is nowhere."""
        for _ in range(2):
            async with self._leases.held(broadcast) as other:
                if other is None:
                    self._forwarding.need_nobody()
                    return await self._here.publish(broadcast, admission, offer, asked_at)
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

    async def view(self, broadcast: str, offer: str, address: str | None) -> Opened:
        """Take a viewer's offer."""
        found = await self._ask("view", broadcast, offer, address=address)
        return await self._here.view(broadcast, offer, address) if found is HERE else Opened(*found)

    async def preview(self, broadcast: str, source: str, offer: str) -> Opened:
        """Take the offer of one who looks at a source."""
        found = await self._ask("preview", broadcast, offer, source=source)
        if found is HERE:
            return await self._here.preview(broadcast, source, offer)
        return Opened(*found)

    async def patch(
        self, broadcast: str, session: str, body: str, if_match: str | None, *, publisher: bool
    ) -> tuple[str, str] | None:
        """Take a trickle fragment, or restart ICE."""
        other = await self._other(broadcast, session)
        if other is None:
            return await self._here.patch(broadcast, session, body, if_match, publisher=publisher)
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
            await self._here.layer(broadcast, session, most)
        else:
            await self._of_session(other, "layer", broadcast, session=session, most=most)

    async def delete(self, broadcast: str, session: str, *, publisher: bool) -> None:
        """End a session."""
        other = await self._other(broadcast, session)
        if other is None:
            await self._here.delete(broadcast, session, publisher=publisher)
        else:
            await self._of_session(other, "delete", broadcast, session=session, publisher=publisher)

    async def is_open(self, broadcast: str, session: str, *, publisher: bool = False) -> bool:
        """Whether a session may still be there, as while its server does not answer."""
        other = await self._other(broadcast, session)
        if other is None:
            return await self._here.is_open(broadcast, session, publisher=publisher)
        given = {"session": session, "publisher": publisher}
        try:
            return bool(await self._forwarding.ask(other, "is_open", broadcast, "", **given))
        except (NotHere, HolderGone, OtherServer):
            self._leases.forget(broadcast)
            return False
        except HolderAway:
            return True

    def refused(self, broadcast: str, admission: Admission, problem: Problem) -> None:
        """Note a request that was refused before it came to an offer, on this server."""
        self._here.refused(broadcast, admission, problem)

    # What the studio asks.

    async def switch(self, broadcast: str, source: str) -> bool:
        """Put a source on air; whether viewers get it already. Raises what `Relay.switch` does."""
        found = await self._ask("switch", broadcast, source=source)
        return self._here.switch(broadcast, source) if found is HERE else bool(found)

    async def health(self, broadcast: str) -> dict[str, Any]:
        """How each source of the broadcast does, as `Relay.health`."""
        found = await self._ask("health", broadcast)
        return self._here.health(broadcast) if found is HERE else dict(found)

    async def _holder(self, broadcast: str) -> Lease | None:
        other = await self._leases.holder(broadcast)
        if other is None:
            self._forwarding.need_nobody()
        return other

    async def _ask(self, operation: str, broadcast: str, text: str = "", **facts: Any) -> Any:
        """What the holder answered; HERE where no other server has the lease."""
        for _ in range(2):  # the second time of one who took it since
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
        """The server that may have a session that this one has not."""
        if self._here.has(broadcast, session):
            return None
        return await self._holder(broadcast)

    async def _of_session(
        self, other: Lease, operation: str, broadcast: str, text: str = "", **facts: Any
    ) -> Any:
        """Ask the holder; of a session whose server has ended nothing is left."""
        try:
            return await self._forwarding.ask(other, operation, broadcast, text, **facts)
        except (NotHere, HolderGone, OtherServer):
            self._leases.forget(broadcast)
            raise SessionGone("Begin a new one with a POST.") from None


def written(operation: str, broadcast: str, text: str, facts: dict[str, Any]) -> bytes:
    """Write a request: a line of JSON, and the text as it is."""
    return compact_json.encode([operation, broadcast, facts]) + b"\n" + text.encode()


def read(body: bytes) -> tuple[str, str, str, dict[str, Any]]:
    """Read what `written` wrote."""
    head, _, text = body.partition(b"\n")
    operation, broadcast, facts = compact_json.decode(head)
    return operation, broadcast, text.decode(), facts


def _problem(slug: str, detail: str, headers: dict[str, str], members: dict[str, Any]) -> Problem:
    """The problem that the other server raised."""
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
