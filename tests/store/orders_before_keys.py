"""Orders as code wrote them before there was a file of keys, with their links and codes."""

from sqlalchemy import Connection
from tests.store.old_data import put

from farmlive.clock import now_ms
from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.shop.core import idempotency
from farmlive.shop.core.checkout_models import NewOrder, OrderPlace

BEFORE = "0035"
KEY = bytes(range(100, 132))
BROADCAST, CENTRE, OTHER_CENTRE = ulid(), ulid(), ulid()
PARCEL, PICKUP, RECEIVED = ulid(), ulid(), ulid()
TOKENS = {order: token() for order in (PARCEL, PICKUP, RECEIVED)}
CODES = {PICKUP: "042117", RECEIVED: "999983"}
CLERK = Caller(None, "a clerk", "clerk", "d", "192.0.2.3", centres=frozenset({CENTRE}))
HOST = Caller(None, "a host", "host", "d", "192.0.2.4")
BUYER = Caller(None, None, None, "d", "192.0.2.1")
REQUEST = OrderPlace.model_validate(
    {
        "key": "the-key-of-an-order",
        "lines": [{"offer": ulid(), "quantity": 1, "price": 2990}],
        "buyer": {"name": "王小明", "phone": "13800000000"},
        "delivery": {"way": "pickup", "centre": CENTRE},
        "payment": "pay_at_pickup",
    }
)
ANSWER = f"""{{"order":"{PICKUP}","number":"A0002","token":"{TOKENS[PICKUP]}","state":"placed",
"payment":"due","total":{{"amount":2990,"currency":"CNY"}},"fee":{{"amount":0,"currency":"CNY"}},
"code":"042117","url":"/order/{TOKENS[PICKUP]}"}}"""


def fill(connection: Connection, *, pseudonyms: bytes | None = KEY) -> None:
    """Three orders as code of before wrote them, and a notice of one that is to be sent."""
    name = '{"zh": "洋中服务站"}'
    if pseudonyms:
        put(connection, "secrets", name="pseudonyms", value=pseudonyms.hex())
    put(
        connection,
        "broadcasts",
        id=BROADCAST,
        title=name,
        state="live",
        created_at=1,
        seq=0,
        last_at=1,
    )
    for centre in (CENTRE, OTHER_CENTRE):
        put(connection, "centres", id=centre, name=name, address=name, created_at=1)
    for number, order in enumerate((PARCEL, PICKUP, RECEIVED), 1):
        put(
            connection,
            "orders",
            id=order,
            broadcast=BROADCAST,
            number=number,
            token=TOKENS[order],
            code=CODES.get(order),
            centre=CENTRE if order in CODES else None,
            device="d",
            buyer="x",
            buyer_name="王小明",
            buyer_phone="13800000000",
            way="pickup" if order in CODES else "parcel",
            payment_method="pay_at_pickup",
            state="received" if order == RECEIVED else "at_centre",
            payment="due",
            total=2990,
            currency="CNY",
            simulated=False,
            placed_at=1,
        )
    put(
        connection,
        "notices",
        id="n",
        order=PICKUP,
        kind="order.at_centre",
        seq=1,
        provider="file",
        person="13800000000",
        state="waiting",
        next_at=1,
        created_at=now_ms(),
        message="n",
        recipient="13800000000",
    )
    kept = {
        REQUEST.key: (idempotency.canonical_hash(REQUEST, NewOrder), ANSWER),
        "the key of a refund": ("x", '{"order":"o","move":"m"}'),
    }
    for key, (body_hash, answer) in kept.items():
        put(
            connection,
            "order_keys",
            broadcast=BROADCAST,
            key=key,
            body_hash=body_hash,
            answer=answer,
        )
