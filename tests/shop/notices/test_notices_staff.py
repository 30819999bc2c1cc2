"""What staff cause to be told, which no limit holds back and which goes as one message, and what of
strangers' they read and send all the same.
"""

from typing import Any

from tests.shop.conftest import HOST, Site, caller
from tests.shop.support.notice_providers import Full, held_by, order, plenty, server
from tests.shop.support.sent_notices import PHONE, kept, lines
from tests.support.parts import local_log, notices_of

from farmlive.clock import HOUR_MS, now_ms, pretended
from farmlive.settings import Settings
from farmlive.shop.core.order_models import NewTransition
from farmlive.shop.notices.notices import FIRST_PAUSE_MS
from farmlive.shop.orders.change_models import NewBulkTransition
from farmlive.shop.shop import Shop


async def move(shop: Shop, stall: Any, placed: list[Any], state: str) -> None:
    wanted = NewBulkTransition.model_validate(
        {"orders": [each["id"] for each in placed], "state": state}
    )
    await shop.bulk_actions.make(HOST, stall.broadcast, wanted)


async def test_what_staff_cause_is_never_held_and_goes_as_one_message(
    stall: Any, settings: Settings
) -> None:
    await plenty(stall)
    shop = server(stall, settings, notice_gather_minutes=10)
    place = {"delivery": {"way": "pickup", "centre": stall.centre.id}, "payment": "pay_at_pickup"}
    with pretended(now_ms()) as clock:
        placed = [
            await shop.till.place(caller(), stall.broadcast, stall.request(1, **place))
            for _ in range(6)
        ]
        await shop.notices.send()
        await move(shop, stall, placed, "packed")
        await move(shop, stall, placed[:5], "at_centre")
        clock.at += 9 * 60_000
        await move(shop, stall, placed[5:], "at_centre")
        await shop.notices.send()
        assert [line["kind"] for line in lines(settings)] == ["order.placed"] * 3
        clock.at += 60_000
        await shop.notices.send()
    ready = lines(settings)[3:]
    assert [line["kind"] for line in ready] == ["order.at_centre"]
    assert ready[0]["order"] == ", ".join(each["number"] for each in placed)
    for each in placed:
        assert each["code"] in ready[0]["text"]
        assert each["url"] in ready[0]["text"]
    assert ready[0]["subject"].startswith("订单 A0001、A0002")


async def test_a_person_at_work_orders_as_staff(stall: Any, settings: Settings) -> None:
    await plenty(stall)
    shop = server(stall, settings, notice_gather_minutes=10)
    clerk = caller("the counter", role="clerk")
    with pretended(now_ms()) as clock:
        for _ in range(12):
            await order(stall, shop, by=clerk)
        clock.at += 600_000
        await shop.notices.send()
    assert await held_by(stall) == [None] * 12
    assert [line["kind"] for line in lines(settings)] == ["order.entered"]


async def test_what_was_called_off_before_it_was_sent_is_not_said_to_be_ordered(
    stall: Any, settings: Settings
) -> None:
    shop = server(stall, settings)
    placed = await order(stall, shop)
    await shop.orders.cancel(placed["token"])
    await shop.notices.send()
    assert [line["kind"] for line in lines(settings)] == ["order.called_off"]


async def test_a_seller_who_is_signed_in_is_no_staff(stall: Any, settings: Settings) -> None:
    shop = server(stall, settings)
    for _ in range(4):
        await order(stall, shop, by=caller("the farm's", role="seller"))
    assert await held_by(stall) == [None] * 3 + ["number"]


async def test_what_was_overtaken_or_undone_before_it_was_sent_is_not_said(
    stall: Any, settings: Settings
) -> None:
    shop = server(stall, settings, notice_gather_minutes=10)
    with pretended(now_ms()) as clock:
        fetched, wrong, gone, ready = [await order(stall, shop) for _ in range(4)]
        await shop.notices.send()

        async def enter(placed: Any, state: str, reason: str | None = None) -> None:
            change = NewTransition.model_validate({"state": state, "reason": reason})
            await shop.orders.enter(HOST, stall.broadcast, placed["id"], change)

        for placed in (fetched, wrong, gone, ready):
            await enter(placed, "packed")
        for placed in (fetched, gone, ready):
            await enter(placed, "shipped")
        await enter(fetched, "received")
        await enter(gone, "cancelled", "丢了")
        wanted = NewBulkTransition.model_validate({"orders": [wrong["id"]], "state": "shipped"})
        made = await shop.bulk_actions.make(HOST, stall.broadcast, wanted)
        await shop.bulk_actions.undo(HOST, stall.broadcast, made.id)
        clock.at += 600_000
        await shop.notices.send()
    (said,) = lines(settings)[3:]
    assert said["kind"] == "several"
    assert said["order"] == f"{ready['number']}, {gone['number']}" or said["order"] == (
        f"{gone['number']}, {ready['number']}"
    )
    assert "已取消" in said["text"]
    assert wrong["number"] not in said["text"]
    assert fetched["number"] not in said["text"]
    assert {row.state for row in await kept(stall.store)} == {"sent", "void", "held"}


