"""Notices: who hears what, once each, and what is kept of it."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, insert
from structlog.testing import capture_logs
from tests.shop.conftest import HOST, caller
from tests.shop.support.bulk_actions import move, undo
from tests.shop.support.claims import answer as answer_claim
from tests.shop.support.claims import arrived, claim
from tests.shop.support.notice_providers import kinds
from tests.shop.support.orders import CLERK, enter, pickup, refund, waiting
from tests.shop.support.sent_notices import PHONE, kept, lines, states
from tests.support.parts import notices_of
from tests.support.waiting import until

from farmlive.bilingual import Bilingual
from farmlive.broadcast.events import OrderAtCentre, OrderCancelled, OrderPlaced, OrderShipped
from farmlive.broadcast.models import NewBroadcast
from farmlive.clock import now_ms, pretended
from farmlive.ids import ulid
from farmlive.outages import Outages
from farmlive.people import Caller
from farmlive.server import Server
from farmlive.settings import Settings
from farmlive.shop.core.notice_kinds import CORRECTED, REFUND_CORRECTED
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices.notices import FIRST_PAUSE_MS
from farmlive.shop.notices.outbox_file import Outbox
from farmlive.shop.notices.providers import Notice
from farmlive.shop.orders.change_models import HandOver


async def test_a_buyer_is_told_of_what_matters_and_of_nothing_else(stall: Any) -> None:
    placed, collected = await stall.place(1), await pickup(stall)
    for state in ("packed", "shipped", "received"):
        await enter(stall, placed, state)
    for state in ("packed", "at_centre"):
        await enter(stall, collected, state)
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    await refund(stall, placed, 100)
    await enter(stall, collected, "received")
    assert await kinds(stall) == [
        "order.placed",
        "order.placed",
        "order.shipped",
        "order.at_centre",
        "order.refunded",
    ]
    assert {(row.person, row.provider) for row in await kept(stall.store)} == {(PHONE, "file")}


async def test_a_notice_is_of_the_transaction_of_its_event(stall: Any) -> None:
    placed = await stall.place(1)
    (row,) = await kept(stall.store)
    (event,) = await stall.events("order.placed")
    assert (row.order, row.seq, row.state) == (placed["id"], event.seq, "waiting")

    def fail(connection: Connection) -> None:
        stall.log.append(connection, stall.broadcast, OrderShipped.parse(event.data))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await stall.store.write(fail)
    assert len(await kept(stall.store)) == 1


async def test_a_hold_and_the_demos_people_are_told_nothing(stall: Any) -> None:
    stall.viewer = Caller(None, None, "simulator", "its device", "192.0.2.5")
    await stall.place(1)
    stall.viewer = caller()
    await stall.store.write(
        lambda connection: stall.log.append(
            connection,
            stall.broadcast,
            OrderCancelled(order=ulid(), state="cancelled", payment="due"),
        )
    )
    assert await kept(stall.store) == []


async def test_a_claims_answer_tells_of_its_refund(stall: Any) -> None:
    placed = await arrived(stall)
    (said,) = (await claim(stall, placed)).claims
    await answer_claim(stall, said, amount=100, answer="好")
    assert (await kinds(stall))[-1] == "order.claim_answered"
    assert "order.refunded" not in await kinds(stall)


async def test_what_was_undone_is_put_right_for_those_who_were_told(stall: Any) -> None:
    placed = await stall.place(1)
    await undo(stall, await move(stall, placed, state="packed"))  # nobody was told of packing
    await enter(stall, placed, "packed")
    await undo(stall, await move(stall, placed, state="shipped"))
    await enter(stall, placed, "shipped")
    await undo(stall, await move(stall, placed, state="received"))
    await undo(stall, await move(stall, placed, state="cancelled", reason="拒收"))
    assert await kinds(stall) == [
        "order.placed",
        "order.shipped",
        CORRECTED,
        "order.shipped",
        "order.cancelled",
        CORRECTED,
    ]


async def test_a_refund_that_was_undone_is_put_right(stall: Any) -> None:
    placed = await stall.place(1)
    for _ in range(2):
        await undo(stall, await refund(stall, placed, 100))
    assert (await kinds(stall))[1:] == ["order.refunded", REFUND_CORRECTED] * 2
    # What is told of its state is told as ever.
    await enter(stall, placed, "packed")
    await undo(stall, await move(stall, placed, state="shipped"))
    assert (await kinds(stall))[5:] == ["order.shipped", CORRECTED]


@pytest.mark.parametrize("codeless", [False, True])
@pytest.mark.parametrize("state", ["placed", "packed", "at_centre"])
async def test_who_is_given_the_order_is_not_told_to_come_for_it(
    stall: Any, state: str, codeless: bool
) -> None:
    placed = await waiting(stall, state=state)
    before = await kinds(stall)
    said = HandOver(known_by="slip") if codeless else HandOver(code="042117")
    done = await stall.shop.pickup.hand_over(CLERK, placed["id"], said)
    assert await kinds(stall) == before
    # Whoever was told nothing wrong is told of no mistake.
    await undo(stall, done)
    assert await kinds(stall) == before
    await stall.shop.pickup.hand_over(CLERK, placed["id"], said)
    assert await kinds(stall) == before


async def test_what_was_undone_is_told_once_a_move_and_of_no_step_between(stall: Any) -> None:
    placed = await waiting(stall, state="packed")
    arrived = await move(stall, placed, state="at_centre")
    given = await stall.shop.pickup.hand_over(CLERK, placed["id"], HandOver(known_by="slip"))
    await undo(stall, given)
    assert await kinds(stall) == ["order.placed", "order.at_centre"]
    await undo(stall, arrived)
    assert await kinds(stall) == ["order.placed", "order.at_centre", CORRECTED]
    given = await stall.shop.pickup.hand_over(CLERK, placed["id"], HandOver(known_by="slip"))
    await undo(stall, given)
    assert await kinds(stall) == ["order.placed", "order.at_centre", CORRECTED]
    events = await stall.events("order.packed", "order.at_centre", "order.received", "order.paid")
    between = [(event.kind, event.data["state"]) for event in events if event.data.get("passed")]
    assert between == [
        ("order.paid", "received"),
        ("order.at_centre", "at_centre"),
        ("order.paid", "received"),
        ("order.at_centre", "at_centre"),
    ]


async def test_what_was_passed_and_then_is_so_is_told(stall: Any) -> None:
    placed = await waiting(stall, state="placed")
    await stall.shop.pickup.hand_over(CLERK, placed["id"], HandOver(known_by="slip"))
    told = OrderAtCentre(order=placed["id"], state="at_centre", payment="due", undone=True)
    await stall.store.write(lambda connection: stall.log.append(connection, stall.broadcast, told))
    assert await kinds(stall) == ["order.placed", "order.at_centre"]


async def test_who_was_told_that_it_is_ordered_after_all_is_not_told_so_again(stall: Any) -> None:
    placed = await stall.place(1)
    await undo(stall, await move(stall, placed, state="cancelled"))
    told = ["order.placed", "order.cancelled", CORRECTED]
    assert await kinds(stall) == told
    await undo(stall, await move(stall, placed, state="packed"))
    assert await kinds(stall) == told
    # A correction can be wrong too.
    await enter(stall, placed, "packed")
    shipped = await move(stall, placed, state="shipped")
    await undo(stall, await move(stall, placed, state="cancelled", reason="拒收"))
    await undo(stall, shipped)
    assert (await kinds(stall))[3:] == ["order.shipped", "order.cancelled", CORRECTED, CORRECTED]


async def test_the_task_sends_at_once_and_what_an_earlier_run_left(
    stall: Any, settings: Settings
) -> None:
    await stall.place(1)
    await stall.shop.notices.start()
    try:
        await until(lambda: len(lines(settings)) == 1, "the notice that was left")
        await stall.place(1)
        await until(lambda: len(lines(settings)) == 2, "the notice of now")
    finally:
        await stall.shop.notices.stop()
    assert await stall.shop.notices.counts() == {"waiting": 0, "sent": 2, "failed": 0, "held": 0}


async def test_what_can_not_be_sent_is_an_outage_until_one_is(
    stall: Any, settings: Settings
) -> None:
    await stall.place(1)
    outages = Outages()
    notices = notices_of(stall.store, stall.log, settings, outages=outages)
    (outbox,) = outages
    settings.data.mkdir(parents=True, exist_ok=True)
    (settings.data / "outbox").write_text("no folder")
    with capture_logs() as said, pretended(now_ms()) as at:
        await notices.send()
        assert outages.failing() == [outbox]
        (settings.data / "outbox").unlink()
        at.at += FIRST_PAUSE_MS + 1
        await notices.send()
    assert not outbox.failing
    told = [each["event"] for each in said]
    assert told == [
        "notices by file can't be sent at the moment",
        "notices by file are sent again",
    ]


async def test_a_fault_of_ours_is_logged_without_the_person(
    stall: Any, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(Outbox):
        name = "broken"
        at_once = 1
        together = 1

        def send(self, *notices: Notice) -> None:
            raise RuntimeError(notices[0].person)

    broken = notices_of(stall.store, stall.log, settings, [Broken(settings.data)])
    await stall.place(1)
    await broken.send()
    logged = capsys.readouterr().out
    assert "RuntimeError" in logged
    assert PHONE not in logged
    assert "waiting" in await states(stall)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"notices": ("pigeon",)}, "write file, smtp"),
        ({"notices": ("file", "off")}, "write file, smtp"),
        ({"notices": ("smtp",)}, "set FARMLIVE_SMTP_URL and FARMLIVE_SMTP_FROM"),
        ({"smtp_url": "http://mail.example.org"}, "smtps://"),
        ({"smtp_url": "smtp://"}, "smtps://"),
        ({"smtp_url": "smtp://mail.example.org:x"}, "smtps://"),
        ({"smtp_from": "orders"}, "orders@example.org"),
        ({"smtp_from": "a@example.org\nBcc: b@example.org"}, "orders@example.org"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_to_write(values: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Settings(**values)


def test_notices_are_turned_off() -> None:
    assert Settings(notices="off").notices == ()
    assert Settings(notices="").notices == ()
    assert Settings().notices == ("file",)


async def test_the_servers_numbers_tell_how_many_wait(server: Server) -> None:
    house = server.house
    made = await house.broadcasts.create(NewBroadcast(title=Bilingual(zh="金桔")))
    await house.shop.notices.stop()

    async def numbers() -> dict[str, float]:
        async with httpx.AsyncClient(base_url=server.url) as client:
            told = (await client.get("/metrics")).text
        return {
            name.removeprefix("farmlive_notices_"): float(value)
            for name, value in (line.rsplit(" ", 1) for line in told.splitlines() if line[0] != "#")
            if name.startswith("farmlive_notices_")
        }

    async def one_is_sent() -> bool:
        return (await numbers())["sent"] == 1

    assert await numbers() == {"waiting": 0, "sent": 0, "failed": 0, "held": 0}
    row = {
        **dict.fromkeys(("id", "buyer", "device", "token_hash"), "x"),
        "broadcast": made.id,
        "number": 1,
        "buyer_name": "x",
        "buyer_phone": PHONE,
        "way": "parcel",
        "payment_method": "cash_on_delivery",
        "state": "placed",
        "payment": "due",
        "total": 1,
        "currency": "CNY",
        "simulated": False,
        "placed_at": 1,
    }

    def write_(connection: Connection) -> None:
        connection.execute(insert(orders), row)
        house.log.append(connection, made.id, OrderPlaced(order="x", state="placed", payment="due"))

    await house.store.write(write_)
    assert await numbers() == {"waiting": 1, "sent": 0, "failed": 0, "held": 0}
    await house.shop.notices.start()
    await until(one_is_sent, "the notice is sent")
    assert await numbers() == {"waiting": 0, "sent": 1, "failed": 0, "held": 0}
