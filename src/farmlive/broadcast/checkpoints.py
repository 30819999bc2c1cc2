"""Checkpoints: a broadcast's state after one of its events, from which a hub starts.

A checkpoint can be recomputed from the log: one of another version, or one that can't be read, is
ignored. It never outlives a redaction: `Log.redact` and `Log.rename_buyer` delete all checkpoints
from the changed event on, in the same transaction, and a state that was folded before is not stored
after it.

The format is a zlib stream of JSON lines: the state without its orders; the number of orders and
which are held; then id and data of each order. hubs.py decides when a checkpoint is due.
"""

import asyncio
import hashlib
import zlib
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType

import structlog
from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select

from farmlive import compact_json
from farmlive.broadcast import broadcast_state
from farmlive.broadcast import events as kinds
from farmlive.broadcast.broadcast_state import BroadcastState, OrderEvents, pack_order, unpacked
from farmlive.broadcast.events import goods, model, parts, stage, trade
from farmlive.broadcast.log import REDACTING
from farmlive.broadcast.tables import events, log_checkpoints
from farmlive.store import Store

EVERY = 5_000
"""A checkpoint is due once a state is this many events ahead of the last one."""
# Bytes that are decompressed at a time, which bounds the memory beside the state itself.
_STEP = 1 << 16
# Orders that are compressed at a time.
_ORDERS = 500

_seq = log_checkpoints.c.seq
_log = structlog.get_logger(__name__)

FOLDED_BY = (broadcast_state, kinds, model, parts, stage, goods, trade)
"""The modules that decide what a state is: with them all checkpoints are others."""


