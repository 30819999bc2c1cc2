"""Claims: what came damaged is said with photos, and answered with money or with a reason."""

from typing import Any

import pytest
from PIL import Image
from tests.shop.conftest import HOST, PRICE, Site
from tests.shop.support.claims import SAID, answer, arrived, claim, kept, photo, send
from tests.shop.support.orders import CLERK, enter, refund, seen, seller
from tests.support.money import cny
from tests.support.upload_bodies import never

from farmlive.ids import token, ulid
from farmlive.people.core.audit import list_entries
from farmlive.problems import Forbidden, TooMany
from farmlive.shop.claims.claims import PHOTOS_PER_MINUTE
from farmlive.shop.claims.problems import (
    ClaimAnswered,
    ClaimOpen,
    NoSuchPhoto,
    UnknownClaim,
    UnknownPhoto,
)
from farmlive.shop.core.claim_models import MAX_PHOTOS, ClaimAnswer, NewClaim
from farmlive.shop.core.problems import NotInState, RefundTooHigh, UnknownOrder
from farmlive.store.files.pictures import NotAPicture
from farmlive.store.files.uploads import NoRoom


async def test_a_claim_is_answered_with_money_back(stall: Any) -> None:
    placed = await arrived(stall)
    order = await claim(stall, placed, photos=[await kept(stall, placed)])
    (said,) = order.claims
    assert (said.state, said.text, said.answer) == ("open", SAID, None)
    order = await answer(stall, said, amount=PRICE, answer="对不起，退一箱的钱")
    assert (order.payment, order.refunded.amount) == ("part_refunded", PRICE)
    (shown,) = (await stall.shop.order(placed["token"])).claims
    assert (shown.state, shown.amount.amount, shown.answer) == (
        "refunded",
        PRICE,
        "对不起，退一箱的钱",
    )
    events = await stall.events("order.claimed", "order.refunded", "order.claim_answered")
    assert [event.kind for event in events] == [
        "order.claimed",
        "order.refunded",
        "order.claim_answered",
    ]
    claimed, refunded, answered = (event.data for event in events)
    assert (claimed["claim"], claimed["photos"], claimed["by"]) == (said.id, 1, "buyer")
    assert refunded["claim"] == said.id
    assert answered["amount"] == {"amount": PRICE, "currency": "CNY"}
    told = str([event.data for event in await stall.events()])
    for secret in (SAID, "退一箱", shown.photos[0].url.rpartition("/")[2]):
        assert secret not in told


async def test_an_answer_whose_answer_was_lost_can_be_undone_all_the_same(stall: Any) -> None:
    placed = await arrived(stall)
    (said,) = (await claim(stall, placed)).claims
    await refund(stall, placed, 3)
    first = await answer(stall, said, amount=PRICE, answer="对不起")
    again = await answer(stall, said, amount=PRICE, answer="对不起")
    assert first.refund is not None
    assert (again.refund, again.until) == (first.refund, first.until)
    (order,) = (await stall.shop.bulk_actions.undo(HOST, stall.broadcast, again.refund)).moved
    assert (order.claims[0].state, order.refunded.amount) == ("open", 3)
    once_more = await answer(stall, said, amount=PRICE, answer="对不起")
    assert once_more.refund not in (None, first.refund)
    assert (await answer(stall, said, amount=PRICE, answer="对不起")).refund == once_more.refund


async def test_a_claim_is_refused_with_a_reason(stall: Any) -> None:
    placed = await arrived(stall)
    (said,) = (await claim(stall, placed)).claims
    for _ in range(2):  # an answer may be sent again
        order = await answer(stall, said, refuse=True, answer="请附照片")
        assert (order.refund, order.until) == (None, None)
        assert (order.claims[0].state, order.refunded.amount) == ("refused", 0)
    with pytest.raises(ClaimAnswered):
        await answer(stall, said, amount=1, answer="请附照片")
    assert len(await stall.events("order.claim_answered")) == 1
    assert len((await claim(stall, placed, "again, with a photo")).claims) == 2


