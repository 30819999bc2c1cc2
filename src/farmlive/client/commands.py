"""Commands of a broadcast by name, and what may come of one: over its live channel, which
channel.py sends, or over HTTP.
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
_AGAIN_S, _LATEST_S = 0.2, 5.0
_CHANCE = secrets.SystemRandom()


class ChannelProblem(Refusal):
    """The server refused a command on the channel."""


class ChannelDropped(Exception):
    """The connection was lost before the reply; whether the command was done is not known.

    Repeat an `order.place` with the same key: it is done once. `release`, `flash` and `correct`
    repeat themselves.
    """


class Commands(ABC):
    """The commands of a broadcast; `call` sends them."""

    @abstractmethod
    async def call(self, type: str, *, timeout_s: float = 10.0, **fields: Any) -> Json:
        """Send a command and return its result."""

    async def _once(self, type: str, key: str | None, timeout_s: float, **fields: Any) -> Json:
        """Send a command with a key, and again with the same one where no answer came: each time
        later by chance, or when the server's `Retry-After` says.

        What is left out of its fields is None.
        """
        rest_s = _AGAIN_S
        wanted = {name: value for name, value in fields.items() if value is not None}
        wanted["key"] = key or secrets.token_urlsafe(18)
        async with asyncio.timeout(timeout_s):
            while True:
                asked_s = 0.0
                try:
                    return await self.call(type, timeout_s=timeout_s, **wanted)
                except ChannelDropped:
                    continue
                except httpx.TransportError:
                    pass
                except Refusal as refusal:
                    if refusal.status < 500:
                        raise
                    asked_s = getattr(refusal, "retry_after", None) or 0.0
                await asyncio.sleep(max(asked_s, _CHANCE.uniform(0.5, 1) * rest_s))
                rest_s = min(2 * rest_s, _LATEST_S)

    async def say(self, text: str, nickname: str | None = None, *, timeout_s: float = 10.0) -> Json:
        """Say something, `{"seq"}`; a nickname is kept for the connection. Raises what `call`
        raises.
        """
        more = {} if nickname is None else {"nickname": nickname}
        return await self.call("chat.say", text=text, timeout_s=timeout_s, **more)

    async def hide(self, message: int, *, timeout_s: float = 10.0) -> Json:
        """Take the message with this `seq` away, and erase its text (crew only). Raises what `call`
        raises.
        """
        return await self.call("chat.hide", message=message, timeout_s=timeout_s)

    async def mute(self, message: int, duration: str = "show", *, timeout_s: float = 10.0) -> Json:
        """Take no more messages from whoever said this one (crew only), `{"id","until",…}`.

        `duration` is `ten_minutes`, `show` or `ninety_days`. Raises what `call` raises.
        """
        return await self.call("chat.mute", message=message, duration=duration, timeout_s=timeout_s)

    async def unmute(self, mute: str, *, timeout_s: float = 10.0) -> None:
        """Let someone write again, by the mute's id (crew only). Raises what `call` raises."""
        await self.call("chat.unmute", mute=mute, timeout_s=timeout_s)

    async def react(self, count: int = 1, *, timeout_s: float = 10.0) -> None:
        """Send hearts, up to twenty. Raises what `call` raises."""
        await self.call("react", count=count, timeout_s=timeout_s)

    async def open_card(self, offer: str, *, timeout_s: float = 10.0) -> Json:
        """Look at a card, `{"offer"}`, which is as the snapshot has it. Raises what `call`
        raises.
        """
        return await self.call("card.open", offer=offer, timeout_s=timeout_s)

    async def pin(self, offer: str, *, timeout_s: float = 10.0) -> Json:
        """Show an offer's card over the video (crew only), `{"seq"}`. Raises what `call` raises."""
        return await self.call("card.pin", offer=offer, timeout_s=timeout_s)

    async def unpin(self, *, timeout_s: float = 10.0) -> Json:
        """Take the card away (crew only), `{"seq"}`, null where none was there. Raises what `call`
        raises.
        """
        return await self.call("card.unpin", timeout_s=timeout_s)

    async def switch(self, source: str, *, timeout_s: float = 10.0) -> Json:
        """Put a source on air, `{"id","label","on_air"}`. Raises what `call` raises.

        `on_air` is false while its next keyframe is waited for; `source.switched` then tells.
        """
        return await self.call("source.switch", source=source, timeout_s=timeout_s)

    async def order(self, key: str, order: Json, *, timeout_s: float = 10.0) -> Json:
        """Place an order; `order` has `lines`, `buyer`, `delivery` and `payment`.

        `key` (16 to 64 characters) makes it one order however often it is sent. Raises what `call`
        raises.
        """
        return await self.call("order.place", key=key, timeout_s=timeout_s, **order)

    async def hold(
        self, key: str, lines: list[Json], *, timeout_s: float = 10.0, **more: Any
    ) -> Json:
        """Have stock kept while the order is written, `{"id","until","lines","total","final"}`.

        `more` is the `proof` where the server wants one. Raises what `call` raises; the same key
        with the same lines is one hold.
        """
        return await self.call("hold.place", key=key, lines=lines, timeout_s=timeout_s, **more)

    async def give_back(self, order: str, *, timeout_s: float = 10.0) -> None:
        """Drop the hold of this device under this id. Raises what `call` raises."""
        await self.call("hold.drop", order=order, timeout_s=timeout_s)

    async def wait_in_line(
        self, offer: str, quantity: int, *, timeout_s: float = 10.0, **more: Any
    ) -> Json:
        """Join the waiting list for a number of boxes of an offer;
        `{"offer","quantity","place","waiting"}`.

        What comes back is held for this device; `order.held` then tells it with `waited`. A place
        of 0 says that it is held already. `more` are the `key` and its `proof` where the server
        wants one. Raises what `call` raises.
        """
        return await self.call(
            "wait.join", offer=offer, quantity=quantity, timeout_s=timeout_s, **more
        )

    async def leave_line(self, offer: str, *, timeout_s: float = 10.0) -> None:
        """Wait for an offer no more. Raises what `call` raises."""
        await self.call("wait.leave", offer=offer, timeout_s=timeout_s)

    async def release(
        self, offer: str, quantity: int, *, key: str | None = None, timeout_s: float = 10.0
    ) -> Json:
        """Release boxes of an offer, or withdraw some if negative (staff only).

        Answers how the stock is then, `{"offer","released","sold","held","kept","left",…}`. It is
        sent until it is answered, and done once; after a TimeoutError the same `key` tells what
        became of it. Raises Refusal, TimeoutError, ChannelClosed.
        """
        return await self._once("offer.release", key, timeout_s, offer=offer, quantity=quantity)

    async def change_offer(self, offer: str, *, timeout_s: float = 10.0, **change: Any) -> Json:
        """Change an offer, such as its `price`, which is Money, and return its card (staff only).

        A `list_price` of None is taken away. Raises what `call` raises.
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

        It begins now, or at `starts_at`, ms since 1970; `per_buyer` is how many each may have.
        Sent as `release` sends, and raises what that raises.
        """
        wanted = {"price": price, "boxes": boxes, "seconds": seconds, **more}
        return await self._once("flash.plan", key, timeout_s, offer=offer, **wanted)

    async def end_flash(self, flash: str, *, wrong: bool = False, timeout_s: float = 10.0) -> Json:
        """End a flash batch before its time (staff only). Raises what `call` raises.

        `wrong` says that its price was a mistake, also of one that is over: what is held of it is
        kept at the offer's price, and what was ordered at it is listed.
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
        """Put a wrong price right, to the one before or a given one (staff only).

        With `honour` what is held at the wrong price stays at it. Answers `{"offer","price","was",
        "orders","held",…}`. Sent as `release` sends, and raises what that raises.
        """
        return await self._once(
            "offer.correct", key, timeout_s, offer=offer, price=price, honour=honour
        )


class CommandsOverHttp(Commands):
    """The commands of a broadcast as requests. Of a command that takes something away the answer is
    empty.
    """

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
