"""The live channel: admits clients, sends each one a snapshot or the events that it missed, and
runs the commands in its messages.

Rooms declare the commands; the hub sends all later events.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import structlog
from fastapi import WebSocket
from pydantic import ValidationError
from sqlalchemy import Connection
from starlette.websockets import WebSocketDisconnect

from farmlive import compact_json
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.chat import may_choose_nickname, nickname_of
from farmlive.broadcast.events.audience_filter import PUBLIC, STAFF, farm_audience
from farmlive.broadcast.hub import TRY_AGAIN_LATER, Hub, encode
from farmlive.broadcast.models import ChatSay
from farmlive.broadcast.snapshot import view
from farmlive.broadcast.wire import replies
from farmlive.broadcast.wire.client import Client
from farmlive.broadcast.wire.open_channels import OpenChannels
from farmlive.broadcast.wire.ws_protocol import TOO_MANY, text_frame, wire_of
from farmlive.clock import now_ms
from farmlive.commands import Command
from farmlive.edge import control_characters
from farmlive.people import Caller, Guard, RateLimits
from farmlive.problems import Invalid, NotFound, Problem, Unauthorized, Unavailable
from farmlive.settings import Settings
from farmlive.store import Store

SUBPROTOCOL = "farmlive.v1"
UNKNOWN_BROADCAST = 4404
REFUSED = 4403
UNKNOWN_KEY = 4401
# Most commas in a frame, which bounds its size when parsed: an order of fifty lines has about two
# hundred.
MAX_COMMAS = 2_000
# How often to check a role again, in seconds: the longest that a client without it keeps its view.
RIGHTS_S = 4.0
# How often a client of the team that asked for heartbeats gets one, in seconds.
HEARTBEAT_S = 1.0
# How many clients may join at a time, and how long each waits for its turn: orders need the same
# database readers.
JOIN_AT_ONCE = 8
JOIN_WITHIN_S = 10.0

_HEARTBEAT = text_frame(compact_json.encode({"type": "heartbeat"}))

OrdersOf = Callable[[Connection, str, str], list[str]]

_log = structlog.get_logger(__name__)


class UnknownType(NotFound):
    """No message has that type."""

    slug = "unknown-message-type"
    title = "There is no such message type"


class Malformed(Invalid):
    """The frame is not a JSON object in a text frame."""

    slug = "malformed-message"
    title = "The message can't be read"


class RightsChanged(Unauthorized):
    """The sign-in that opened the channel is over, or its role is another now."""

    slug = "rights-changed"
    title = "Your sign-in has ended or your role was changed"


class Channel:
    """Serves all live channels of this server.

    `commands` are those of every room. `orders_of` is the query that returns a device's `order:`
    audiences in a broadcast.
    """

    def __init__(
        self,
        store: Store,
        broadcasts: Broadcasts,
        guard: Guard,
        limits: RateLimits,
        settings: Settings,
        *,
        commands: Iterable[Command[Any]],
        orders_of: OrdersOf,
    ):
        self._store = store
        self._broadcasts = broadcasts
        self._guard = guard
        self._limits = limits
        self._channels = OpenChannels(settings.max_channels_per_address)
        self.settings = settings
        self._joining = asyncio.Semaphore(JOIN_AT_ONCE)
        self._orders_of = orders_of
        self.commands = {command.name: command for command in commands}

    async def serve(self, websocket: WebSocket, broadcast: str) -> None:
        """Serve one client until it disconnects."""
        if self._guard.is_cross_site(websocket):
            await websocket.close()
            return
        offered = websocket.scope["subprotocols"]
        await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        async with contextlib.AsyncExitStack() as opened:
            try:
                async with self._limit_joins():
                    caller, after = await self._admit(websocket)
                    opened.enter_context(self._channels.counting(caller))
                    hub = await opened.enter_async_context(self._broadcasts.hub(broadcast))
                    client = await self._welcome(websocket, hub, caller, after)
            except Problem as problem:
                await _refuse(websocket, problem)
                return
            if client.watches:
                self._broadcasts.watches.begin(hub.broadcast, client, resumed=bool(after))
            await self._serve(websocket, hub, client, caller)

    async def _serve(self, websocket: WebSocket, hub: Hub, client: Client, caller: Caller) -> None:
        beside: list[asyncio.Task[None]] = []
        if _may_lose_rights(caller):
            rights = self._watch_rights(websocket, hub, client, caller)
            beside.append(asyncio.create_task(rights))
        if caller.is_crew and "heartbeat" in websocket.query_params:
            beside.append(asyncio.create_task(_beat(hub, client)))
        try:
            await self._listen(websocket, hub, client, caller)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            hub.leave(client)
            self._broadcasts.watches.end(client)

    # Joining.

    @contextlib.asynccontextmanager
    async def _limit_joins(self) -> AsyncIterator[None]:
        """Let JOIN_AT_ONCE clients join at a time, which leaves readers for orders.

        Raises Unavailable.
        """
        try:
            async with asyncio.timeout(JOIN_WITHIN_S):
                await self._joining.acquire()
        except TimeoutError:
            raise Unavailable(
                "More come in at the moment than this server takes. Try again in a few seconds."
            ) from None
        try:
            yield
        finally:
            self._joining.release()

    async def _admit(self, websocket: WebSocket) -> tuple[Caller, int | None]:
        caller = await self._guard.caller(websocket)
        if caller.role is not None:
            wire_of(websocket.scope).exempt()
        self._limits.allow("join", caller.address, self.settings.joins_per_minute)
        text = websocket.query_params.get("after")
        if text is None:
            return caller, None
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise Invalid("`after` must be the `to` of the last frame you got, a whole number.")
        return caller, int(text)

    async def _welcome(
        self, websocket: WebSocket, hub: Hub, caller: Caller, after: int | None
    ) -> Client:
        row = await self._broadcasts.get(hub.broadcast)
        await hub.catch_up_to(after or 0)
        seq = hub.scene.seq
        orders = await self._store.read(
            lambda connection: self._orders_of(connection, hub.broadcast, caller.device)
        )
        audiences = {PUBLIC, *orders, *(farm_audience(farm) for farm in caller.farms)}
        audiences |= hub.orders_since(seq, caller.device)  # orders and holds since the query
        if caller.is_crew:
            audiences.add(STAFF)
        client = Client(
            wire=wire_of(websocket.scope),
            device=caller.device,
            audiences=frozenset(audiences),
            nickname=nickname_of(caller),
            role=caller.role,
            joined_at=now_ms(),
        )
        you = {"role": client.role, "nickname": client.nickname}
        said = {"now": now_ms(), "you": you}
        # No await from here to `join`, so that no event can fall between the two.
        if after is not None and hub.missed(after):
            client.to = after
            frame = hub.frame(client, said)
        else:
            snapshot = {
                "broadcast": {**row.model_dump(), "state": hub.scene.state},
                **view(hub.scene, client.audiences),
            }
            frame = encode({"type": "welcome", "to": hub.scene.seq, **said, "snapshot": snapshot})
        client.to = hub.scene.seq
        client.wire.put(frame)
        hub.join(client)
        return client

    async def _watch_rights(
        self, websocket: WebSocket, hub: Hub, client: Client, caller: Caller
    ) -> None:
        """Close the channel of a client that signed out, was blocked or got another role."""
        while client in hub.clients:
            await asyncio.sleep(RIGHTS_S)
            try:
                # On air an open channel counts as use of the sign-in, so that it does not expire.
                on_air = hub.scene.state == "live"
                now = await self._guard.identify(websocket, is_use=on_air)
                same = _rights(now) == _rights(caller)
            except Unauthorized:
                same = False
            except Unavailable:
                continue
            if not same:
                problem = RightsChanged("Nothing was lost. Reload the page, and sign in if asked.")
                hub.leave(client)
                client.wire.put(text_frame(replies.problem(problem)))
                client.wire.cut(UNKNOWN_KEY, problem.title)

    # Messages.

    async def _listen(self, websocket: WebSocket, hub: Hub, client: Client, caller: Caller) -> None:
        while True:
            frame = await websocket.receive()
            if frame["type"] == "websocket.disconnect":
                return
            reply = await self._answer(websocket, frame.get("text"), hub, client, caller)
            if client in hub.clients:
                client.wire.put(encode(reply))
                if client.wire.buffered() > 1 << 20:
                    hub.cut(client)
            # One packet may hold many messages: let other tasks run between them.
            await asyncio.sleep(0)

    async def _answer(
        self,
        websocket: WebSocket,
        text: str | None,
        hub: Hub,
        client: Client,
        caller: Caller,
    ) -> dict[str, Any]:
        identity: str | int | None = None
        try:
            message = _read(text)
            identity = replies.identity_of(message.get("id"))
            control_characters.check(message)
            if _may_lose_rights(caller):  # the role may have been revoked meanwhile
                caller = await self._guard.identify(websocket, is_use=True)
            command = self.commands.get(str(message.get("type")))
            if command is None:
                known = ", ".join(sorted(self.commands))
                raise UnknownType(f"Send one of these types: {known}.")
            parsed = command.parse(caller, message)
            says = isinstance(parsed, ChatSay) and may_choose_nickname(caller)
            if says and parsed.nickname is None:
                parsed.nickname = client.nickname
            result = await command.execute(caller, hub.broadcast, parsed)
            if says:
                client.nickname = parsed.nickname
        except Problem as problem:
            # Log only registered types: any other is free text of a client.
            known = str(message.get("type")) if problem.status == 403 else ""
            self._guard.record_refusal(caller, known, problem)
            return replies.failure(identity, problem)
        except ValidationError as error:
            return replies.failure(identity, invalid(error))
        except Exception:
            _log.exception("a message of the channel failed")
            ours = Unavailable("Something went wrong on our side. Try again in a moment.")
            return replies.failure(identity, ours)
        return {"type": "reply", "id": identity, "ok": True, "result": result}


async def _beat(hub: Hub, client: Client) -> None:
    """Send a heartbeat every second: without one, a page can't tell a quiet broadcast from a server
    that hangs.
    """
    while client in hub.clients:
        client.wire.put(_HEARTBEAT)
        await asyncio.sleep(HEARTBEAT_S)


def _rights(caller: Caller) -> tuple[object, ...]:
    return caller.role, caller.farms, caller.centres


def _may_lose_rights(caller: Caller) -> bool:
    return caller.role is not None and not caller.simulated


def invalid(error: ValidationError) -> Invalid:
    """Return a problem that lists the invalid fields, without repeating their values."""
    return Invalid.of(error.errors(include_url=False, include_input=False, include_context=False))


def _read(text: str | None) -> dict[str, Any]:
    if text is None:
        raise Malformed("Send text frames, each one JSON object.")
    if text.count(",") > MAX_COMMAS:
        raise Malformed("The frame holds more than any message needs: send a message a frame.")
    try:
        message = compact_json.decode(text)
    except ValueError as error:
        raise Malformed("The frame is not JSON: send one JSON object a frame.") from error
    if not isinstance(message, dict):
        raise Malformed("Send one JSON object a frame, with a `type`.")
    return message


async def _refuse(websocket: WebSocket, problem: Problem) -> None:
    codes = {
        401: UNKNOWN_KEY,
        403: REFUSED,
        404: UNKNOWN_BROADCAST,
        429: TOO_MANY,
        503: TRY_AGAIN_LATER,
    }
    try:
        await websocket.send_text(replies.problem(problem).decode())
        await websocket.close(codes.get(problem.status, 4400), problem.title[:120])
    except WebSocketDisconnect:
        return
