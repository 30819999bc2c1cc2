"""Buyers for the bench of the till: each a device that presses "buy", over the channel or by HTTP,
and the responses to all. They parse as little as possible, so that one core serves thousands.
"""

import asyncio
import hashlib
import itertools
import json
import random
import secrets
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from farmlive.client.light_channel import LightChannel

PRICE, FLASH_PRICE = 2990, 1990
# So many buyers share a /24 of this machine's loopback network, each at an address of its own.
BLOCK = 250
OPENING = 50


def order_of(offer: str, number: int, price: int = PRICE) -> dict[str, Any]:
    """Return an order of one box by the buyer of this number, with the phone of that number."""
    return {
        "lines": [{"offer": offer, "quantity": 1, "price": price}],
        "buyer": {"name": "测量", "phone": f"138{number:08d}"},
        "delivery": {"way": "parcel", "address": "福建省福州市鼓楼区东街 12 号"},
        "payment": "cash_on_delivery",
    }


def ip_of(number: int) -> str:
    """Return the IP of the buyer of this number, in 127.0.0.0/8."""
    block = number // BLOCK
    return f"127.{1 + block // 256 % 254}.{block % 256}.{1 + number % BLOCK}"


@dataclass
class Answers:
    """The responses to all buyers: orders by their ids, how often each was acknowledged and with
    which number, token, total and fee, and refusals by slug.
    """

    placed: Counter[str] = field(default_factory=Counter)
    told: dict[str, tuple[str, str, int, int]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    took_ns: "array[int]" = field(default_factory=lambda: array("q"))

    def take(self, status: int | bool, body: dict[str, Any], due_ns: int, now_ns: int) -> None:
        """Record one response: when it was due and when it came, and whether it is an order or a
        problem.
        """
        self.took_ns.append(now_ns - due_ns)
        if status is True or status == 201:
            order = body["id"]
            self.placed[order] += 1
            sums = (body["total"]["amount"], body["fee"]["amount"])
            self.told[order] = (body["number"], body["token"], *sums)
        else:
            self.refused[body.get("type", f"status {status}").rpartition("/")[2]] += 1
            self.problems.append((now_ns, body))


class Buyer(Protocol):
    """One device: `asked` is called after each of its responses was recorded."""

    asked: Callable[["Buyer"], None] | None

    def press(self, due_ns: int) -> None:
        """Order one box, due at that monotonic time."""

    def leave(self) -> None:
        """Abort the connection."""


def proof_of(broadcast: str, key: str, bits: int) -> str:
    """Return the proof of work that an order with this key needs, as a page computes it."""
    for tried in itertools.count():
        digest = hashlib.sha256(f"{broadcast}:{key}:{tried}".encode()).digest()
        if int.from_bytes(digest) >> (256 - bits) == 0:
            return str(tried)
    raise AssertionError


class ChannelBuyer:
    """Orders over the channel; several orders may be pending. If a proof of work is required it
    computes it and sends the order again.
    """

    def __init__(self, answers: Answers, number: int):
        self.answers, self.number = answers, number
        self.asked: Callable[[Buyer], None] | None = None
        self._due: dict[int, tuple[int, str]] = {}
        self._broadcast = ""
        self._turn = 0
        self._channel: LightChannel
        self._before = self._after = b""

    async def join(self, url: str, broadcast: str, offer: str, price: int = PRICE) -> None:
        """Open the channel, to order this offer."""
        self._broadcast = broadcast
        self._channel = await LightChannel.connect(
            url, broadcast, self._frame, from_ip=ip_of(self.number)
        )
        self.choose(offer, price)

    def choose(self, offer: str, price: int = PRICE) -> None:
        """Set the offer and price of the next orders."""
        order = json.dumps(order_of(offer, self.number, price), ensure_ascii=False)
        self._before = b'{"type":"order.place","id":"'
        self._after = b"," + order[1:].encode()

    def press(self, due_ns: int) -> None:
        """Order one box, due at that monotonic time."""
        self._turn += 1
        key = secrets.token_urlsafe(16)
        self._due[self._turn] = due_ns, key
        self._say(self._turn, key)

    def _say(self, turn: int, key: str, proof: str = "") -> None:
        words = f'{turn}","key":"{key}"' + (f',"proof":"{proof}"' if proof else "")
        self._channel.say(self._before + words.encode() + self._after)

    @property
    def waiting(self) -> int:
        """How many orders are pending."""
        return len(self._due)

    @property
    def lost(self) -> bool:
        """Whether the server closed the channel."""
        return self._channel.lost

    def leave(self) -> None:
        """Abort the connection."""
        self._channel.close()

    def _frame(self, frame: bytes, now_ns: int) -> None:
        if b'"reply"' not in frame[:24]:
            return
        reply = json.loads(frame)
        turn = int(reply["id"])
        due_ns, key = self._due[turn]
        said = reply["result" if reply["ok"] else "problem"]
        if not reply["ok"] and said["type"].endswith("/proof-needed"):
            self._say(turn, key, proof_of(self._broadcast, key, said["bits"]))
            return
        del self._due[turn]
        self.answers.take(reply["ok"], said, due_ns, now_ns)
        if self.asked is not None:
            self.asked(self)


class HttpBuyer(asyncio.Protocol):
    """Orders by HTTP over one persistent connection, one order at a time."""

    def __init__(self, answers: Answers, number: int):
        self.answers, self.number = answers, number
        self.asked: Callable[[Buyer], None] | None = None
        self.lost = False
        self.waiting = 0
        self._head = self._body = b""
        self._cookie = b""
        self._due_ns = 0
        self._buffer = bytearray()
        self._transport: asyncio.Transport

    async def join(self, url: str, broadcast: str, offer: str, price: int = PRICE) -> None:
        """Connect, to order this offer."""
        parts = urlsplit(url)
        await asyncio.get_running_loop().create_connection(
            lambda: self,
            parts.hostname or "",
            parts.port or 80,
            local_addr=(ip_of(self.number), 0),
        )
        self._head = (
            f"POST /api/v1/broadcasts/{broadcast}/orders HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/json\r\n"
        ).encode()
        self._body = json.dumps(order_of(offer, self.number, price), ensure_ascii=False).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Record the end."""
        self.lost = True

    def press(self, due_ns: int) -> None:
        """Order one box, due at that monotonic time."""
        self._due_ns = due_ns
        self.waiting = 1
        fields = f"Idempotency-Key: {secrets.token_urlsafe(16)}\r\n"
        fields += f"Content-Length: {len(self._body)}\r\n"
        self._transport.write(
            b"".join((self._head, self._cookie, fields.encode(), b"\r\n", self._body))
        )

    def leave(self) -> None:
        """Abort the connection."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse a response once it is complete."""
        now_ns = time.monotonic_ns()
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
        if len(self._buffer) < end + 4 + length:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        self._note_device(bytes(self._buffer[:end]))
        self._buffer.clear()
        self.waiting = 0
        self.answers.take(int(head[9:12]), json.loads(body), self._due_ns, now_ns)
        if self.asked is not None:
            self.asked(self)

    def _note_device(self, head: bytes) -> None:
        if self._cookie:
            return
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b": ")
            if name.lower() == b"set-cookie":
                self._cookie = b"Cookie: " + value.partition(b";")[0] + b"\r\n"


