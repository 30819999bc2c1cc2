"""The commands of a broadcast, one method for each. channel.py sends them on the live channel,
CommandsOverHttp as HTTP requests.
"""

import asyncio
import re
import secrets
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import quote

import httpx

from farmlive.client.connection import Connection
from farmlive.client.http import Json, Money, Refusal
from farmlive.client.requests_of_commands import REQUESTS

# How long to wait before a repeat, at first and at most, unless the server says how long.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_RANDOM = secrets.SystemRandom()


class ChannelProblem(Refusal):
    """The server refused a command on the channel."""


class ChannelDropped(Exception):
    """The connection was lost before the reply, so the caller does not know whether the command was
    executed.

    Repeat an `order.place` with the same key: it is done once. `release`, `flash` and `correct`
    repeat themselves.
    """


class Commands(ABC):
    """The commands of a broadcast; subclasses define `call`, which sends them."""

    @abstractmethod
    async def call(self, type: str, *, timeout_s: float = 10.0, **fields: Any) -> Json:
        """Send a command and return its result."""

    async def _call_with_retries(
        self, type: str, key: str | None, timeout_s: float, **fields: Any
    ) -> Json:
        """Send a command with an idempotency key, and retry it with the same key until a reply
        comes: after a random, growing pause, or as the server's `Retry-After` says.

        Leaves out fields that are None.
        """
        pause_s = _FIRST_PAUSE_S
        wanted = {name: value for name, value in fields.items() if value is not None}
        wanted["key"] = key or secrets.token_urlsafe(18)
        async with asyncio.timeout(timeout_s):
            while True:
                retry_after_s = 0.0
                try:
                    return await self.call(type, timeout_s=timeout_s, **wanted)
                except ChannelDropped:
                    continue
                except httpx.TransportError:
                    pass
                except Refusal as refusal:
                    if refusal.status < 500:
                        raise
                    retry_after_s = getattr(refusal, "retry_after", None) or 0.0
                await asyncio.sleep(max(retry_after_s, _RANDOM.uniform(0.5, 1) * pause_s))
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def say(self, text: str, nickname: str | None = None, *, timeout_s: float = 10.0) -> Json:
        """Send a chat message, `{"seq"}`; the connection keeps the nickname. Raises what `call`
        raises.
        """
        more = {} if nickname is None else {"nickname": nickname}
        return await self.call("chat.say", text=text, timeout_s=timeout_s, **more)

    async def hide(self, message: int, *, timeout_s: float = 10.0) -> Json:
        """Hide the message with this `seq` and erase its text (crew only). Raises what `call`
        raises.
        """
        return await self.call("chat.hide", message=message, timeout_s=timeout_s)

    async def queue(self, message: int, *, timeout_s: float = 10.0) -> Json:
        """Put the message with this `seq` into the queue of questions (crew only). Raises what
        `call` raises.
        """
        return await self.call("chat.queue", message=message, timeout_s=timeout_s)

    async def drop_question(self, message: int, *, timeout_s: float = 10.0) -> Json:
        """Take the message with this `seq` out of the queue of questions (crew only). Raises what
        `call` raises.
        """
        return await self.call("chat.drop", message=message, timeout_s=timeout_s)

    async def answer(
        self, message: int, reply: str | None = None, *, timeout_s: float = 10.0
    ) -> Json:
        """Show viewers that this message is answered, with a written `reply` or aloud (crew only).
        Raises what `call` raises.
        """
        more = {} if reply is None else {"reply": reply}
        return await self.call("chat.answer", message=message, timeout_s=timeout_s, **more)

    async def clear_answer(self, *, timeout_s: float = 10.0) -> Json:
        """Take the answer away that viewers read (crew only). Raises what `call` raises."""
        return await self.call("chat.clear", timeout_s=timeout_s)

    async def mute(self, message: int, duration: str = "show", *, timeout_s: float = 10.0) -> Json:
        """Mute the sender of this message (crew only), `{"id","until",…}`.

        `duration` is `ten_minutes`, `show` or `ninety_days`. Raises what `call` raises.
        """
        return await self.call("chat.mute", message=message, duration=duration, timeout_s=timeout_s)

    async def unmute(self, mute: str, *, timeout_s: float = 10.0) -> None:
        """End a mute, by its id (crew only). Raises what `call` raises."""
        await self.call("chat.unmute", mute=mute, timeout_s=timeout_s)

    async def react(self, count: int = 1, *, timeout_s: float = 10.0) -> None:
        """Send hearts, up to twenty. Raises what `call` raises."""
        await self.call("react", count=count, timeout_s=timeout_s)

    async def open_card(self, offer: str, *, timeout_s: float = 10.0) -> Json:
        """Open a card, `{"offer"}`, as in the snapshot. Raises what `call` raises."""
        return await self.call("card.open", offer=offer, timeout_s=timeout_s)

    async def pin(self, offer: str, *, timeout_s: float = 10.0) -> Json:
        """Pin an offer's card over the video (crew only), `{"seq"}`. Raises what `call` raises."""
        return await self.call("card.pin", offer=offer, timeout_s=timeout_s)

    async def unpin(self, *, timeout_s: float = 10.0) -> Json:
        """Unpin the card (crew only), `{"seq"}`, null if none was pinned. Raises what `call`
        raises.
        """
        return await self.call("card.unpin", timeout_s=timeout_s)

    async def switch(self, source: str, *, timeout_s: float = 10.0) -> Json:
        """Put a source on air, `{"id","label","on_air"}`. Raises what `call` raises.

        `on_air` is false until its next keyframe; then a `source.switched` event comes.
        """
        return await self.call("source.switch", source=source, timeout_s=timeout_s)

    async def order(self, key: str, order: Json, *, timeout_s: float = 10.0) -> Json:
        """Place an order; `order` has `lines`, `buyer`, `delivery` and `payment`.

        `key` (16 to 64 characters) makes it one order, however often it is sent. Raises what `call`
        raises.
        """
        return await self.call("order.place", key=key, timeout_s=timeout_s, **order)

    async def hold(
        self, key: str, lines: list[Json], *, timeout_s: float = 10.0, **more: Any
    ) -> Json:
        """Hold stock while the buyer fills in the order, `{"id","until","lines","total","final"}`.

        `more` is the `proof`, if the server requires one. Raises what `call` raises; the same key
        with the same lines is one hold.
        """
        return await self.call("hold.place", key=key, lines=lines, timeout_s=timeout_s, **more)

    async def drop_hold(self, order: str, *, timeout_s: float = 10.0) -> None:
        """Drop this device's hold. Raises what `call` raises."""
        await self.call("hold.drop", order=order, timeout_s=timeout_s)

    async def join_waitlist(
        self, offer: str, quantity: int, *, timeout_s: float = 10.0, **more: Any
    ) -> Json:
        """Join the waiting list for a number of boxes of an offer;
        `{"offer","quantity","place","waiting"}`.

        The server holds returned boxes for this device and sends `order.held` with `waited`. A
        place of 0 means that they are held already. `more` are the `key`, and its `proof` if the
        server requires one. Raises what `call` raises.
        """
        return await self.call(
            "wait.join", offer=offer, quantity=quantity, timeout_s=timeout_s, **more
        )

    async def leave_waitlist(self, offer: str, *, timeout_s: float = 10.0) -> None:
        """Leave the waiting list of an offer. Raises what `call` raises."""
        await self.call("wait.leave", offer=offer, timeout_s=timeout_s)

    async def release(
        self, offer: str, quantity: int, *, key: str | None = None, timeout_s: float = 10.0
    ) -> Json:
        """Release boxes of an offer, or withdraw some if negative (staff only).

        Returns the stock afterwards, `{"offer","released","sold","held","kept","left",…}`. Retried
        until a reply comes, and executed once; after a TimeoutError, another call with the same
        `key` returns the result. Raises Refusal, TimeoutError, ChannelClosed.
        """
        return await self._call_with_retries(
            "offer.release", key, timeout_s, offer=offer, quantity=quantity
        )

    async def change_offer(self, offer: str, *, timeout_s: float = 10.0, **change: Any) -> Json:
        """Change an offer, such as its `price`, which is Money, and return its card (staff only).

        A `list_price` of None removes it. Raises what `call` raises.
        """
        return await self.call("offer.change", offer=offer, timeout_s=timeout_s, **change)

    async def flash(
        self,
        offer: str,
        price: Money,
        boxes: int,
        seconds: int,
        *,
        key: str | None = None,
        timeout_s: float = 10.0,
        **more: Any,
    ) -> Json:
        """Plan a flash batch: boxes at a lower price for a limited time (staff only).

        It starts now, or at `starts_at`, ms since 1970; `per_buyer` limits the boxes of one buyer.
        Retries and raises as `release` does.
        """
        wanted = {"price": price, "boxes": boxes, "seconds": seconds, **more}
        return await self._call_with_retries("flash.plan", key, timeout_s, offer=offer, **wanted)

    async def end_flash(self, flash: str, *, wrong: bool = False, timeout_s: float = 10.0) -> Json:
        """End a flash batch early (staff only). Raises what `call` raises.

        `wrong`: its price was a mistake, also of a batch that has ended; held boxes get the offer's
        price, and the orders at the wrong price are listed.
        """
        return await self.call("flash.end", flash=flash, wrong=wrong, timeout_s=timeout_s)

    async def correct(
        self,
        offer: str,
        price: Money | None = None,
        *,
        honour: bool = False,
        key: str | None = None,
        timeout_s: float = 10.0,
    ) -> Json:
        """Correct a wrong price, to the one before or a given one (staff only).

        With `honour`, existing holds keep the wrong price. Returns
        `{"offer","price","was","orders","held",…}`. Retries and raises as `release` does.
        """
        return await self._call_with_retries(
            "offer.correct", key, timeout_s, offer=offer, price=price, honour=honour
        )


class CommandsOverHttp(Commands):
    """The commands of a broadcast as HTTP requests. The result of a DELETE is empty."""

    def __init__(self, connection: Connection, broadcast: str):
        self._connection = connection
        self._broadcast = broadcast

    async def call(self, type: str, *, timeout_s: float = 10.0, **fields: Any) -> Json:
        """Send a command and return its result. Raises ApiProblem, httpx.TransportError,
        TimeoutError.
        """
        method, _, pattern = REQUESTS[type].partition(" ")
        places = {"broadcast": self._broadcast}
        places |= {name: fields.pop(name) for name in re.findall(r"{(\w+)}", pattern)[1:]}
        quoted = {name: quote(str(value), safe="") for name, value in places.items()}
        key = fields.pop("key", None)
        async with asyncio.timeout(timeout_s):
            return await self._connection.request(
                method,
                pattern.format_map(quoted),
                json=None if method == "DELETE" else fields,
                headers={} if key is None else {"Idempotency-Key": key},
            )
