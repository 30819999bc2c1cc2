"""Events: what is read of a log is what was written, by this version or an older one."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, insert
from tests.support.golden_log import golden
from tests.support.parts import local_log

from farmlive.broadcast import events
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.events import KINDS, LEFT_OUT
from farmlive.broadcast.events.model import kind
from farmlive.broadcast.events.schema import checked, examples, schemas
from farmlive.broadcast.log import Event, Log
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.tables import events as rows
from farmlive.bus import LocalBus
from farmlive.store import Store

KNOWN = [event for event in golden() if event.kind in KINDS]


@pytest.mark.parametrize("name", list(KINDS))
def test_an_event_is_read_as_it_was_written(name: str) -> None:
    data = examples()[name]
    assert KINDS[name].parse(data).data() == data
    checked(KINDS[name]).model_validate(data)


def test_the_example_of_a_resumed_order_has_no_stopped_lot() -> None:
    assert [examples()[f"order.{name}"]["stopped"] for name in ("stopped", "resumed")] == [
        True,
        False,
    ]


@pytest.mark.parametrize("event", KNOWN, ids=lambda event: f"{event.seq}-{event.kind}")
def test_of_what_an_older_version_wrote_nothing_is_made_up(event: Event) -> None:
    model = event.model()
    assert model is not None
    assert model.data() == event.data
    checked(KINDS[event.kind]).model_validate(event.data)


def test_the_golden_log_has_every_kind_with_every_field() -> None:
    found: dict[str, set[str]] = {}
    for event in golden():
        found.setdefault(event.kind, set()).update(event.data)
    lacking = {
        kind: sorted(set(data) - found.get(kind, set()))
        for kind, data in examples().items()
        if kind not in found or set(data) - found[kind]
    }
    assert lacking == {}, "add them to tests/support/golden_log.py"


def test_the_schema_refuses_what_no_version_wrote() -> None:
    stock = checked(events.StockChanged)
    for data in ({"offer": "a"}, {**examples()["stock.changed"], "sold": "many"}):
        with pytest.raises(ValidationError):
            stock.model_validate(data)


async def test_rows_of_older_versions_are_read_from_the_database(store: Store, log: Log) -> None:
    made = await Broadcasts(store, log, LocalBus()).create(NewBroadcast(title={"en": "x"}))
    # Before holds, lots and fees: each as the first version that had the kind wrote it.
    placed = {
        "order": "o",
        "number": "A0001",
        "buyer": "pseudonym",
        "lines": [
            {"offer": "a", "lot": "l", "farm": "f", "quantity": 1, "price": 2990, "total": 2990}
        ],
        "total": {"amount": 2990, "currency": "CNY"},
        "state": "placed",
        "payment": "due",
        "way": "parcel",
    }
    written: list[tuple[str, dict[str, Any]]] = [
        ("stock.changed", {"offer": "a", "released": 5, "sold": 1, "left": 4}),
        ("order.placed", placed),
        ("order.refunded", {"order": "o", "back": [{"offer": "a", "quantity": 1}]}),
        ("source.switched", {"source": "s", "label": "Orchard"}),
        ("chat.said", {}),
        ("weather.changed", {"to": "rain"}),
    ]

    def write(connection: Connection) -> None:
        connection.execute(
            insert(rows),
            [
                {
                    "broadcast": made.id,
                    "seq": seq,
                    "at": seq,
                    "kind": kind,
                    "audience": ["public"],
                    "data": data,
                }
                for seq, (kind, data) in enumerate(written, 1)
            ],
        )

    await store.write(write)
    read = await store.read(lambda connection: log.events(connection, made.id))
    assert [(event.kind, event.data) for event in read] == written
    stock, order, refund, source, said, weather = (event.model() for event in read)
    assert isinstance(stock, events.StockChanged)
    assert (stock.left, stock.held, stock.lot, stock.lot_left_g) == (4, None, None, None)
    assert isinstance(order, events.OrderPlaced)
    assert (order.fee, order.simulated, order.undone) == (None, False, False)
    assert order.lines is not None
    assert order.lines[0]["quantity"] == 1
    assert isinstance(refund, events.OrderRefunded)
    assert refund.back == [{"offer": "a", "quantity": 1}]
    assert isinstance(source, events.SourceSwitched)
    assert source.codec is None
    assert isinstance(said, events.ChatSaid)
    assert said.text is None
    assert weather is None  # of a newer version


def test_what_a_newer_version_added_is_passed_over() -> None:
    pinned = events.CardPinned.parse({"offer": "a", "colour": "red"})
    assert pinned == events.CardPinned(offer="a")


def test_null_is_told_apart_from_what_did_not_change() -> None:
    assert events.OfferChanged(offer="a").data() == {"offer": "a"}
    taken_away = events.OfferChanged(offer="a", list_price=None, picture=None)
    assert taken_away.data() == {"offer": "a", "list_price": None, "picture": None}
    assert events.OfferChanged.parse({"offer": "a"}).list_price is LEFT_OUT


def test_a_model_knows_its_audience_by_its_fields() -> None:
    assert events.CardPinned(offer="a").audience == ("public",)
    assert events.RushOver(offer="a").audience == ("staff",)
    step = events.OrderPacked(
        order="o", state="packed", payment="due", farms=["b", "a", "b"], device="its device"
    )
    assert step.audience == ("staff", "farm:a", "farm:b", "order:o")
    assert step.data() == {"order": "o", "state": "packed", "payment": "due"}


def test_a_misspelt_kind_is_heard_by_nobody_and_says_so() -> None:
    with pytest.raises(ValueError, match=r"order\.paced"):
        local_log().add_handler("order.paced", lambda _connection, _event: None)


def test_no_two_kinds_have_one_name() -> None:
    with pytest.raises(ValueError, match=r"card\.pinned"):
        kind("card.pinned")(events.CardUnpinned)


def test_every_kind_and_field_says_what_it_means() -> None:
    for name, schema in schemas().items():
        assert schema["description"], name
    for name, model in KINDS.items():
        for field, schema in schemas()[model.__name__].get("properties", {}).items():
            assert schema.get("description") or "$ref" in schema, f"{name}.{field}"