Buyers = Sequence[ChannelBuyer] | Sequence[HttpBuyer]
WAYS: dict[str, type[ChannelBuyer] | type[HttpBuyer]] = {"channel": ChannelBuyer, "http": HttpBuyer}


async def join_all(
    url: str,
    broadcast: str,
    offers: Sequence[str],
    way: str,
    count: int,
    first: int,
    price: int = PRICE,
) -> tuple[Answers, Buyers]:
    """Let a number of buyers join that way, from `first` on, who choose among the offers in
    turn.
    """
    answers = Answers()
    buyers: list[Any] = [WAYS[way](answers, first + number) for number in range(count)]
    for start in range(0, count, OPENING):
        await asyncio.gather(
            *(
                buyer.join(url, broadcast, offers[buyer.number % len(offers)], price)
                for buyer in buyers[start : start + OPENING]
            )
        )
    return answers, buyers


async def order_continuously(answers: Answers, buyers: Buyers, seconds: float) -> float:
    """Let each buyer order again after each response, for a time; return the total duration."""
    done = asyncio.Event()
    began = time.monotonic()
    until_ns = time.monotonic_ns() + round(seconds * 1e9)
    busy = len(buyers)

    def asked(buyer: Buyer) -> None:
        nonlocal busy
        now_ns = time.monotonic_ns()
        if now_ns < until_ns:
            buyer.press(now_ns)
            return
        busy -= 1
        if not busy:
            done.set()

    for buyer in buyers:
        buyer.asked = asked
        buyer.press(time.monotonic_ns())
    await _wait_answered(done, buyers, seconds + 60)
    return time.monotonic() - began


async def order_at_rate(
    answers: Answers, buyers: Sequence[ChannelBuyer], a_second: float, seconds: float
) -> float:
    """Let people press at this rate, whether or not the server keeps up; each is timed from when it
    was due. Return the time until the last response.
    """
    began_ns = time.monotonic_ns()
    due_ns = [began_ns]
    end_ns = began_ns + round(seconds * 1e9)
    while due_ns[-1] < end_ns:
        due_ns.append(due_ns[-1] + round(random.expovariate(a_second) * 1e9))
    due_ns.pop()
    waiting = deque(buyers)
    done = _event_after(buyers, len(due_ns))
    for due in due_ns:
        # Where it is late, too, the loop has its turn: answers are read, and the server's pings.
        await asyncio.sleep(max(0.0, (due - time.monotonic_ns()) / 1e9))
        waiting[0].press(due)
        waiting.rotate(-1)
    await _wait_answered(done, buyers, 60)
    return (time.monotonic_ns() - began_ns) / 1e9


def _event_after(buyers: Buyers, orders: int) -> asyncio.Event:
    """Return an event that is set once that number of orders have their responses."""
    left = orders
    done = asyncio.Event()

    def asked(_buyer: Buyer) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    for buyer in buyers:
        buyer.asked = asked
    return done


async def _wait_answered(done: asyncio.Event, buyers: Buyers, within_s: float) -> None:
    """Wait for all responses. Raises SystemExit if they do not come."""
    try:
        async with asyncio.timeout(within_s):
            await done.wait()
    except TimeoutError:
        cut = sum(buyer.lost for buyer in buyers)
        waiting = sum(buyer.waiting for buyer in buyers)
        raise SystemExit(
            f"{waiting} orders were not answered within {within_s:g} s; {cut} of {len(buyers)} "
            "connections were cut"
        ) from None


async def order_at_once(
    answers: Answers, buyers: Sequence[ChannelBuyer], most_s: float = 60.0
) -> float:
    """Let all press at the same moment; return the time until the last response, or `most_s`."""
    done = _event_after(buyers, len(buyers))
    began_ns = time.monotonic_ns()
    for number, buyer in enumerate(buyers):
        buyer.press(began_ns)
        if number % 100 == 99:
            await asyncio.sleep(0)
    try:
        async with asyncio.timeout(most_s):
            await done.wait()
    except TimeoutError:
        return most_s
    return (time.monotonic_ns() - began_ns) / 1e9
