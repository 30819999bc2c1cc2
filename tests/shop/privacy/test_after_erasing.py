"""After an order was erased its link takes nothing that its buyer writes: nobody could erase it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from tests.shop.support.claims import claim, kept, photo
from tests.shop.support.departing_buyer import NAME, PHONE, everything, full, settings

from farmlive.people.core.caller import Caller
from farmlive.settings import Settings
from farmlive.shop.claims.claims import FOLDER
from farmlive.shop.core.problems import DetailsErased
from farmlive.shop.privacy.erasing import OrderScope
from farmlive.store.files.uploads import uploads

__all__ = ["full", "settings"]

WORDS = f"{NAME} {PHONE}"
BUYER = Caller(None, None, None, "the buyer's device", "192.0.2.1")


async def erase(stall: Any, placed: Any) -> None:
    assert await stall.shop.persons.erase(BUYER, OrderScope(order=placed["id"]), "link") == 1


async def test_no_claim_photo_or_reason_is_taken(stall: Any, full: Any, settings: Settings) -> None:
    late = await kept(stall, full, 90)
    await erase(stall, full)
    for photos in ([], [late]):
        with pytest.raises(DetailsErased):
            await claim(stall, full, text=WORDS, photos=photos)
    with pytest.raises(DetailsErased):
        await kept(stall, full)
    with pytest.raises(DetailsErased):
        await stall.shop.orders.cancel(full["token"], WORDS)
    after = await everything(stall.store)
    assert [word for word in (NAME, PHONE) if word in after] == []
    assert not list((settings.data / FOLDER).glob("*/*"))


async def test_a_photo_that_was_on_its_way_is_nobodys(stall: Any, full: Any) -> None:
    async def erased_meanwhile() -> AsyncIterator[bytes]:
        yield photo()
        await erase(stall, full)

    with pytest.raises(DetailsErased):
        await stall.shop.claims.keep_photo(full["token"], "192.0.2.1", erased_meanwhile())
    owners = select(uploads.c.owner)
    found = await stall.store.read(lambda connection: connection.execute(owners).scalars().all())
    assert f"order:{full['id']}" not in found
