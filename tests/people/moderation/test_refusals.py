"""Refusals: what was turned away, counted by case and told without naming anybody."""

import asyncio
import contextlib
import json

import httpx
import pytest
from tests.support.parts import limits_of
from tests.support.waiting import LONG_S

from farmlive.bus import LocalBus
from farmlive.people import People
from farmlive.people.core.devices import ADDRESS, BUYER, Pseudonyms
from farmlive.people.moderation import refusals
from farmlive.people.moderation.refusals import Refusals
from farmlive.problems import TooMany
from farmlive.store import Store

PHONE, HOME = "13800001111", "192.0.2.1"


@pytest.fixture
async def pseudonyms(store: Store) -> Pseudonyms:
    """Pseudonyms whose key is loaded, as after the first request."""
    made = Pseudonyms(store)
    await made.of("any", "thing")
    return made


async def test_limit_says_what_it_refused_to_whom_and_why(
    host: httpx.AsyncClient, people: People
) -> None:
    people.limits = limits_of(refused=people.refusals.limited, clock=lambda: 0.0)
    buyer = await people.pseudonyms.of(BUYER, PHONE)
    for _ in range(3):
        with contextlib.suppress(TooMany):
            people.limits.allow("orders of a phone", buyer, 1)
    (case,) = (await host.get("/api/v1/refusals")).json()["refusals"]
    assert case.pop("at").endswith("Z")
    assert case == {
        "what": "orders of a phone",
        "kind": "phone",
        "who": buyer[:8],
        "mark": buyer,
        "count": 2,
        "limit": 1,
        "reason": "More than 1 a minute.",
    }


async def test_block_says_its_reason(people: People) -> None:
    people.refusals.blocked("phone", "a" * 32, "called and threatened")
    (case,) = people.refusals.lately()
    assert (case.what, case.limit, case.reason) == ("blocked", None, "called and threatened")


async def test_addresses_and_names_are_pseudonyms(pseudonyms: Pseudonyms) -> None:
    kept = Refusals(pseudonyms, None)
    kept.limited("join", HOME, 3000)
    kept.limited("play", "2001:db8:1:2::/64", 3000)
    kept.limited("stream keys of an address", f"{HOME} 01JD00000000000000000000A1", 10)
    kept.limited("sign-in name", "chen", 10)
    kept.limited("chat", "d" * 32, 20)
    cases = kept.lately()
    assert [case.kind for case in cases] == ["device", "name", "address", "address", "address"]
    assert cases[2].mark == cases[4].mark == await pseudonyms.of(ADDRESS, HOME)
    assert not any(secret in str(cases) for secret in (HOME, "2001", "chen"))


async def test_latest_case_comes_first_and_an_hours_silence_forgets(
    pseudonyms: Pseudonyms, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, now = Refusals(pseudonyms, None), 0
    monkeypatch.setattr(refusals, "now_ms", lambda: now)
    kept.limited("join", HOME, 1)
    now = 1_000
    kept.limited("chat", "d" * 32, 1)
    now = 2_000
    kept.limited("join", HOME, 1)
    assert [(case.what, case.count) for case in kept.lately()] == [("join", 2), ("chat", 1)]
    now += refusals.KEPT_MS - 500
    assert [case.what for case in kept.lately()] == ["join"]


async def test_no_more_cases_than_fit_are_kept(
    pseudonyms: Pseudonyms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "CAPACITY", 3)
    kept = Refusals(pseudonyms, None)
    for number in range(5):
        kept.limited("chat", f"{number:032x}", 20)
    assert [int(case.mark, 16) for case in kept.lately()] == [4, 3, 2]


async def test_servers_tell_each_other_once_for_many(
    pseudonyms: Pseudonyms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "TELL_S", 0.0)
    bus = LocalBus()
    one, two = Refusals(pseudonyms, bus), Refusals(pseudonyms, bus)
    messages: list[bytes] = []
    both = asyncio.Event()

    def hear(_topic: str, message: bytes) -> None:
        messages.append(message)
        if len(messages) == 2:
            both.set()

    bus.listen(hear)
    for _ in range(3):
        one.limited("join", HOME, 1)
    two.limited("join", HOME, 1)
    await asyncio.wait_for(both.wait(), LONG_S)
    assert [case.count for case in one.lately()] == [4]
    assert [case.count for case in two.lately()] == [4]
    assert HOME not in str([json.loads(message) for message in messages])
