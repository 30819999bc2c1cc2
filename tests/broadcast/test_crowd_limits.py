"""What the phones behind one address may say, tap and like together, by a clock the test moves."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.broadcast.live_channel import ask, channel, get, use_up
from tests.support.manual_clock import Clock
from tests.support.parts import limits_of

from farmlive.broadcast.crowd_limits import CrowdLimits
from farmlive.people import Caller
from farmlive.problems import TooMany
from farmlive.server import Server
from farmlive.settings import Settings

HOME = "192.0.2.1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def crowd(clock: Clock) -> CrowdLimits:
    return CrowdLimits(limits_of(clock=clock), Settings())


def phone(number: int, address: str | None = HOME) -> Caller:
    return Caller(None, None, None, f"{number:032x}", address)


def taken(job: Callable[[Caller], object], callers: list[Caller]) -> int:
    """How many of them were taken."""
    found = 0
    for caller in callers:
        try:
            found += job(caller) is not False
        except TooMany:
            continue
    return found


def test_300_phones_behind_one_address_talk_tap_and_like_with_none_refused(
    crowd: CrowdLimits, clock: Clock
) -> None:
    phones = [phone(number) for number in range(300)]
    for _ in range(20):  # “type 1 if you want it”: all at once, every half minute, ten minutes long
        assert taken(crowd.chat, phones) == 300
        assert taken(crowd.tap, phones) == 300
        for _ in range(30):
            assert taken(lambda caller: crowd.like(caller, 1), phones) == 300
            clock.now += 1.0


def test_who_throws_the_cookie_away_runs_into_the_limit_of_new_devices(
    crowd: CrowdLimits, clock: Clock
) -> None:
    attack = [phone(number) for number in range(1_200)]
    assert taken(crowd.chat, attack) == 360
    assert taken(crowd.tap, attack[400:]) == 0
    clock.now += 60.0
    assert taken(crowd.tap, attack[400:]) == 360


def test_who_keeps_the_cookies_runs_into_the_limit_of_the_address(crowd: CrowdLimits) -> None:
    phones = [phone(number) for number in range(100)]
    assert sum(taken(crowd.chat, phones) for _ in range(10)) == 600
    assert sum(taken(crowd.tap, phones) for _ in range(10)) == 600
    assert sum(taken(lambda caller: crowd.like(caller, 20), phones) for _ in range(15)) == 900


def test_addresses_of_one_block_share_five_times_as_much(crowd: CrowdLimits) -> None:
    attack = [phone(number, f"192.0.2.{number % 200}") for number in range(4_000)]
    assert taken(crowd.chat, attack) == 5 * 360
    assert taken(crowd.chat, [phone(9_999, "198.51.100.7")]) == 1


def test_nothing_is_counted_by_an_address_that_a_proxy_hides(crowd: CrowdLimits) -> None:
    attack = [phone(number, None) for number in range(2_000)]
    assert taken(crowd.chat, attack) == 2_000


def test_staff_speak_whatever_the_viewers_at_their_address_do(crowd: CrowdLimits) -> None:
    taken(crowd.chat, [phone(number) for number in range(1_200)])
    stranger = phone(5_000)
    assert taken(crowd.chat, [stranger]) == 0
    assert taken(crowd.chat, [replace(stranger, role="host")]) == 1


def test_a_device_is_still_limited_by_itself(crowd: CrowdLimits) -> None:
    assert taken(crowd.chat, [phone(1)] * 30) == 20
    assert taken(crowd.tap, [phone(1)] * 150) == 120


async def test_cards_and_hearts_over_the_limit_are_answered_and_not_counted(
    server: Server,
    live: str,
) -> None:
    house = server.house
    use_up(house.people.limits, "taps of an address", "hearts of an address")
    opened: list[str] = []

    def note(broadcast: str, offer: str, device: str) -> None:
        opened.append(offer)

    house.broadcasts.taps.add = note  # type: ignore[method-assign]
    async with channel(server, live) as socket:
        await get(socket)
        reply = await ask(socket, "card.open", offer="01OFFER")
        assert reply["result"]["offer"]["id"] == "01OFFER"
        assert (await ask(socket, "react", count=3))["ok"]
        async with house.broadcasts.hub(live) as hub:
            assert hub.reactions == 0
    assert opened == []


async def test_a_flood_of_new_devices_is_refused_with_what_to_do(
    server: Server,
    live: str,
) -> None:
    use_up(server.house.people.limits, "new devices of an address")
    async with channel(server, live) as socket:
        await get(socket)
        reply = await ask(socket, "chat.say", text="spam")
    assert reply["problem"]["type"] == "/problems/too-many-requests"
    assert "try again in" in reply["problem"]["detail"]
