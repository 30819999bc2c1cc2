from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select
from tests.shop.conftest import HOST
from tests.support.money import cny

from farmlive.bilingual import Bilingual
from farmlive.broadcast.events import CardPinned, OfferAdded, parts
from farmlive.broadcast.log import UnknownBroadcast
from farmlive.clock import now_ms
from farmlive.ids import token, ulid
from farmlive.origin.core.models import NewFarm, NewLot
from farmlive.origin.core.problems import LotTaken, UnknownLot
from farmlive.origin.stops.models import CardLift, StopReason
from farmlive.people.core.audit import list_entries
from farmlive.problems import BroadcastEnded, Invalid
from farmlive.shop.core.models import (
    BagOrder,
    Card,
    CardFarm,
    CardFlash,
    CardLot,
    OfferChange,
    OfferRelease,
)
from farmlive.shop.core.problems import BagFull, KeyReused, StockTaken, UnknownOffer, UnknownProduct
from farmlive.shop.core.tables import products
from farmlive.shop.flash.models import FlashPlan
from farmlive.shop.offers.bag import MAX_OFFERS, ListPriceTooLow, LotOfOtherFarm


async def test_an_added_offer_is_told_with_its_card(stall: Any) -> None:
    (event,) = await stall.events("offer.added")
    assert event.audience == ("public",)
    assert event.data == {
        "offer": stall.card.id,
        "position": 1,
        "name": {"zh": "金桔", "en": "Kumquats"},
        "unit": {"zh": "2.5 公斤装", "en": "2.5 kg box"},
        "net_weight_g": 2500,
        "price": {"amount": 2990, "currency": "CNY"},
        "list_price": None,
        "picture": None,
        "gtin": "09524000059109",
        "lot": {
            "id": stall.lot.id,
            "code": "1123",
            "url": f"/origin/lot/{stall.lot.id}",
            "harvested_at": stall.lot.harvested_at,
            "tested": False,
            "stopped": [],
            "lifted": None,
            "harvested_g": 412_000,
            "wasted_g": 0,
            "sold_g": 0,
            "left_g": 412_000,
            "farm": {
                "id": stall.farm.id,
                "name": {"zh": "溪口果园", "en": "Xikou Orchard"},
                "place": {"zh": "尤溪县", "en": ""},
            },
        },
        "released": 10,
        "sold": 0,
        "held": 0,
        "kept": 0,
        "left": 10,
        "waiting": 0,
        "flash": None,
    }
    told = {"id": event.data["offer"], **event.data}
    del told["offer"]
    assert stall.card.model_dump(mode="json") == told


async def test_cards_come_in_the_order_of_the_bag_with_what_is_left(stall: Any) -> None:
    second = await stall.offer(price=4990, list_price=cny(5990), released=0)
    await stall.place(3)
    cards = await stall.shop.bag.cards(stall.broadcast)
    assert [card.id for card in cards] == [stall.card.id, second.id]
    assert [(card.released, card.left) for card in cards] == [(10, 7), (0, 0)]
    assert cards[1].list_price is not None
    assert cards[1].list_price.amount == 5990


async def test_a_known_product_is_offered_again(stall: Any) -> None:
    (product,) = await stall.shop.catalogue.products(stall.farm.id)
    again = await stall.offer(product=product.id, name=None, unit=None, net_weight_g=None)
    assert again.name == stall.card.name
    assert len(await stall.shop.catalogue.products()) == 1


async def test_a_refused_offer_leaves_no_product(stall: Any) -> None:
    with pytest.raises(UnknownLot):
        await stall.offer(lot=ulid())
    with pytest.raises(UnknownProduct):
        await stall.offer(product=ulid(), name=None, unit=None, net_weight_g=None)
    await stall.origin.add_lot(
        HOST,
        NewLot.model_validate(
            {
                "farm": (await stall.origin.add_farm(HOST, NewFarm(name=BOTH, place=BOTH))).id,
                "code": "1123",
                "product_name": {"en": "Pomelos"},
                "harvested_at": now_ms(),
                "quantity_g": 1000,
                "gtin": "9524000059116",
            }
        ),
    )
    with pytest.raises(LotTaken):
        await stall.offer(gtin="9524000059116")
    count = select(func.count()).select_from(products)
    assert await stall.store.read(lambda conn: conn.execute(count).scalar_one()) == 1
    assert len(await stall.events("offer.added")) == 1


async def test_a_product_comes_from_a_lot_of_its_own_farm(stall: Any) -> None:
    neighbour = await stall.origin.add_farm(HOST, NewFarm(name=BOTH, place=BOTH))
    lot = await stall.origin.add_lot(
        HOST,
        NewLot.model_validate(
            {
                "farm": neighbour.id,
                "code": "1",
                "product_name": {"en": "Kumquats"},
                "harvested_at": now_ms(),
                "quantity_g": 1000,
            }
        ),
    )
    (product,) = await stall.shop.catalogue.products()
    with pytest.raises(LotOfOtherFarm):
        await stall.offer(lot=lot.id, product=product.id, name=None, unit=None, net_weight_g=None)