async def test_one_claim_is_open_at_a_time_and_the_same_again_is_the_same(stall: Any) -> None:
    placed = await arrived(stall)
    first = await claim(stall, placed)
    assert await claim(stall, placed) == first
    with pytest.raises(ClaimOpen):
        await claim(stall, placed, "something else")
    assert len(await stall.events("order.claimed")) == 1


async def test_a_refund_that_can_not_be_leaves_the_claim_open(stall: Any) -> None:
    dear, unpaid = await arrived(stall), await arrived(stall, paid=False)
    for placed in (dear, unpaid):
        (said,) = (await claim(stall, placed)).claims
        with pytest.raises(RefundTooHigh):
            await answer(stall, said, amount=2 * PRICE + 1, answer="好的")
    found, following = await stall.shop.claims.list_orders(HOST, stall.broadcast, "open")
    assert following is None
    assert [order.id for order in found] == [dear["id"], unpaid["id"]]
    assert await stall.shop.claims.list_orders(HOST, stall.broadcast, "refused") == ([], None)


@pytest.mark.parametrize("state", ["placed", "packed", "cancelled"])
async def test_what_has_not_left_is_not_claimed(stall: Any, state: Any) -> None:
    placed = await stall.place(1)
    if state != "placed":
        await enter(stall, placed, state)
    with pytest.raises(NotInState):
        await claim(stall, placed)
    with pytest.raises(NotInState):
        await kept(stall, placed)


async def test_photos_are_checked_counted_and_freed_of_their_facts(stall: Any) -> None:
    placed = await arrived(stall)
    with pytest.raises(NotAPicture):
        await send(stall, placed, b"no picture")
    name = await kept(stall, placed)
    with pytest.raises(UnknownPhoto):
        await claim(stall, placed, photos=["0" * 64 + ".webp"])
    await claim(stall, placed, photos=[name, name])
    path = await stall.shop.claims.photo_of_order(placed["token"], name)
    with Image.open(path) as image:
        assert (image.format, dict(image.getexif())) == ("WEBP", {})
    assert path.parent.parent.name == "claims"
    # Whoever knows a photo's name has nothing of it for an order of their own.
    other = await arrived(stall)
    with pytest.raises(UnknownPhoto):
        await claim(stall, other, photos=[name])
    await claim(stall, other)
    with pytest.raises(NoSuchPhoto):
        await stall.shop.claims.photo_of_order(other["token"], name)
    for _ in range(PHOTOS_PER_MINUTE - 2):
        await kept(stall, placed)
    with pytest.raises(TooMany):
        await kept(stall, placed)


async def test_so_many_photos_are_kept_of_one_order(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall.shop.claims, "_photos_per_order", 2)
    placed, other = await arrived(stall), await arrived(stall)
    first, second = await kept(stall, placed, 1), await kept(stall, placed, 220)
    with pytest.raises(NoRoom, match="Nothing was kept: 2 photos"):
        await stall.shop.claims.keep_photo(placed["token"], "192.0.2.1", never)
    await claim(stall, placed, photos=[first, second])
    assert await kept(stall, other, 1) == first


