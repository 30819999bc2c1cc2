"""A code that is sent to a phone shows that it is one's own, and tells a stranger nothing."""

import asyncio
import json
import zipfile
from typing import Any

import pytest
from sqlalchemy import select
from tests.shop.conftest import caller
from tests.shop.support import sent_notices
from tests.shop.support.departing_buyer import BUYER, NAME, PHONE, drawn, over
from tests.shop.support.notice_providers import AS_SHIPPED, server
from tests.shop.support.phone_codes import ask, check, codes, other_than, sent
from tests.support.parts import timekeeper_of
from tests.support.set_clocks import Clocks, clocks

from farmlive.clock import now_ms, pretended
from farmlive.outages import Outages
from farmlive.settings import Settings
from farmlive.shop.notices.tables import notice_counts
from farmlive.shop.privacy.codes import LOCKED_MS, TRIES, VALID_MS
from farmlive.shop.privacy.erasing import OrderScope
from farmlive.shop.privacy.models import PersonAsked
from farmlive.shop.privacy.problems import CodesLocked, NoCodes, WrongCode
from farmlive.shop.privacy.tables import person_codes

__all__ = ["clocks"]


UNKNOWN = "13900009999"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"notices": ("file",), "notice_gather_minutes": 0, **AS_SHIPPED}
    )


async def test_a_code_opens_all_orders_of_its_phone(stall: Any, settings: Settings) -> None:
    await over(stall)
    await ask(stall)
    code = await sent(stall, settings)
    whose = await check(stall, f" {code[:3]} {code[3:]} ")
    assert (await stall.shop.persons.summarize(whose)).count == 1
    with pytest.raises(WrongCode):
        await check(stall, code, UNKNOWN)


async def test_it_is_written_in_the_language_or_in_both(stall: Any, settings: Settings) -> None:
    await over(stall)
    await ask(stall, language="en")
    await ask(stall, language="zh")
    with pretended(now_ms() + 2 * 3_600_000):
        await ask(stall)
    english, chinese, both = [
        line["text"] for line in sent_notices.lines(settings) if line["kind"] == "person.code"
    ]
    assert "Don't share it" in english
    assert "请勿告诉他人" in chinese
    assert "Don't share it" in both
    assert "请勿告诉他人" in both


async def test_nothing_tells_whether_a_phone_has_orders(stall: Any, settings: Settings) -> None:
    await over(stall)
    answers = [await ask(stall, phone) for phone in (PHONE, UNKNOWN)]
    assert answers[0] == answers[1]
    assert len(codes(settings)) == 1
    for phone in (PHONE, UNKNOWN):
        guess = other_than(codes(settings)[0])
        for _ in range(TRIES):
            with pytest.raises(WrongCode):
                await check(stall, guess, phone)
        with pytest.raises(CodesLocked):
            await check(stall, guess, phone)
        with pytest.raises(CodesLocked):
            await ask(stall, phone)


async def test_it_is_over_after_ten_minutes(stall: Any, settings: Settings) -> None:
    await over(stall)
    await ask(stall)
    code = await sent(stall, settings)
    with pretended(now_ms() + VALID_MS - 5_000):
        await check(stall, code)
    with pretended(now_ms() + VALID_MS + 5_000), pytest.raises(WrongCode):
        await check(stall, code)


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_a_clock_that_is_set_ends_no_code_and_makes_none_last_longer(
    stall: Any, settings: Settings, clocks: Clocks, step: float
) -> None:
    keeper = timekeeper_of(stall.store, stall.log, Outages())
    await keeper.check()
    await over(stall)
    await ask(stall)
    code = await sent(stall, settings)
    clocks.set_reference(stall.store.dialect, step)
    before = now_ms()
    await clocks.look(keeper, 35)
    assert abs(now_ms() - before - 35_000 - step * 1000) < 60_000
    await check(stall, code)
    (row,) = await stall.store.read(lambda conn: conn.execute(select(person_codes)).all())
    assert row.tries == 0
    await ask(stall)
    assert await sent(stall, settings, 2) == code
    clocks.let_pass(VALID_MS / 1000)
    with pytest.raises(WrongCode):
        await check(stall, code)


async def test_five_guesses_from_many_addresses_lock_it_for_an_hour(
    stall: Any, settings: Settings
) -> None:
    await over(stall)
    await ask(stall)
    code = await sent(stall, settings)

    async def guess(turn: int) -> str:
        by = caller(f"device {turn}")
        object.__setattr__(by, "address", f"198.51.{turn}.7")
        try:
            await check(stall, other_than(code, turn + 1), by=by)
        except (WrongCode, CodesLocked) as error:
            return error.slug
        return "in"

    found = await asyncio.gather(*(guess(turn) for turn in range(20)))
    assert found.count("wrong-phone-code") == TRIES
    assert found.count("codes-locked") == 20 - TRIES
    with pytest.raises(CodesLocked) as locked:
        await check(stall, code)  # the right one, too
    assert 0 < int(locked.value.headers["Retry-After"]) <= 3600
    assert locked.value.status == 429
    with pretended(now_ms() + LOCKED_MS + 5_000):
        await ask(stall)
        assert len(codes(settings)) == 2
        await check(stall, codes(settings)[-1])


