"""Products of farms and pick-up points: who keeps them, and what of them stays as it was sold."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.shop.conftest import HOST

from farmlive.ids import ulid
from farmlive.people import Caller
from farmlive.people.core.audit import list_entries
from farmlive.problems import Forbidden
from farmlive.shop.core.models import NewProduct, ProductChange
from farmlive.shop.core.problems import NamesNoFarm, NoSuchProduct, ProductArchived, ProductOffered

PICTURE = f"/files/{'0' * 64}.webp"


def seller(*farms: str) -> Caller:
    return Caller(None, "a farmer", "seller", "its device", "192.0.2.4", farms=frozenset(farms))


def facts(stall: Any, **change: Any) -> dict[str, Any]:
    return {
        "farm": stall.farm.id,
        "name": {"zh": "柚子", "en": "Pomelos"},
        "unit": {"zh": "2 个装", "en": "2 a box"},
        "net_weight_g": 3000,
        **change,
    }


async def add(stall: Any, caller: Caller = HOST, **change: Any) -> Any:
    new = NewProduct.model_validate(facts(stall, **change))
    return await stall.shop.catalogue.add_product(caller, new)


async def change(stall: Any, product: str, caller: Caller = HOST, **what: Any) -> Any:
    changed = ProductChange.model_validate(what)
    return await stall.shop.catalogue.change_product(caller, product, changed)


async def offered(stall: Any, product: str) -> Any:
    return await stall.offer(product=product, name=None, unit=None, net_weight_g=None)


async def test_a_product_is_kept_and_offered_with_its_picture(stall: Any) -> None:
    product = await add(stall, picture=PICTURE, gtin="9524000059116")
    assert (product.picture, product.gtin, product.archived) == (PICTURE, "09524000059116", False)
    assert product in await stall.shop.catalogue.products(stall.farm.id)
    card = await offered(stall, product.id)
    assert (card.name, card.picture, card.net_weight_g) == (product.name, PICTURE, 3000)


async def test_a_seller_keeps_the_products_of_own_farms_alone(stall: Any) -> None:
    own = seller(stall.farm.id)
    product = await add(stall, own)
    assert (await change(stall, product.id, own, picture=PICTURE)).picture == PICTURE
    for stranger in (seller(), seller(ulid()), Caller(None, "m", "moderator", "d", "192.0.2.1")):
        with pytest.raises(Forbidden):
            await add(stall, stranger)
        with pytest.raises(Forbidden):
            await change(stall, product.id, stranger, name={"en": "Stolen"})
    assert (await stall.shop.catalogue.products(within=frozenset())) == []
    noted = await stall.store.read(list_entries)
    assert [deed.action for deed in noted[:2]] == ["product.change", "product.add"]


async def test_what_is_not_there_is_refused(stall: Any) -> None:
    with pytest.raises(NamesNoFarm):
        await add(stall, farm=ulid())
    with pytest.raises(NoSuchProduct):
        await change(stall, ulid(), archived=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"picture": "https://elsewhere.example/1.webp"},
        {"picture": "/files/../secret.webp"},
        {"gtin": "9524000059117"},
        {"net_weight_g": 0},
        {"net_weight_g": 1.5},
        {"name": {}},
        {"price": 1},
    ],
)
async def test_a_product_of_wrong_facts_is_refused(wrong: dict[str, Any]) -> None:
    good = {"farm": ulid(), "name": {"en": "a"}, "unit": {"en": "b"}, "net_weight_g": 1}
    NewProduct.model_validate(good)
    with pytest.raises(ValidationError):
        NewProduct.model_validate({**good, **wrong})


async def test_what_people_bought_stays_as_it_was(stall: Any) -> None:
    product = await add(stall)
    await change(stall, product.id, unit={"en": "3 a box"}, net_weight_g=4500)
    await offered(stall, product.id)
    for what in ({"unit": {"en": "a"}}, {"net_weight_g": 1}, {"gtin": "9524000059116"}):
        with pytest.raises(ProductOffered) as refusal:
            await change(stall, product.id, name={"en": "Not kept"}, **what)
        assert refusal.value.members["fields"] == list(what)
    found = {p.id: p for p in await stall.shop.catalogue.products()}
    assert found[product.id].name.en == "Pomelos"
    # The same again is no change.
    await change(stall, product.id, net_weight_g=4500, name={"en": "Honey pomelos"})


async def test_a_new_name_and_picture_are_shown_in_bags_that_are_open(stall: Any) -> None:
    product = await add(stall)
    over = stall.broadcast = await stall.another_broadcast()
    await offered(stall, product.id)
    await stall.broadcasts.end(over)
    stall.broadcast = await stall.another_broadcast()
    card = await offered(stall, product.id)
    await change(stall, product.id, name={"en": "Honey pomelos"}, picture=PICTURE)
    (event,) = await stall.events("offer.changed")
    assert event.data == {
        "offer": card.id,
        "name": {"zh": "", "en": "Honey pomelos"},
        "picture": PICTURE,
    }
    stall.broadcast = over
    assert await stall.events("offer.changed") == []


async def test_an_archived_product_is_offered_no_more(stall: Any) -> None:
    product = await add(stall)
    assert (await change(stall, product.id, archived=True)).archived
    with pytest.raises(ProductArchived):
        await offered(stall, product.id)
    assert not (await change(stall, product.id, archived=False)).archived
    await offered(stall, product.id)


async def test_a_change_of_nothing_is_refused() -> None:
    for nothing in ({}, {"name": None}, {"archived": None}):
        with pytest.raises(ValidationError):
            ProductChange.model_validate(nothing)
    assert ProductChange.model_validate({"picture": None}).picture is None
