"""The snapshot is a fold of the log: what each kind of event changes in it."""

from typing import Any

from farmlive.broadcast.broadcast_state import CHAT_KEPT, FOLDS, PASSED_OVER, BroadcastState, fold
from farmlive.broadcast.events import KINDS
from farmlive.broadcast.log import Event
from farmlive.broadcast.snapshot import view

PUBLIC = frozenset({"public"})


def folded(
    *events: tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], tuple[str, ...]],
) -> BroadcastState:
    scene = BroadcastState()
    for seq, (kind, data, *rest) in enumerate(events, 1):
        audience = rest[0] if rest else ("public",)
        fold(scene, Event("B", seq, seq * 1000, kind, audience, data))
    return scene


def test_states_and_pauses() -> None:
    scene = folded(("broadcast.started", {}), ("broadcast.paused", {"reason": "source"}))
    assert (scene.state, scene.paused, scene.started_at) == ("live", True, 1000)
    fold(scene, Event("B", 3, 3000, "broadcast.resumed", ("public",), {}))
    assert not scene.paused
    fold(scene, Event("B", 4, 4000, "broadcast.ended", ("public",), {}))
    assert (scene.state, scene.ended_at, scene.pinned) == ("ended", 4000, None)


def test_a_source_that_is_shown_ends_a_pause() -> None:
    # As after a restart: the server that paused it is not the one that shows it again.
    scene = folded(
        ("broadcast.started", {}),
        ("source.switched", {"source": "orchard", "label": "Orchard"}),
        ("broadcast.paused", {"reason": "source"}),
        ("source.switched", {"source": "orchard", "label": "Orchard"}),
    )
    assert not scene.paused


def offer(name: str, lot: Any = "L", **more: Any) -> tuple[str, dict[str, Any]]:
    drawn = {"id": lot, "sold_g": 0} if isinstance(lot, str) else lot
    return "offer.added", {"offer": name, "left": 5, "released": 5, "lot": drawn, **more}


def test_offers_keep_the_bags_order_and_follow_price_and_stock() -> None:
    scene = folded(
        offer("b", price={"amount": 1}),
        offer("a", price={"amount": 2}),
        ("offer.changed", {"offer": "b", "price": {"amount": 9}}),
        ("stock.changed", {"offer": "b", "released": 6, "left": 3, "sold": 2, "held": 1}),
        ("stock.changed", {"offer": "unknown", "left": 0}),
    )
    offers = view(scene, PUBLIC)["offers"]
    assert [offer["id"] for offer in offers] == ["b", "a"]
    assert offers[0] == {
        "id": "b",
        "left": 3,
        "released": 6,
        "sold": 2,
        "held": 1,
        "price": {"amount": 9},
        "lot": {"id": "L", "sold_g": 0},
    }


def test_what_was_sold_of_a_lot_is_on_each_of_its_cards_and_not_in_the_event() -> None:
    first, second, other = offer("a"), offer("b"), offer("c", lot="M")
    sold = {"offer": "a", "left": 4, "lot": "L", "lot_sold_g": 2500}
    scene = folded(first, second, other, ("stock.changed", sold))
    offers = view(scene, PUBLIC)["offers"]
    assert [offer["lot"]["sold_g"] for offer in offers] == [2500, 2500, 0]
    assert first[1]["lot"]["sold_g"] == 0


def test_what_a_lot_holds_bounds_what_is_left_on_each_of_its_cards() -> None:
    small = offer("a", lot={"id": "L", "sold_g": 0, "left_g": 30_000}, net_weight_g=2500)
    large = offer("b", lot={"id": "L", "sold_g": 0, "left_g": 30_000}, net_weight_g=5000)
    stock = {"offer": "a", "released": 5, "sold": 3, "held": 1, "kept": 0, "left": 1, "lot": "L"}
    scene = folded(
        small, large, ("stock.changed", {**stock, "lot_sold_g": 7500, "lot_left_g": 20_000})
    )
    assert [card["left"] for card in view(scene, PUBLIC)["offers"]] == [1, 4]
    more = {**stock, "released": 9, "left": 5, "lot_sold_g": 7500, "lot_left_g": 7000}
    fold(scene, Event("B", 4, 4000, "stock.changed", ("public",), more))
    assert [card["left"] for card in view(scene, PUBLIC)["offers"]] == [2, 1]


