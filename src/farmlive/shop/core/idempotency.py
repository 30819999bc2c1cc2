"""Keys: a request with a key is answered once; the same one again gets the same answer.

One namespace a broadcast for the channel and HTTP, for orders and for all else that has keys.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from farmlive.commands import Message
from farmlive.money import Money
from farmlive.shop.core.order_tables import order_keys
from farmlive.shop.core.problems import AnswerGone, KeyReused
from farmlive.store import hot

# What was answered before, where another question is joined with it.
OF_KEY = (order_keys.c.broadcast == bindparam("broadcast")) & (order_keys.c.key == bindparam("key"))
ASKED = (order_keys.c.body_hash, order_keys.c.answer)
_KEY = hot(select(*ASKED).where(OF_KEY))
_KEEP = hot(insert(order_keys), own=True)
_HELPS = ("order", "fee", "language", "proof")
# How an older answer names the id of its object.
_KINDS = ("flash", "order")
# In the place of the hash: the answer went with the person. A hash would tell who guesses name and
# phone whether the guess is right.
_FORGOTTEN = ""


def canonical_hash(request: BaseModel, shape: type[BaseModel], *, of: str | None = None) -> str:
    """What makes two requests the same: their checked contents, as SHA-256.

    `shape` says which, of a message without its type, id and key; `of` is the order that it
    changes. What only helps a new order to be taken is not part of it, as the hold that it takes:
    that may be gone by the time when the order comes again. Of money the amount alone counts, as
    before requests had its currency: another one is refused before keys are compared.
    """
    # Fields in the order of their shape, however they came.
    hashed = _hashed(shape)
    if "known_by" in hashed and getattr(request, "known_by", None) is None:
        hashed = hashed - {"known_by"}  # the same as what came before there was such a field
    # The fields of the models that have money are plain: none has it in a list.
    sums = {
        name: value.amount for name in hashed if isinstance(value := getattr(request, name), Money)
    }
    if sums:
        request = request.model_copy(update=sums)
    contents = request.model_dump_json(include=hashed, warnings=not sums)
    return hashlib.sha256(f"{of or ''}{contents}".encode()).hexdigest()


@lru_cache
def _hashed(shape: type[BaseModel]) -> set[str]:
    return set(shape.model_fields) - {*Message.model_fields, "key", *_HELPS}


_OTHER = (
    "Nothing was ordered: an order with other contents came with this key before. "
    "Draw a new key for a new order."
)
# Where a wish of those who work here had the key of another.
OF_STAFF = (
    "Nothing was changed: something else came with this key before. Draw a new key for each thing "
    "that is asked."
)


def answered(
    connection: Connection, broadcast: str, key: str | None, body_hash: str, *, said: str = _OTHER
) -> dict[str, Any] | None:
    """What was answered to this key before; None for a new one, and where there is no key.

    Raises KeyReused, which says `said`, and AnswerGone.
    """
    if key is None:
        return None
    found = connection.execute(_KEY, {"broadcast": broadcast, "key": key}).one_or_none()
    return None if found is None else answer_in(found, body_hash, said=said)


def answer_in(
    row: Row[*tuple[Any, ...]], body_hash: str, *, said: str = _OTHER
) -> dict[str, Any] | None:
    """The same, where `ASKED` was a part of another question. Raises KeyReused,
    AnswerGone.
    """
    if row.body_hash is None:
        return None
    if row.body_hash == _FORGOTTEN:
        raise AnswerGone(
            "Nothing was ordered: an order came with this key before, and its buyer's details have "
            "been removed since. Draw a new key for a new order."
        )
    if row.body_hash != body_hash:
        raise KeyReused(said)
    return _as_today(row.answer)


def _as_today(answer: dict[str, Any]) -> dict[str, Any]:
    """A kept answer, whose object has its id as `id`, also where older code wrote it."""
    for kind in _KINDS:
        if kind in answer and "id" not in answer:
            return {"id": answer[kind], **{k: v for k, v in answer.items() if k != kind}}
    return answer


def keep(
    connection: Connection, broadcast: str, key: str | None, body_hash: str, answer: dict[str, Any]
) -> None:
    """Keep what is answered to the key, if there is one, in the transaction of what it tells of."""
    if key is None:
        return
    connection.execute(
        _KEEP, {"broadcast": broadcast, "key": key, "body_hash": body_hash, "answer": answer}
    )


def forget(connection: Connection, broadcast: str, keys: Sequence[str]) -> None:
    """Remove what was answered to these keys: each answers AnswerGone from now on."""
    connection.execute(
        update(order_keys)
        .where(order_keys.c.broadcast == broadcast, order_keys.c.key.in_(keys))
        .values(body_hash=_FORGOTTEN, answer={})
    )


def of_orders(connection: Connection, broadcast: str, orders: Sequence[str]) -> list[str]:
    """Return the keys that these orders were placed with, of orders that don't say it themselves.

    It reads all keys of the broadcast: code from before orders kept their key wrote none, and kept
    the order's id in the answer as `order`.
    """
    of_order = order_keys.c.answer["order"].as_string()
    found = select(order_keys.c.key).where(
        order_keys.c.broadcast == broadcast,
        of_order.in_(orders),
        order_keys.c.answer["number"].as_string().is_not(None),  # no hold and no refund
    )
    return list(connection.execute(found).scalars())
