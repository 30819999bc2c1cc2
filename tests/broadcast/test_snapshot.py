"""The snapshot is a fold of the log: what each kind of event changes in it."""

from typing import Any

from farmlive.broadcast.log import Event
from farmlive.broadcast.snapshot import CHAT_KEPT, Scene, fold, view

PUBLIC = frozenset({"public"})


def folded(
    *events: tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], tuple[str, ...]],
) -> Scene:
    scene = Scene()
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


def test_offers_keep_the_bags_order_and_follow_price_and_stock() -> None:
    scene = folded(
        ("offer.added", {"offer": "b", "left": 5, "released": 5, "price": {"amount": 1}}),
        ("offer.added", {"offer": "a", "left": 1, "released": 1, "price": {"amount": 2}}),
        ("offer.changed", {"offer": "b", "price": {"amount": 9}}),
        ("stock.changed", {"offer": "b", "released": 6, "left": 4, "sold": 2}),
        ("stock.changed", {"offer": "unknown", "left": 0}),
    )
    offers = view(scene, PUBLIC)["offers"]
    assert [offer["offer"] for offer in offers] == ["b", "a"]
    assert offers[0] == {
        "offer": "b",
        "left": 4,
        "released": 6,
        "sold": 2,
        "price": {"amount": 9},
    }


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
    assert own == [{"order": "1", "state": "placed", "payment": "paid", "at": 3000}]
    assert len(view(scene, PUBLIC | {"staff"})["orders"]) == 2


def test_the_source_on_air() -> None:
    switched = ("source.switched", {"source": "s", "label": "orchard"})
    assert folded(switched).source == {"source": "s", "label": "orchard"}
    assert folded(switched, ("source.left", {"source": "s"})).source is None
    assert folded(switched, ("source.left", {"source": "other"})).source is not None