async def test_a_box_of_its_own_gtin_leads_to_its_lot(stall: Any) -> None:
    card = await stall.offer(gtin="9524000059116")
    assert card.gtin == "09524000059116"
    assert await stall.origin.find("9524000059116", "1123") == stall.lot.id


async def test_a_bag_holds_a_hundred_offers(stall: Any) -> None:
    for _ in range(MAX_OFFERS - 1):
        await stall.offer()
    with pytest.raises(BagFull):
        await stall.offer()


async def test_a_bag_is_closed_after_the_end(stall: Any) -> None:
    await stall.broadcasts.end(stall.broadcast)
    seq = (await stall.events())[-1].seq
    with pytest.raises(BroadcastEnded):
        await stall.offer()
    with pytest.raises(BroadcastEnded):
        await stall.shop.bag.release(HOST, stall.broadcast, release(stall, 1))
    with pytest.raises(BroadcastEnded):
        await stall.shop.bag.change(HOST, stall.broadcast, change(stall, price=1))
    assert (await stall.events())[-1].seq == seq


async def test_a_release_adds_to_what_may_be_sold(stall: Any) -> None:
    await stall.place(4)
    answer = await stall.shop.bag.release(HOST, stall.broadcast, release(stall, 5))
    stock = {
        "offer": stall.card.id,
        "released": 15,
        "left": 11,
        "sold": 4,
        "held": 0,
        "kept": 0,
        "lot": stall.lot.id,
        "lot_sold_g": 10_000,
        "lot_left_g": 402_000,
    }
    assert answer == stock
    (released,) = await stall.events("offer.released")
    assert released.data == {"offer": stall.card.id, "quantity": 5, "released": 15}
    assert (await stall.events("stock.changed"))[-1].data == stock


async def test_a_release_below_zero_takes_back_what_is_left(stall: Any) -> None:
    await stall.place(4)
    answer = await stall.shop.bag.release(HOST, stall.broadcast, release(stall, -6))
    assert (answer["released"], answer["left"]) == (4, 0)
    (released,) = await stall.events("offer.released")
    assert released.data == {"offer": stall.card.id, "quantity": -6, "released": 4}
    seq = (await stall.events())[-1].seq
    with pytest.raises(StockTaken) as refusal:
        await stall.shop.bag.release(HOST, stall.broadcast, release(stall, -1))
    assert refusal.value.members["offers"] == [{"offer": stall.card.id, "left": 0}]
    assert (await stall.events())[-1].seq == seq


async def test_a_release_that_is_sent_again_with_its_key_is_done_once(stall: Any) -> None:
    key = token()
    answer = await stall.shop.bag.release(HOST, stall.broadcast, release(stall, 5, key))
    await stall.place(2)
    seq = (await stall.events())[-1].seq
    assert await stall.shop.bag.release(HOST, stall.broadcast, release(stall, 5, key)) == answer
    with pytest.raises(KeyReused):
        await stall.shop.bag.release(HOST, stall.broadcast, release(stall, 4, key))
    # What was answered once is so after the end, too.
    await stall.broadcasts.end(stall.broadcast)
    assert await stall.shop.bag.release(HOST, stall.broadcast, release(stall, 5, key)) == answer
    assert len(await stall.events("offer.released")) == 1
    ended = [event.kind for event in await stall.events() if event.seq > seq]
    assert ended == ["broadcast.ended"]
    noted = [
        deed for deed in await stall.store.read(list_entries) if deed.action == "offer.release"
    ]
    assert [deed.detail for deed in noted] == [{"quantity": 5}]


async def test_a_release_that_was_refused_is_tried_again_with_its_key(stall: Any) -> None:
    key = token()
    with pytest.raises(StockTaken):
        await stall.shop.bag.release(HOST, stall.broadcast, release(stall, -15, key))
    await stall.shop.bag.release(HOST, stall.broadcast, release(stall, 5, token()))
    answer = await stall.shop.bag.release(HOST, stall.broadcast, release(stall, -15, key))
    assert answer["released"] == 0


async def test_keys_are_one_space_for_releases_orders_and_flash_batches(stall: Any) -> None:
    key = token()
    await stall.shop.bag.release(HOST, stall.broadcast, release(stall, 5, key))
    with pytest.raises(KeyReused):
        await stall.place(1, key=key)
    flash = FlashPlan(offer=stall.card.id, price=cny(1990), boxes=2, seconds=60, key=key)
    with pytest.raises(KeyReused):
        await stall.shop.flashes.plan(HOST, stall.broadcast, flash)


@pytest.mark.parametrize("quantity", [0, 1.5, "1", True, None, 10**7])
def test_a_release_is_a_whole_number_and_not_zero(quantity: object) -> None:
    with pytest.raises(ValidationError):
        OfferRelease.model_validate({"offer": ulid(), "quantity": quantity})


