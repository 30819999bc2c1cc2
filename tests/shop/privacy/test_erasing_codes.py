"""Erasing an order by its link takes out the message with a code, too, which names no order."""

import asyncio
from typing import Any

import pytest
from tests.shop.conftest import caller
from tests.shop.support import sent_notices
from tests.shop.support.departing_buyer import (
    PHONE,
    WORDS,
    erase,
    everything,
    full,
    nothing_waits,
    over,
    row_of,
    settings,
)

from farmlive.clock import now_ms, pretended
from farmlive.settings import Settings
from farmlive.shop.orders import buyer_data
from farmlive.shop.privacy.codes import KIND, PersonCodes
from farmlive.shop.privacy.erasing import Erasure
from farmlive.shop.privacy.outbox_sweep import LATE_MS

__all__ = ["full", "settings"]


async def code_sent(stall: Any, settings: Settings) -> None:
    """A message with a code is in the outbox."""
    await stall.shop.persons.send_code(caller(), PHONE, "en")
    await stall.shop._codes.stop()
    assert [line["to"] for line in sent_notices.lines(settings) if line.get("kind") == KIND] == [
        PHONE
    ]


async def test_by_its_link_a_phones_last_order_takes_the_codes_message_along(
    stall: Any, full: Any, settings: Settings
) -> None:
    """It names no order, and would keep the phone in clear as long as the outbox's files."""
    other = await over(stall)
    await nothing_waits(stall)
    await code_sent(stall, settings)
    for placed, stays in ((full, True), (other, False)):
        whose = await stall.shop.persons.of_order(caller(), placed["token"])
        assert await erase(stall, whose, caller()) == 1
        # While another order has the phone, the code is for that one.
        assert (PHONE in str(sent_notices.lines(settings))) is stays
        assert (KIND in str(sent_notices.lines(settings))) is stays
    assert [word for word in WORDS if word in await everything(stall.store)] == []


async def test_an_order_without_its_person_keeps_no_codes_message(
    stall: Any, settings: Settings
) -> None:
    await stall.shop.notices.start()
    placed, old = await over(stall), await over(stall)
    await nothing_waits(stall)
    await stall.shop.notices.stop()
    row = await row_of(stall, old)
    await stall.store.write(
        lambda connection: buyer_data.erase_details(connection, [row], now_ms()) and None
    )
    await code_sent(stall, settings)
    await erase(stall, await stall.shop.persons.of_order(caller(), placed["token"]), caller())
    assert PHONE not in str(sent_notices.lines(settings))
    # That order is as it was, and nothing says which erased one was of the same phone.
    assert (await row_of(stall, old)).buyer == row.buyer
    assert (await row_of(stall, placed)).buyer != row.buyer


async def test_of_two_orders_that_are_erased_together_the_second_takes_it_along(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the second one begins, the first one has the phone still."""
    both = [await over(stall), await over(stall)]
    await code_sent(stall, settings)
    with monkeypatch.context() as patch:
        patch.setattr(Erasure, "_work", lambda *_, **__: asyncio.sleep(0))
        for placed in both:
            whose = await stall.shop.persons.of_order(caller(), placed["token"])
            assert await erase(stall, whose, caller()) == 1
    assert PHONE in str(sent_notices.lines(settings))
    await stall.shop.erasure.resume()
    assert PHONE not in str(sent_notices.lines(settings))


async def test_a_code_that_is_written_late_goes_too(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for while the phone had an order, and brought when that was erased."""
    placed = await over(stall)
    bring, waiting = PersonCodes._deliver, asyncio.Event()

    async def late(self: Any, *given: Any) -> None:
        await waiting.wait()
        await bring(self, *given)

    monkeypatch.setattr(PersonCodes, "_deliver", late)
    await stall.shop.persons.send_code(caller(), PHONE, "en")
    await erase(stall, await stall.shop.persons.of_order(caller(), placed["token"]), caller())
    waiting.set()
    await stall.shop._codes.stop()
    assert PHONE in str(sent_notices.lines(settings))
    with pretended(now_ms() + LATE_MS + 1_000):
        await stall.shop.erasure.resume()
    assert PHONE not in str(sent_notices.lines(settings))