def test_a_harvest_that_was_put_right_is_on_each_card_of_its_lot() -> None:
    lot = {"id": "L", "sold_g": 0, "harvested_g": 412_000, "wasted_g": 0}
    first, second, other = offer("a", lot=lot), offer("b", lot=lot), offer("c", lot="M")
    said = {"lot": "L", "harvested_g": 400_000, "wasted_g": 12_000}
    offers = view(folded(first, second, other, ("lot.changed", said)), PUBLIC)["offers"]
    stands = {"id": "L", "sold_g": 0, "harvested_g": 400_000, "wasted_g": 12_000}
    assert [card["lot"] for card in offers] == [stands, stands, {"id": "M", "sold_g": 0}]
    assert first[1]["lot"] == lot


def test_a_flash_batch_is_on_its_card_from_its_plan_to_its_end() -> None:
    batch = {"price": {"amount": 1}, "boxes": 3, "starts_at": 1, "ends_at": 2}
    named = {"flash": "F", "offer": "a"}
    scene = folded(offer("a"), ("flash.planned", {**named, **batch}))
    (card,) = view(scene, PUBLIC)["offers"]
    assert card["flash"] == {"id": "F", **batch, "state": "planned"}
    fold(scene, Event("B", 3, 3000, "flash.started", ("public",), {**named, **batch}))
    assert card["flash"] == {"id": "F", **batch, "state": "running"}
    for seq, flash in enumerate(("another", "F"), 4):
        ended = {"flash": flash, "offer": "a", "sold": 3, "why": "time"}
        fold(scene, Event("B", seq, 4000, "flash.ended", ("public",), ended))
        assert (card["flash"] is None) == (flash == "F")


def test_how_many_boxes_are_waited_for_is_on_the_card() -> None:
    scene = folded(offer("a"), offer("b"), ("wait.changed", {"offer": "a", "waiting": 7}))
    first, second = view(scene, PUBLIC)["offers"]
    assert (first["waiting"], second.get("waiting", 0)) == (7, 0)


def test_a_bag_put_in_another_order_and_a_product_named_anew() -> None:
    scene = folded(
        offer("a"),
        offer("b"),
        ("offer.changed", {"offer": "b", "position": 1}),
        ("offer.changed", {"offer": "a", "position": 2}),
        ("offer.changed", {"offer": "a", "name": {"zh": "柚"}, "picture": "/files/1.webp"}),
    )
    offers = view(scene, PUBLIC)["offers"]
    assert [offer["id"] for offer in offers] == ["b", "a"]
    assert (offers[1]["name"], offers[1]["picture"]) == ({"zh": "柚"}, "/files/1.webp")


BUYER = frozenset({"public", "order:1"})
HELD = ("order.held", {"order": "1", "state": "held", "until": 9000}, ("staff", "order:1"))


def test_a_hold_is_shown_until_it_is_placed_or_comes_to_nothing() -> None:
    scene = folded(HELD)
    assert view(scene, BUYER)["orders"] == [{"id": "1", "state": "held", "until": 9000, "at": 1000}]
    for kind, state in (("order.expired", "expired"), ("order.cancelled", "cancelled")):
        over = (kind, {"order": "1", "state": state}, ("staff", "order:1"))
        assert view(folded(HELD, over), BUYER)["orders"] == []
    placed = ("order.placed", {"order": "1", "state": "placed"}, ("staff", "order:1"))
    assert view(folded(HELD, placed), BUYER)["orders"] == [
        {"id": "1", "state": "placed", "at": 2000}
    ]


def test_how_a_hold_came_about_is_no_matter_once_it_is_placed() -> None:
    held = {"state": "held", "until": 9, "waited": True, "corrected": True}
    buyer = ("staff", "order:O")
    scene = folded(("order.held", {"order": "O", **held}, buyer))
    staff = frozenset({"staff"})
    assert view(scene, staff)["orders"] == [{"id": "O", **held, "at": 1000}]
    fold(scene, Event("B", 2, 2000, "order.placed", buyer, {"order": "O", "state": "placed"}))
    assert view(scene, staff)["orders"] == [{"id": "O", "state": "placed", "at": 2000}]


def test_a_placed_order_that_was_cancelled_stays_to_be_seen() -> None:
    placed = ("order.placed", {"order": "1", "state": "placed"}, ("staff", "order:1"))
    gone = ("order.cancelled", {"order": "1", "state": "cancelled"}, ("staff", "order:1"))
    assert view(folded(placed, gone), BUYER)["orders"] == [
        {"id": "1", "state": "cancelled", "at": 1000}
    ]


