"""What is done by an order's token: what is made up or comes too often costs little."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.shop.conftest import Site
from tests.shop.support.claims import arrived, photo, send
from tests.support.upload_bodies import never

from farmlive.ids import token
from farmlive.problems import TooMany
from farmlive.shop.checkout.limits import DEVICES_PER_ADDRESS
from farmlive.shop.claims.claims import PHOTOS_AT_ONCE, PHOTOS_PER_MINUTE
from farmlive.shop.core.problems import NotInState, UnknownOrder
from farmlive.shop.orders.order_link_limits import DEEDS_PER_MINUTE, UNKNOWN_PER_MINUTE
from farmlive.store import Store
from farmlive.store.files import files
from farmlive.store.files.files import UploadLate

ADDRESS = "192.0.2.1"


class Body:
    """A photo whose bytes come once they are let."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.comes = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.asked.set()
        await self.comes.wait()
        yield photo()


@pytest.fixture
def writes(stall: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What took a turn of the writer."""
    taken: list[Any] = []
    write = Store.write

    async def counted(store: Store, function: Any, *args: Any, **more: Any) -> Any:
        taken.append(function)
        return await write(store, function, *args, **more)

    monkeypatch.setattr(Store, "write", counted)
    return taken


async def test_no_photo_is_read_that_could_not_be_kept(stall: Any) -> None:
    keep = stall.shop.claims.keep_photo
    with pytest.raises(UnknownOrder):
        await keep(token(), ADDRESS, never)
    with pytest.raises(NotInState):
        await keep((await stall.place(1))["token"], ADDRESS, never)
    placed = await arrived(stall)
    for _ in range(PHOTOS_PER_MINUTE):
        await send(stall, placed, photo())
    with pytest.raises(TooMany):
        await keep(placed["token"], ADDRESS, never)


async def test_photos_are_counted_by_address_too(stall: Any) -> None:
    first, second = await arrived(stall), await arrived(stall)
    most = PHOTOS_PER_MINUTE * DEVICES_PER_ADDRESS
    for _ in range(most - 1):
        stall.limits.allow("claim photos of an address", ADDRESS, most)
    await send(stall, first, photo())
    with pytest.raises(TooMany):
        await stall.shop.claims.keep_photo(second["token"], ADDRESS, never)
    await send(stall, second, photo(), address="192.0.2.9")


async def test_so_many_photos_of_an_order_are_on_their_way_at_once(stall: Any) -> None:
    placed, other = await arrived(stall), await arrived(stall)
    keep, bodies = stall.shop.claims.keep_photo, [Body() for _ in range(PHOTOS_AT_ONCE)]
    async with asyncio.TaskGroup() as sending:
        for body in bodies:
            sending.create_task(keep(placed["token"], ADDRESS, body))
        for body in bodies:
            await body.asked.wait()
        with pytest.raises(TooMany) as refusal:
            await keep(placed["token"], ADDRESS, never)
        assert refusal.value.headers["Retry-After"]
        await send(stall, other, photo())
        for body in bodies:
            body.comes.set()
    await send(stall, placed, photo())


async def test_a_photo_that_never_comes_is_not_waited_for(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "RECEIVE_S", 0.01)
    placed = await arrived(stall)
    with pytest.raises(UploadLate):
        await stall.shop.claims.keep_photo(placed["token"], ADDRESS, Body())
    monkeypatch.undo()
    await send(stall, placed, photo())


async def test_what_is_made_up_takes_no_turn_of_the_writer_and_is_counted(
    stall: Any, site: Site, writes: list[Any]
) -> None:
    placed = await stall.place(1)
    await site.viewer.get("/api/v1/centres")  # the device's cookie
    writes.clear()

    async def ask(path: str) -> int:
        body = {"text": "x"} if path.endswith("claims") else None
        return (await site.viewer.post(f"/api/v1/orders/{path}", json=body)).status_code

    deeds = ("cancellation", "claims", "claims/photos")
    for turn in range(UNKNOWN_PER_MINUTE):
        assert await ask(f"{token()}/{deeds[turn % 3]}") == 404
    for deed in deeds:
        assert await ask(f"{token()}/{deed}") == 429
    assert writes == []
    assert (await site.viewer.get(f"/api/v1/orders/{placed['token']}")).status_code == 200


async def test_what_is_done_by_a_known_token_is_counted_by_its_order(
    stall: Any, site: Site, writes: list[Any]
) -> None:
    placed, other = await stall.place(1), await stall.place(1)
    mine = f"/api/v1/orders/{placed['token']}"
    answers = [await site.viewer.post(f"{mine}/cancellation") for _ in range(DEEDS_PER_MINUTE)]
    assert {answer.status_code for answer in answers} == {201}
    writes.clear()
    for path, body in (("cancellation", None), ("claims", {"text": "x"}), ("claims/photos", None)):
        refused = await site.viewer.post(f"{mine}/{path}", json=body)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
    assert writes == []
    assert (
        await site.viewer.post(f"/api/v1/orders/{other['token']}/cancellation")
    ).status_code == 201
    assert (await site.viewer.get(mine)).status_code == 200