async def test_photos_are_seen_by_the_token_and_by_staff_alone(stall: Any, site: Site) -> None:
    placed, other = await arrived(stall), await arrived(stall)
    sent = await site.viewer.post(
        f"/api/v1/orders/{placed['token']}/claims/photos", content=photo()
    )
    assert (sent.status_code, sent.json()["width"]) == (201, 40)
    name = sent.json()["id"]
    mine = f"/api/v1/orders/{placed['token']}/claims"
    body = {"text": SAID, "photos": [name]}
    assert (await site.viewer.get(f"{mine}/photos/{name}")).status_code == 404
    made = await site.viewer.post(mine, json=body)
    assert made.status_code == 201
    (said,) = made.json()["claims"]
    own = await site.viewer.get(said["photos"][0]["url"])
    assert (own.status_code, own.headers["content-type"]) == (200, "image/webp")
    assert own.headers["cache-control"] == "no-store"
    await claim(stall, other)
    for stranger in (other["token"], token()):
        path = f"/api/v1/orders/{stranger}/claims/photos/{name}"
        assert (await site.viewer.get(path)).status_code == 404
    listed = (await site.staff.get(f"/api/v1/broadcasts/{stall.broadcast}/claims")).json()
    shown = listed["orders"][0]["claims"][0]["photos"][0]["url"]
    assert (await site.staff.get(shown)).content == own.content
    assert (await site.viewer.get(shown)).status_code == 401
    for wrong in (f"/files/{name}", shown.replace(name, "0" * 64 + ".webp"), f"{shown}/.."):
        assert (await site.staff.get(wrong)).status_code in (404, 405)


async def test_claims_are_for_the_buyer_and_staff_alone(stall: Any) -> None:
    placed = await arrived(stall)
    (said,) = (await claim(stall, placed)).claims
    assert [order.claims[0].id for order in await seen(stall, HOST)] == [said.id]
    assert [order.claims for order in await seen(stall, seller(stall.farm.id))] == [[]]
    for stranger in (CLERK, seller(stall.farm.id)):
        with pytest.raises(Forbidden):
            await stall.shop.claims.list_orders(stranger, stall.broadcast)
        with pytest.raises(Forbidden):
            await stall.shop.claims.answer(
                stranger, stall.broadcast, said.id, ClaimAnswer(refuse=True, answer="no")
            )
        with pytest.raises(Forbidden):
            await stall.shop.claims.photo_of_claim(stranger, stall.broadcast, said.id, "x")


async def test_a_claim_of_another_broadcast_is_not_found(stall: Any) -> None:
    placed = await arrived(stall)
    (said,) = (await claim(stall, placed)).claims
    ours, stall.broadcast = stall.broadcast, await stall.another_broadcast()
    with pytest.raises(UnknownClaim):
        await answer(stall, said, refuse=True, answer="no")
    with pytest.raises(UnknownOrder):
        await stall.shop.claims.claim(token(), NewClaim(text="x"))
    with pytest.raises(NoSuchPhoto):
        await stall.shop.claims.photo_of_claim(HOST, ours, said.id, "0" * 64 + ".webp")
    stall.broadcast = ours
    with pytest.raises(UnknownClaim):
        await stall.shop.claims.answer(HOST, ours, ulid(), ClaimAnswer(refuse=True, answer="no"))


async def test_what_staff_answered_is_in_the_audit_list_without_its_words(stall: Any) -> None:
    placed = await arrived(stall)
    (said,) = (await claim(stall, placed)).claims
    await answer(stall, said, amount=5, answer="王小明 13800000000")
    (deed, *_) = await stall.store.read(list_entries)
    assert (deed.action, deed.subject, deed.detail) == (
        "order.claim_refunded",
        placed["id"],
        {"amount": 5, "number": "A0001"},
    )


def test_what_a_claim_and_an_answer_can_not_be() -> None:
    for wrong in (
        {"text": " "},
        {"text": "x" * 1001},
        {"text": "x", "photos": ["../x"]},
        {"text": "x", "photos": ["0" * 64 + ".pdf"]},
        {"text": "x", "photos": [f"{at:064x}.webp" for at in range(MAX_PHOTOS + 1)]},
    ):
        with pytest.raises(ValueError):
            NewClaim.model_validate(wrong)
    assert NewClaim(text=" a \n\n\n\n b\u200b ".replace("\u200b", "")).text == "a\n\nb"
    for unfit in (
        {"answer": "x"},
        {"amount": cny(1), "refuse": True, "answer": "x"},
        {"amount": cny(0), "answer": "x"},
        {"refuse": True},
        {"amount": cny(1)},
        {"amount": 1, "answer": "x"},
    ):
        with pytest.raises(ValueError):
            ClaimAnswer.model_validate(unfit)