def test_an_order_that_was_held_stands_where_it_was_placed() -> None:
    second = ("order.placed", {"order": "2", "state": "placed"}, ("staff", "order:2"))
    first = ("order.placed", {"order": "1", "state": "placed"}, ("staff", "order:1"))
    found = view(folded(HELD, second, first), PUBLIC | {"staff"})["orders"]
    assert [order["id"] for order in found] == ["2", "1"]


def test_an_order_that_is_placed_again_by_an_undo_keeps_its_place_and_time() -> None:
    told = ("staff", "order:1")
    first = ("order.placed", {"order": "1", "state": "placed", "total": 5}, told)
    second = ("order.placed", {"order": "2", "state": "placed"}, ("staff", "order:2"))
    packed = ("order.packed", {"order": "1", "state": "packed"}, told)
    undone = ("order.placed", {"order": "1", "state": "placed", "undone": True}, told)
    staff = PUBLIC | {"staff"}
    before = view(folded(first, second, packed), staff)["orders"]
    again = view(folded(first, second, packed, undone), staff)["orders"]
    assert again == [{**order, "state": "placed"} for order in before]


def test_chat_is_bounded_and_hidden_messages_are_gone() -> None:
    said = [("chat.said", {"nickname": "n", "text": str(n)}) for n in range(CHAT_KEPT + 5)]
    scene = folded(*said, ("chat.hidden", {"message": CHAT_KEPT}))
    texts = [line["text"] for line in view(scene, PUBLIC)["chat"]]
    assert len(texts) == CHAT_KEPT - 1
    assert str(CHAT_KEPT - 1) not in texts
    assert texts[-1] == str(CHAT_KEPT + 4)


def test_a_redacted_message_leaves_no_line() -> None:
    assert view(folded(("chat.said", {})), PUBLIC)["chat"] == []


def test_orders_are_for_their_buyer_and_staff() -> None:
    scene = folded(
        ("order.placed", {"order": "1", "state": "placed"}, ("staff", "order:1")),
        ("order.placed", {"order": "2", "state": "placed"}, ("staff", "order:2")),
        ("order.paid", {"order": "1", "payment": "paid"}, ("staff", "order:1")),
    )
    assert view(scene, PUBLIC)["orders"] == []
    own = view(scene, PUBLIC | {"order:1"})["orders"]
    assert own == [{"id": "1", "state": "placed", "payment": "paid", "at": 1000}]
    assert len(view(scene, PUBLIC | {"staff"})["orders"]) == 2


def test_what_was_taken_off_an_order_stays_known_and_is_no_farms_of_several() -> None:
    told = ("staff", "order:1", "farm:a", "farm:b")
    placed = {"order": "1", "state": "placed", "payment": "due"}
    scene = folded(
        ("order.placed", placed, told),
        ("order.refunded", {"order": "1", "payment": "due", "amount": {"amount": 300}}, told),
        ("order.claim_answered", {"order": "1", "amount": {"amount": 100}}, told),
    )
    (own,) = view(scene, PUBLIC | {"order:1"})["orders"]
    assert own["refunded"] == {"amount": 300}
    (sellers,) = view(scene, PUBLIC | {"farm:a"})["orders"]
    assert not {"refunded", "amount"} & set(sellers)


def test_the_source_on_air() -> None:
    switched = ("source.switched", {"source": "s", "label": "orchard"})
    assert folded(switched).source == {"id": "s", "label": "orchard"}
    coded = ("source.switched", {"source": "k", "label": "kitchen", "codec": "H264"})
    assert folded(switched, coded).source == {"id": "k", "label": "kitchen", "codec": "H264"}
    staff = PUBLIC | {"staff"}
    left = folded(switched, ("source.left", {"source": "s"}, ("staff",)))
    assert view(left, staff)["source"] is None
    # Who is no staff is not told that it left, in an open page neither.
    assert view(left, PUBLIC)["source"] == {"id": "s", "label": "orchard"}
    other = folded(switched, ("source.left", {"source": "other"}, ("staff",)))
    assert view(other, staff)["source"] is not None


def test_every_kind_of_event_is_folded_or_passed_over_by_name() -> None:
    assert KINDS.keys() - FOLDS.keys() - PASSED_OVER == set(), "broadcast/broadcast_state.py"
    assert FOLDS.keys() & PASSED_OVER == set(), "broadcast/broadcast_state.py"
