"""Codes that are sent to a phone: asked for, read from the outbox, and tried."""

import re
from typing import Any

from tests.shop.conftest import caller
from tests.shop.support import sent_notices
from tests.shop.support.departing_buyer import PHONE
from tests.support.waiting import until

from farmlive.settings import Settings
from farmlive.shop.privacy.models import PersonAsked


def codes(settings: Settings, phone: str = PHONE) -> list[str]:
    """The codes that were sent to the phone, in their order."""
    sent = [line for line in sent_notices.lines(settings) if line.get("kind") == "person.code"]
    assert all(line["to"] == phone for line in sent)
    return [re.findall(r"\b[0-9]{6}\b", line["text"])[0] for line in sent]


async def sent(stall: Any, settings: Settings, number: int = 1) -> str:
    async def is_so() -> bool:
        return len(codes(settings)) >= number

    await until(is_so, f"code number {number} was sent")
    return codes(settings)[number - 1]


async def ask(stall: Any, phone: str = PHONE, by: Any = None, language: Any = None) -> Any:
    answer = await stall.shop.persons.send_code(by or caller(), phone, language)
    await stall.shop._codes.stop()  # what was to be sent is
    return answer


async def check(stall: Any, code: str, phone: str = PHONE, by: Any = None) -> Any:
    said = PersonAsked(phone=phone, code=code)
    return await stall.shop.persons.of_phone(by or caller(), said)


def other_than(code: str, turn: int = 1) -> str:
    return f"{(int(code) + turn) % 1_000_000:06d}"