async def test_a_message_is_tried_again_whole(stall: Any, settings: Settings) -> None:
    full = Full("post")
    log = local_log()
    made = notices_of(
        stall.store, log, settings.model_copy(update={"notice_gather_minutes": 10.0}), [full]
    )
    shop = stall.another_shop(settings.model_copy(update={"notices": ()}), log=log)
    clerk = caller("the counter", role="clerk")
    with pretended(now_ms()) as clock:
        for _ in range(2):
            await order(stall, shop, by=clerk)
        clock.at += 600_000
        await made.send()
        # What comes now is a message of its own: the other may have been brought.
        await order(stall, shop, by=clerk)
        clock.at += FIRST_PAUSE_MS
        await made.send()
        assert [row.state for row in await kept(stall.store)] == ["sent", "sent", "waiting"]
        clock.at += 600_000
        await made.send()
    assert len(full.brought) == 3
    assert len(set(full.brought)) == 2


async def test_calling_off_a_flood_is_no_flood(stall: Any, settings: Settings) -> None:
    await plenty(stall)
    shop = server(stall, settings, notices_per_address=1)
    placed = [await order(stall, shop) for _ in range(5)]
    await move(shop, stall, placed, "cancelled")
    assert sorted(await held_by(stall), key=str) == [None, None, *["address"] * 4, *["unheard"] * 4]


async def test_whom_a_stranger_had_messages_sent_to_hears_what_staff_call_off(
    stall: Any, settings: Settings
) -> None:
    await plenty(stall)
    shop = server(stall, settings, notices_per_hour=1)
    placed = [await order(stall, shop) for _ in range(2)]
    await move(shop, stall, placed, "cancelled")
    # The second confirmation was held back; that both are called off is not.
    assert sorted(await held_by(stall), key=str) == [None, None, None, "number"]


async def test_staff_read_what_is_held_and_send_it_anyway(
    stall: Any, settings: Settings, site: Site
) -> None:
    shop = server(stall, settings, notices_per_hour=1)
    placed = [await order(stall, shop) for _ in range(3)]
    found = (await site.staff.get("/api/v1/notices/held", params={"limit": 1})).json()
    (last,) = found["notices"]
    assert (last["number"], last["to"], last["held_by"], last["state"]) == (
        placed[2]["number"],
        PHONE,
        "number",
        "held",
    )
    page = {"limit": 1, "cursor": found["next"]}
    more = (await site.staff.get("/api/v1/notices/held", params=page)).json()
    assert ([each["order"] for each in more["notices"]], more["next"]) == (
        [placed[1]["id"]],
        None,
    )
    for _ in range(2):  # it goes once
        sent = await site.staff.post(f"/api/v1/notices/{last['id']}/sending")
        assert (sent.status_code, sent.json()["state"]) == (200, "waiting")
    await stall.shop.notices.send()
    assert [line["order"] for line in lines(settings)] == [
        placed[0]["number"],
        placed[2]["number"],
    ]
    assert (await site.staff.get("/api/v1/notices/held")).json()["notices"] == more["notices"]
    # What staff sent uses up nothing that strangers may cause.
    with pretended(now_ms() + HOUR_MS + 1):
        await order(stall, shop)
    assert (await held_by(stall))[-1] is None


async def test_only_staff_read_and_send_what_is_held(site: Site, stall: Any) -> None:
    assert (await site.viewer.get("/api/v1/notices/held")).status_code == 401
    refused = await site.viewer.post("/api/v1/notices/01ARZ3NDEKTSV4RRFFQ69G5FAV/sending")
    assert refused.status_code == 401
    unknown = await site.staff.post("/api/v1/notices/01ARZ3NDEKTSV4RRFFQ69G5FAV/sending")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-notice")
    await stall.place(1)
    (row,) = await kept(stall.store)  # one that nothing held back
    again = await site.staff.post(f"/api/v1/notices/{row.id}/sending")
    assert again.status_code == 404