async def test_a_new_code_gives_no_new_tries(stall: Any, settings: Settings) -> None:
    await over(stall)
    await ask(stall)
    code = await sent(stall, settings)
    for turn in range(TRIES - 1):
        with pytest.raises(WrongCode):
            await check(stall, other_than(code, turn + 1))
    with pretended(now_ms() + 6 * 60_000):
        await ask(stall)
        second = await sent(stall, settings, 2)
        with pytest.raises(WrongCode):
            await check(stall, other_than(second))
        with pytest.raises(CodesLocked):
            await check(stall, second)


async def test_who_asks_again_does_not_spoil_the_code_that_was_sent(
    stall: Any, settings: Settings
) -> None:
    await over(stall)
    await ask(stall)
    await ask(stall, by=caller("a stranger"))
    assert len(set(codes(settings))) == 1
    await check(stall, codes(settings)[0])


async def test_codes_count_among_the_messages_that_strangers_cause(
    stall: Any, settings: Settings
) -> None:
    """Three an hour to one number: orders and codes together, whichever comes first."""
    await over(stall)  # one
    for _ in range(4):
        await ask(stall)
    assert len(codes(settings)) == 2
    await stall.place(1, buyer=BUYER)
    assert (await sent_notices.kept(stall.store))[-1].held_by == "number"
    # What was sent last is good, though others were asked for.
    await check(stall, codes(settings)[-1])
    with pretended(now_ms() + 61 * 60_000):
        await ask(stall)
        assert len(codes(settings)) == 3


@pytest.mark.parametrize("known", [True, False], ids=["has orders", "has none"])
async def test_no_own_order_to_a_phone_tells_whether_it_had_orders(
    stall: Any, settings: Settings, known: bool
) -> None:
    if known:
        await over(stall)
    with pretended(now_ms() + 2 * 3_600_000):
        for _ in range(3):
            await ask(stall)
        placed = await stall.place(1, buyer=BUYER, by=caller("a stranger"))
        row = (await sent_notices.kept(stall.store))[-1]
        assert (row.order, row.held_by) == (placed["id"], "number")
        assert len(codes(settings)) == (3 if known else 0)
        spent = select(notice_counts.c.times)
        (times,) = await stall.store.read(lambda conn: conn.execute(spent).scalars().all())
        assert len(times) == 3


async def test_an_export_by_a_link_tells_of_nothing_that_it_was_held_back(
    stall: Any, settings: Settings
) -> None:
    """Else whoever orders to a phone learns what else it was told within an hour."""

    async def messages(whose: OrderScope) -> list[dict[str, Any]]:
        made = await stall.shop.persons.export(whose, "en", drawn(stall, settings))
        with made.file, zipfile.ZipFile(made.file) as opened:
            orders = json.loads(opened.read("data.json"))["orders"]
        return [{**each, "at": ""} for order in orders for each in order["messages"]]

    shown = []
    for _ in range(4):
        placed = await stall.place(1, buyer=BUYER)
        shown.append(await messages(await stall.shop.persons.of_order(caller(), placed["token"])))
    assert {row.held_by for row in await sent_notices.kept(stall.store)} == {None, "number"}
    assert shown[0]
    assert all(each == shown[0] for each in shown)
    # Who has the phone in hand is told all of it.
    own = await stall.shop.persons.of_phone(caller(), PersonAsked(phone=PHONE))
    assert {each["state"] for each in await messages(own)} == {"waiting", "held"}


async def test_codes_count_for_the_address_that_asks(stall: Any, settings: Settings) -> None:
    shop = server(stall, settings, notices_per_address=2)
    for number in range(4):
        await over(stall, buyer={"name": NAME, "phone": f"1385550200{number}"})
    by = caller("new")
    object.__setattr__(by, "address", "203.0.113.5")
    for number in range(4):
        await shop.persons.send_code(by, f"1385550200{number}", None)
    await shop._codes.stop()
    lines = [line for line in sent_notices.lines(settings) if line["kind"] == "person.code"]
    assert len(lines) == 2


async def test_without_text_messages_it_says_so(stall: Any, settings: Settings) -> None:
    shop = stall.another_shop(settings.model_copy(update={"notices": ()}))
    assert not shop.persons.sends_codes
    with pytest.raises(NoCodes):
        await shop.persons.send_code(caller(), PHONE, None)


async def test_no_table_holds_a_code_or_whose_it_is(stall: Any, settings: Settings) -> None:
    await over(stall)
    await ask(stall)
    code = await sent(stall, settings)
    query = select(person_codes)
    (row,) = await stall.store.read(lambda connection: connection.execute(query).all())
    assert code not in str(row)
    assert PHONE not in str(row)


@pytest.mark.parametrize(
    ("theirs", "hers"),
    [("+13802393445", "13802393445"), ("+86138555012349", PHONE)],  # of Ohio; a digit too many
)
async def test_an_order_is_not_another_numbers_that_has_its_digits(
    stall: Any, settings: Settings, theirs: str, hers: str
) -> None:
    await over(stall, buyer={"name": NAME, "phone": hers})
    await ask(stall, theirs)
    assert codes(settings) == []
    whose = await stall.shop.persons.of_phone(caller(), PersonAsked(phone=theirs))
    assert (await stall.shop.persons.summarize(whose)).count == 0
    assert await stall.shop.persons.erase(caller(), whose, "role") == 0
    own = await stall.shop.persons.of_phone(caller(), PersonAsked(phone=hers))
    assert (await stall.shop.persons.summarize(own)).count == 1