def version_of(modules: tuple[ModuleType, ...]) -> str:
    """Return the version: a digest of the sources of the folding code and of this file."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for module in modules:
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:16]


VERSION = version_of(FOLDED_BY)


@dataclass(frozen=True, slots=True)
class CapturedState:
    """An immutable copy of a state: later events do not change it."""

    broadcast: str
    seq: int
    # The `seq` up to which redactions are already applied to the state.
    redacted: int
    head: bytes
    orders: list[tuple[str, OrderEvents | bytes]]


def capture(broadcast: str, scene: BroadcastState, read_at: int) -> CapturedState:
    """Copy a state. It takes about a millisecond, since the orders are shared.

    `read_at` is the log's last `seq` when the state began to be read from it.
    """
    state = {each.name: getattr(scene, each.name) for each in fields(scene)}
    head = compact_json.encode({**state, "chat": list(scene.chat), "orders": {}})
    redacted = max(scene.seq, read_at)
    return CapturedState(broadcast, scene.seq, redacted, head, list(scene.orders.items()))


def pack(captured: CapturedState) -> bytes:
    """Encode a state."""
    held = [order for order, kept in captured.orders if not isinstance(kept, bytes)]
    orders = compact_json.encode({"count": len(captured.orders), "held": held})
    stream = zlib.compressobj(1)
    packed = [stream.compress(b"%b\n%b\n" % (captured.head, orders))]
    for start in range(0, len(captured.orders), _ORDERS):
        some = captured.orders[start : start + _ORDERS]
        lines = [b"%b\n%b\n" % (compact_json.encode(order), _line(kept)) for order, kept in some]
        packed.append(stream.compress(b"".join(lines)))
    packed.append(stream.flush())
    return b"".join(packed)


def unpack(data: bytes) -> BroadcastState:
    """Decode a state that `pack` encoded. Raises ValueError for anything else."""
    try:
        return _state_of(_lines(data))
    except (AttributeError, KeyError, TypeError, zlib.error) as error:
        raise ValueError(f"no state of a broadcast: {error!r}") from error


def _state_of(lines: Iterator[bytes]) -> BroadcastState:
    head, orders = compact_json.decode(next(lines, b"")), compact_json.decode(next(lines, b""))
    scene = BroadcastState(
        **{**head, "chat": deque(head["chat"], maxlen=broadcast_state.CHAT_KEPT)}
    )
    for order in lines:
        scene.orders[compact_json.decode(order)] = next(lines, b"")
    if len(scene.orders) != orders["count"]:
        raise ValueError(f"{len(scene.orders)} orders of {orders['count']}")
    for order in orders["held"]:
        scene.orders[order] = unpacked(scene.orders[order])
    return scene


def _line(kept: OrderEvents | bytes) -> bytes:
    return kept if isinstance(kept, bytes) else pack_order(*kept)


def _lines(data: bytes) -> Iterator[bytes]:
    stream, rest = zlib.decompressobj(), b""
    for start in range(0, len(data), _STEP):
        rest += stream.decompress(data[start : start + _STEP])
        *whole, rest = rest.split(b"\n")
        yield from whole
    if rest or not stream.eof:
        raise ValueError("its end is missing")


class Checkpoints:
    """The checkpoints of every broadcast."""

    def __init__(self, store: Store):
        self._store = store

    async def store(self, captured: CapturedState, unreadable: Collection[int] = ()) -> bool:
        """Store a captured state once no other write waits, and delete the unreadable checkpoints.

        Returns False where the log was redacted since the capture. Raises Unavailable.
        """
        data = await asyncio.to_thread(pack, captured)
        return await self._store.write(
            lambda connection: store_checkpoint(connection, captured, data, unreadable), last=True
        )

    async def latest(self, broadcast: str, unreadable: Collection[int] = ()) -> int:
        """Return the `seq` of the latest readable checkpoint of this version, or 0.

        Raises NotRead.
        """
        query = select(func.max(_seq)).where(*_of_this_version(broadcast), _seq.not_in(unreadable))
        return await self._store.read(
            lambda connection: connection.execute(query).scalar_one() or 0
        )


def load(connection: Connection, broadcast: str, upto: int) -> tuple[BroadcastState, list[int]]:
    """Load the latest readable checkpoint up to a `seq`, or the empty state.

    Returns the state and the `seq`s of the unreadable checkpoints.
    """
    unreadable: list[int] = []
    query = select(_seq).where(*_of_this_version(broadcast), _seq <= upto).order_by(_seq.desc())
    for seq in connection.execute(query).scalars().all():
        data = connection.execute(
            select(log_checkpoints.c.data).where(*_of_this_version(broadcast), _seq == seq)
        ).scalar_one_or_none()
        if data is None:  # deleted by a redaction since the query
            continue
        try:
            return unpack(data), unreadable
        except ValueError as error:
            unreadable.append(seq)
            _log.warning(
                "a checkpoint can't be read; the log is read instead",
                broadcast=broadcast,
                seq=seq,
                error=type(error).__name__,
            )
    return BroadcastState(), unreadable


def store_checkpoint(
    connection: Connection, captured: CapturedState, data: bytes, unreadable: Collection[int]
) -> bool:
    """Store a checkpoint and delete all but the one before it.

    Returns False, and stores nothing, where the log was redacted since the capture.
    """
    redacted = select(events.c.seq).where(
        events.c.broadcast == captured.broadcast,
        events.c.seq > captured.redacted,
        events.c.kind.in_(sorted(REDACTING)),
    )
    if connection.execute(redacted.limit(1)).first() is not None:
        return False
    before = select(func.max(_seq)).where(
        *_of_this_version(captured.broadcast), _seq < captured.seq
    )
    previous = connection.execute(before).scalar_one() or 0
    connection.execute(
        delete(log_checkpoints).where(
            log_checkpoints.c.broadcast == captured.broadcast,
            # Another server may have stored the same.
            or_(_seq < previous, _seq == captured.seq, _seq.in_(unreadable)),
        )
    )
    row = {"broadcast": captured.broadcast, "seq": captured.seq, "version": VERSION, "data": data}
    connection.execute(insert(log_checkpoints), row)
    return True


def _of_this_version(broadcast: str) -> tuple[ColumnElement[bool], ...]:
    return log_checkpoints.c.broadcast == broadcast, log_checkpoints.c.version == VERSION