async def test_a_bag_is_put_in_another_order(stall: Any) -> None:
    first, second, third = stall.card.id, *[(await stall.offer()).id for _ in range(2)]

    async def arrange(*wanted: str) -> list[tuple[str, int]]:
        cards = await stall.shop.bag.arrange(HOST, stall.broadcast, BagOrder(offers=list(wanted)))
        assert cards == await stall.shop.bag.cards(stall.broadcast)
        return [(card.id, card.position) for card in cards]

    assert await arrange(third, first, second) == [(third, 1), (first, 2), (second, 3)]
    moved = [event.data for event in await stall.events("offer.changed")]
    assert sorted(moved, key=lambda data: data["position"]) == [
        {"offer": third, "position": 1},
        {"offer": first, "position": 2},
        {"offer": second, "position": 3},
    ]
    assert await arrange(third, second, first) == [(third, 1), (second, 2), (first, 3)]
    assert len(await stall.events("offer.changed")) == 5
    await arrange(third, second, first)
    assert len(await stall.events("offer.changed")) == 5
    fourth = await stall.offer()
    assert fourth.position == 4
    for wrong in ([third, second, first], [third, second, first, first]):
        with pytest.raises(Invalid):
            await arrange(*wrong)
    with pytest.raises(UnknownOffer):
        await arrange(third, second, first, fourth.id, ulid())


async def test_what_staff_did_to_the_bag_is_in_the_audit_list(stall: Any) -> None:
    await stall.shop.bag.release(HOST, stall.broadcast, release(stall, 5))
    await stall.shop.bag.change(HOST, stall.broadcast, change(stall, price=1990))
    noted = await stall.store.read(list_entries)
    assert [(deed.action, deed.subject, deed.detail) for deed in noted[:3]] == [
        ("offer.change", stall.card.id, {"price": 1990}),
        ("offer.release", stall.card.id, {"quantity": 5}),
        ("offer.add", stall.card.id, {"price": 2990, "released": 10}),
    ]
    assert {deed.broadcast for deed in noted[:3]} == {stall.broadcast}


async def test_a_changed_price_holds_for_the_next_order(stall: Any) -> None:
    await stall.shop.bag.change(HOST, stall.broadcast, change(stall, price=1990, list_price=2990))
    (event,) = await stall.events("offer.changed")
    assert event.data == {
        "offer": stall.card.id,
        "price": {"amount": 1990, "currency": "CNY"},
        "list_price": {"amount": 2990, "currency": "CNY"},
    }
    lines = [{"offer": stall.card.id, "quantity": 1, "price": 1990}]
    assert (await stall.place(lines=lines))["total"]["amount"] == 1990


async def test_a_list_price_is_taken_away_and_never_under_the_price(stall: Any) -> None:
    await stall.shop.bag.change(HOST, stall.broadcast, change(stall, list_price=3990))
    with pytest.raises(ListPriceTooLow):
        await stall.shop.bag.change(HOST, stall.broadcast, change(stall, price=4990))
    await stall.shop.bag.change(HOST, stall.broadcast, change(stall, list_price=None))
    assert (await stall.events("offer.changed"))[-1].data == {
        "offer": stall.card.id,
        "list_price": None,
    }
    await stall.shop.bag.change(HOST, stall.broadcast, change(stall, price=4990))
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.price.amount, card.list_price) == (4990, None)


async def test_an_offer_of_another_broadcast_is_not_touched(stall: Any) -> None:
    other = await stall.another_broadcast()
    for touch in (
        stall.shop.bag.release(HOST, other, release(stall, 1)),
        stall.shop.bag.change(HOST, other, change(stall, price=1)),
    ):
        with pytest.raises(UnknownOffer):
            await touch
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.released, card.price.amount) == (10, 2990)


async def test_an_unknown_broadcast_has_no_bag(stall: Any) -> None:
    with pytest.raises(UnknownBroadcast):
        await stall.shop.bag.cards(ulid())


async def test_a_pinned_card_is_a_moment_of_the_lot_of_its_offer(stall: Any) -> None:
    for offer in (stall.card.id, ulid()):
        pinned = CardPinned(offer=offer)
        await stall.store.write(
            lambda conn, pinned=pinned: stall.log.append(conn, stall.broadcast, pinned)
        )
    first, _ = await stall.events("card.pinned")
    story = await stall.origin.story(stall.lot.id)
    assert [(each.broadcast, each.seq) for each in story.moments] == [(stall.broadcast, first.seq)]


BOTH = Bilingual(zh="邻居果园", en="The neighbour's orchard")


def release(stall: Any, quantity: int, key: str | None = None) -> OfferRelease:
    return OfferRelease(offer=stall.card.id, quantity=quantity, key=key)


def change(stall: Any, **what: int | None) -> OfferChange:
    sums = {name: None if amount is None else cny(amount) for name, amount in what.items()}
    return OfferChange(offer=stall.card.id, **sums)


def test_an_added_offers_event_has_all_of_its_card() -> None:
    assert {name for name, _ in OfferAdded.data_fields} == {"offer"} | set(Card.model_fields) - {
        "id"
    }
    for shown, told in (
        (CardLot, parts.CardLot),
        (CardFarm, parts.CardFarm),
        (CardFlash, parts.CardFlash),
        (CardLift, parts.Lift),
        (StopReason, parts.Reason),
    ):
        assert set(told.__annotations__) == set(shown.model_fields), told
