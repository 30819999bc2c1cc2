"""Idempotency keys: a request with a key is processed once; a repeated one gets the stored answer.

Each broadcast has one namespace, for the channel and HTTP, for orders and all else that has keys.
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

# Join condition and columns of the stored answer, for a context query.
OF_KEY = (order_keys.c.broadcast == bindparam("broadcast")) & (order_keys.c.key == bindparam("key"))
STORED_ANSWER = (order_keys.c.body_hash, order_keys.c.answer)
_KEY = hot(select(*STORED_ANSWER).where(OF_KEY))
_KEEP = hot(insert(order_keys), own=True)
_HELPS = ("order", "fee", "language", "proof")
# Members that held the object's id in answers of older versions.
_KINDS = ("flash", "order")
# Replaces the hash of an answer that was deleted with the buyer's data: the hash would let anybody
# test guesses of name and phone.
_FORGOTTEN = ""


def canonical_hash(request: BaseModel, shape: type[BaseModel], *, scope: str | None = None) -> str:
    """Return the SHA-256 of a request's validated contents, by which two requests are the same.

    `shape` gives the fields to hash, without a message's type, id and key; `scope` is the order
    that the request changes, or names the kind of request. Left out are fields that only help to
    place an order, such as its hold: the hold may be gone when the order is sent again. Of money
    only the amount is hashed, as in older versions; a wrong currency is refused before keys are
    compared.
    """
    # Pydantic serializes fields in the order of the model, whatever their order in the request.
    hashed = _hashed(shape)
    if "known_by" in hashed and getattr(request, "known_by", None) is None:
        hashed = hashed - {"known_by"}  # hashed as in versions without the field
    # No hashed model has money within a list, so the top level is enough.
    sums = {
        name: value.amount for name in hashed if isinstance(value := getattr(request, name), Money)
    }
    if sums:
        request = request.model_copy(update=sums)
    contents = request.model_dump_json(include=hashed, warnings=not sums)
    return hashlib.sha256(f"{scope or ''}{contents}".encode()).hexdigest()


@lru_cache
def _hashed(shape: type[BaseModel]) -> set[str]:
    return set(shape.model_fields) - {*Message.model_fields, "key", *_HELPS}


_OTHER = (
    "Nothing was ordered: an order with other contents came with this key before. "
    "Draw a new key for a new order."
)
# The message of KeyReused for requests of staff.
OF_STAFF = (
    "Nothing was changed: something else came with this key before. Draw a new key for each thing "
    "that is asked."
)


def find_answer(
    connection: Connection,
    broadcast: str,
    key: str | None,
    body_hash: str,
    *,
    message: str = _OTHER,
) -> dict[str, Any] | None:
    """Return the stored answer to this key; None for a new key, or without a key.

    Raises KeyReused with the message `message`, and AnswerGone.
    """
    if key is None:
        return None
    found = connection.execute(_KEY, {"broadcast": broadcast, "key": key}).one_or_none()
    return None if found is None else read_answer(found, body_hash, message=message)


def read_answer(
    row: Row[*tuple[Any, ...]], body_hash: str, *, message: str = _OTHER
) -> dict[str, Any] | None:
    """Return the stored answer from a row with `STORED_ANSWER`, or None.

    Raises KeyReused, AnswerGone.
    """
    if row.body_hash is None:
        return None
    if row.body_hash == _FORGOTTEN:
        raise AnswerGone(
            "Nothing was ordered: an order came with this key before, and its buyer's details have "
            "been removed since. Draw a new key for a new order."
        )
    if row.body_hash != body_hash:
        raise KeyReused(message)
    return _upgrade(row.answer)


def _upgrade(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a stored answer with its object's id as `id`, also one of an older version."""
    for kind in _KINDS:
        if kind in answer and "id" not in answer:
            return {"id": answer[kind], **{k: v for k, v in answer.items() if k != kind}}
    return answer


def store_answer(
    connection: Connection, broadcast: str, key: str | None, body_hash: str, answer: dict[str, Any]
) -> None:
    """Store the answer to a key, if there is one, in the transaction of the request."""
    if key is None:
        return
    connection.execute(
        _KEEP, {"broadcast": broadcast, "key": key, "body_hash": body_hash, "answer": answer}
    )


def delete_answers(connection: Connection, broadcast: str, keys: Sequence[str]) -> None:
    """Delete the answers to these keys: each key raises AnswerGone from now on."""
    connection.execute(
        update(order_keys)
        .where(order_keys.c.broadcast == broadcast, order_keys.c.key.in_(keys))
        .values(body_hash=_FORGOTTEN, answer={})
    )


def legacy_order_keys(connection: Connection, broadcast: str, orders: Sequence[str]) -> list[str]:
    """Return the keys of orders from before the orders table stored them.

    It scans all keys of the broadcast. The answers of that time have the order's id as `order`.
    """
    of_order = order_keys.c.answer["order"].as_string()
    found = select(order_keys.c.key).where(
        order_keys.c.broadcast == broadcast,
        of_order.in_(orders),
        order_keys.c.answer["number"].as_string().is_not(None),  # excludes holds and refunds
    )
    return list(connection.execute(found).scalars())
