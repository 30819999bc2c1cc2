"""Second factors: what a sign-in asks once an account has one, codes that are taken once, guesses,
recovery codes, and resets. Who must have one by when is in test_factor_deadlines.py.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from tests.people.conftest import PASSWORD, browser, make_app, sign_in
from tests.people.second_factor import (
    FACTORS,
    asked_before,
    authenticated_before,
    mid_step,
    set_up,
    slug,
    try_in,
)
from tests.support.authenticators import code_of, wrong_code
from tests.support.parts import people_of

from farmlive.clock import now_ms
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.people.core.sealing import Sealer
from farmlive.people.factors import recovery_codes, totp
from farmlive.people.factors import tries as factor_tries
from farmlive.people.factors.factors import GRACE_MS
from farmlive.settings import Settings
from farmlive.store import Store, metadata

__all__ = ["mid_step"]
pytestmark = pytest.mark.usefixtures("mid_step")


@pytest.fixture
async def stranger(app: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on which nobody signed in before."""
    async with browser(app, peer="198.51.100.9") as client:
        yield client


async def test_password_alone_is_asked_for_the_code_and_not_before_it_is_right(
    host: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    secret, _codes = await set_up(host)
    for name, password in (("chen", "not the right one"), ("nobody", PASSWORD)):
        body = {"name": name, "password": password, "code": code_of(secret)}
        answer = await stranger.post("/api/v1/session", json=body)
        assert (answer.status_code, slug(answer)) == (401, "wrong-password")
    asked = await try_in(stranger, "chen")
    assert (asked.status_code, slug(asked)) == (401, "second-factor-needed")
    assert asked.json()["kinds"] == ["totp", "recovery"]
    assert asked.json()["passkey"] is None
    assert "set-cookie" not in asked.headers or "session" not in asked.headers["set-cookie"]
    assert (await stranger.get("/api/v1/session")).status_code == 401
    answer = await try_in(stranger, "chen", code=code_of(secret))
    assert answer.status_code == 200
    assert answer.json()["second_factor"] is True


async def test_code_is_taken_once_and_no_earlier_one_after_it(
    host: httpx.AsyncClient, app: Api
) -> None:
    secret, _codes = await set_up(host)
    first = code_of(secret)
    async with browser(app) as one, browser(app) as other:
        answers = await asyncio.gather(
            try_in(one, "chen", code=first), try_in(other, "chen", code=first)
        )
        assert sorted(each.status_code for each in answers) == [200, 401]
        assert (await try_in(other, "chen", code=code_of(secret, 1))).status_code == 200
        for used in (first, code_of(secret, 1), code_of(secret, -1)):
            answer = await try_in(one, "chen", code=used)
            assert (answer.status_code, slug(answer)) == (401, "wrong-factor-code")


async def test_code_is_taken_however_it_is_typed_and_only_about_its_time(
    host: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    secret, _codes = await set_up(host)
    for later in (-3, 3):
        answer = await try_in(stranger, "chen", code=code_of(secret, later))
        assert slug(answer) == "wrong-factor-code"
    code = code_of(secret, 1)
    wide = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code)
    assert (await try_in(stranger, "chen", code=f" {wide[:3]} {wide[3:]} ")).status_code == 200


async def test_guesses_wait_longer_and_longer_and_shut_no_known_device_out(
    host: httpx.AsyncClient, app: Api, people: People, store: Store, settings: Settings
) -> None:
    secret, codes = await set_up(host)
    wrong = wrong_code(secret)
    # Two servers on one database count together.
    second = make_app(people_of(store, settings))
    for number in range(factor_tries.FREE):
        # A guesser throws the device's cookie away each time.
        async with browser((app, second)[number % 2], peer="198.51.100.9") as guesser:
            assert slug(await try_in(guesser, "chen", code=wrong)) == "wrong-factor-code"
    async with browser(second, peer="198.51.100.10") as guesser:
        answer = await try_in(guesser, "chen", code=code_of(secret))
        assert (answer.status_code, slug(answer)) == (429, "too-many-requests")
        assert 0 < int(answer.headers["retry-after"]) <= 60
        # Nobody guesses a recovery code, so it is looked at all the same.
        assert (await try_in(guesser, "chen", code=codes[0])).status_code == 200
    assert (await try_in(host, "chen", code=code_of(secret, 1))).status_code == 200


async def test_of_guesses_at_once_no_more_are_looked_at_than_in_turn(
    host: httpx.AsyncClient, app: Api, store: Store, people: People, settings: Settings
) -> None:
    secret, _codes = await set_up(host)
    wrong = wrong_code(secret)
    second = make_app(people_of(store, settings))

    async def guess(number: int) -> int:
        async with browser((app, second)[number % 2], peer=f"198.51.100.{number}") as guesser:
            return (await try_in(guesser, "chen", code=wrong)).status_code

    found = await asyncio.gather(*map(guess, range(3 * factor_tries.FREE)))
    assert found.count(401) == factor_tries.FREE
    assert set(found) == {401, 429}


@pytest.mark.parametrize(
    ("tries", "minutes"), [(1, 0), (4, 0), (5, 1), (6, 2), (12, 128), (13, 240), (10_000, 240)]
)
def test_wait_doubles_up_to_four_hours(tries: int, minutes: int) -> None:
    assert factor_tries.wait_ms(tries) == minutes * 60_000


async def test_recovery_code_works_once_of_two_at_once_too(
    host: httpx.AsyncClient, app: Api, people: People, store: Store, settings: Settings
) -> None:
    _secret, codes = await set_up(host)
    assert len(set(codes)) == recovery_codes.COUNT
    second = make_app(people_of(store, settings))
    async with browser(app) as one, browser(second) as other:
        typed = codes[0].upper().replace("-", " ")
        answers = await asyncio.gather(
            try_in(one, "chen", code=typed), try_in(other, "chen", code=codes[0])
        )
        assert sorted(each.status_code for each in answers) == [200, 401]
        assert (
            slug(next(each for each in answers if each.status_code == 401)) == "wrong-factor-code"
        )
        own = (await host.get(FACTORS)).json()
        assert own["recovery_codes_left"] == recovery_codes.COUNT - 1


@pytest.mark.parametrize(
    "typed",
    [
        "K7Q2 9FHM 0101 1ABC",
        "k7q29fhm01011abc",
        "k7q2.9fhm_OiOl-LaBc",
        "Ｋ７Ｑ２－９ＦＨＭ　０１０１－１ＡＢＣ",
    ],
)
def test_recovery_code_is_taken_however_it_is_typed(typed: str) -> None:
    written = recovery_codes.canonical(typed)
    assert written == "k7q29fhm01011abc"
    assert recovery_codes.is_code(written)


def test_recovery_codes_have_eighty_bits_and_none_of_the_letters_that_look_alike() -> None:
    for code in recovery_codes.generate():
        assert re.fullmatch("([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}", code)


async def test_new_recovery_codes_put_an_end_to_those_before(
    host: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    assert slug(await host.post(f"{FACTORS}/recovery-codes")) == "no-second-factor"
    _secret, old = await set_up(host)
    new = (await host.post(f"{FACTORS}/recovery-codes")).json()["recovery_codes"]
    assert slug(await try_in(stranger, "chen", code=old[0])) == "wrong-factor-code"
    assert (await try_in(stranger, "chen", code=new[0])).status_code == 200


async def test_recovery_code_of_another_account_is_none(
    host: httpx.AsyncClient, coordinator: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    _secret, codes = await set_up(host)
    await set_up(coordinator)
    assert slug(await try_in(stranger, "lin", code=codes[0])) == "wrong-factor-code"


async def test_database_alone_gives_no_code(
    host: httpx.AsyncClient, store: Store, people: People
) -> None:
    secret, codes = await set_up(host)

    def read(conn: Any) -> str:
        return "".join(
            repr(row) for table in metadata.sorted_tables for row in conn.execute(select(table))
        )

    held = await store.read(read)
    plain = [recovery_codes.canonical(code) for code in codes]
    assert not [each for each in (secret, *codes, *plain) if each in held]
    row = await store.read(lambda conn: conn.execute(select(tables.totp)).one())
    other = Sealer(bytes(32))
    assert other.open(row.secret, f"totp {row.account}") is None
    # In another account's row it opens nothing either.
    assert people.factors.setups.sealer.open(row.secret, "totp another") is None


async def test_setup_is_of_one_account_and_ends_after_half_an_hour(
    host: httpx.AsyncClient, coordinator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = (await host.post(f"{FACTORS}/totp")).json()
    assert begun["secret"] in begun["uri"]
    assert begun["qr"].startswith("data:image/svg+xml")
    body = {"token": begun["token"], "code": code_of(begun["secret"])}
    assert slug(await coordinator.put(f"{FACTORS}/totp", json=body)) == "wrong-factor-code"
    wrong = {**body, "code": wrong_code(begun["secret"])}
    assert slug(await host.put(f"{FACTORS}/totp", json=wrong)) == "wrong-factor-code"
    later = now_ms() + totp.SETUP_MS
    with monkeypatch.context() as moved:
        moved.setattr("farmlive.people.factors.totp.now_ms", lambda: later)
        assert slug(await host.put(f"{FACTORS}/totp", json=body)) == "wrong-factor-code"
    assert (await host.get(FACTORS)).json()["totp_since"] is None


async def test_app_is_replaced_and_its_old_codes_and_no_recovery_codes_end(
    host: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    old, codes = await set_up(host)
    new, none = await set_up(host)
    assert none is None
    if code_of(old) != code_of(new):
        assert slug(await try_in(stranger, "chen", code=code_of(old))) == "wrong-factor-code"
    assert (await try_in(stranger, "chen", code=code_of(new))).status_code == 200
    assert (await try_in(stranger, "chen", code=codes[0])).status_code == 200


async def test_removed_factor_is_not_asked_for_and_its_recovery_codes_are_gone(
    host: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    await set_up(host)
    assert (await host.delete(f"{FACTORS}/totp")).status_code == 204
    assert slug(await host.delete(f"{FACTORS}/totp")) == "unknown-factor"
    answer = await try_in(stranger, "chen")
    assert answer.status_code == 200
    assert answer.json()["second_factor"] is False
    assert (await host.get(FACTORS)).json()["recovery_codes_left"] == 0


async def test_first_password_and_factor_are_asked_in_turn_and_the_code_is_kept_for_the_last(
    coordinator: httpx.AsyncClient,
    host: httpx.AsyncClient,
    people: People,
    stranger: httpx.AsyncClient,
) -> None:
    secret, _codes = await set_up(host)
    password = await people.set_password("chen")
    body: dict[str, Any] = {"name": "chen", "password": password, "code": code_of(secret)}
    answer = await stranger.post("/api/v1/session", json=body)
    assert slug(answer) == "password-change-needed"
    # Whoever set the password gets no further without the factor.
    chosen = {**body, "new_password": "four-quiet-hills"}
    answer = await stranger.post("/api/v1/session", json={**chosen, "code": None})
    assert slug(answer) == "second-factor-needed"
    answer = await stranger.post(
        "/api/v1/session", json={**body, "new_password": "four-quiet-hills"}
    )
    assert answer.status_code == 200
    answer = await stranger.post("/api/v1/session", json=body)
    assert slug(answer) == "wrong-password"


async def test_programs_key_is_not_asked(
    coordinator: httpx.AsyncClient, app: Api, people: People
) -> None:
    await set_up(coordinator)
    owner = (await people.find_by_name("lin")).id
    _, key = await people.create_api_key("sheet", "coordinator", owner=owner)
    async with browser(app, Authorization=f"Bearer {key}") as program:
        assert (await program.get("/api/v1/accounts")).status_code == 200
        for path in ("", "/recovery-codes", "/totp"):
            method = "GET" if not path else "POST"
            answer = await program.request(method, FACTORS + path)
            assert (answer.status_code, slug(answer)) == (403, "no-password")


# Resets.


async def test_coordinator_resets_anothers_factor_and_nothing_else_ends(
    coordinator: httpx.AsyncClient, host: httpx.AsyncClient, stranger: httpx.AsyncClient,
    people: People, store: Store,
) -> None:  # fmt: skip
    await set_up(host)
    chen = await people.find_by_name("chen")
    await asked_before(store, GRACE_MS + 1)
    listed = (await coordinator.get("/api/v1/accounts")).json()["accounts"]
    assert {each["name"]: each["second_factor"] for each in listed} == {"chen": True, "lin": False}
    path = f"/api/v1/accounts/{chen.id}/factors"
    assert (await host.delete(path)).status_code == 403
    assert (await stranger.delete(path)).status_code == 401
    del coordinator.headers["X-CSRF-Token"]
    assert slug(await coordinator.delete(path)) == "csrf"
    await sign_in(coordinator, "lin")
    await authenticated_before(store, 11)
    assert slug(await coordinator.delete(path)) == "reauthentication-needed"
    assert (await people.find_by_name("chen")).second_factor
    await authenticated_before(store, 1)
    assert (await coordinator.delete(path)).status_code == 204
    now = await people.find_by_name("chen")
    assert (now.second_factor, now.factor_asked_at) == (False, None)
    assert (await host.get("/api/v1/session")).status_code == 200
    assert (await try_in(stranger, "chen")).status_code == 200
    deed = next(
        each for each in await people.audit_entries(None, 10) if each.action == "factor.reset"
    )
    assert (deed.name, deed.subject, deed.detail) == ("lin", chen.id, {"name": "chen"})


async def test_coordinator_resets_no_factor_that_is_not_there(
    coordinator: httpx.AsyncClient, host: httpx.AsyncClient, people: People, store: Store
) -> None:
    # Or the days without one would begin anew, as often as somebody likes.
    await asked_before(store, GRACE_MS + 1)
    chen = await people.find_by_name("chen")
    answer = await coordinator.delete(f"/api/v1/accounts/{chen.id}/factors")
    assert (answer.status_code, slug(answer)) == (409, "no-second-factor")
    assert (await people.find_by_name("chen")).factor_asked_at == chen.factor_asked_at


async def test_nobody_resets_their_own(
    coordinator: httpx.AsyncClient, app: Api, people: People
) -> None:
    await set_up(coordinator)
    own = (await people.find_by_name("lin")).id
    _, key = await people.create_api_key("program", "coordinator", owner=own)
    async with browser(app, Authorization=f"Bearer {key}") as program:
        for client in (coordinator, program):
            answer = await client.delete(f"/api/v1/accounts/{own}/factors")
            assert (answer.status_code, slug(answer)) == (409, "own-factor")


async def test_wrong_factor_is_audited_as_such_and_a_right_one_by_its_kind(
    host: httpx.AsyncClient, stranger: httpx.AsyncClient, people: People
) -> None:
    secret, codes = await set_up(host)
    await try_in(stranger, "chen", code=wrong_code(secret))
    await try_in(stranger, "chen", code=codes[0])
    await people.access.flush()
    deeds = await people.audit_entries(None, 20)
    failed = next(each for each in deeds if each.action == "session.fail")
    assert failed.detail == {"name": "chen", "by": "factor"}
    began = next(each for each in deeds if each.action == "session.start")
    assert began.detail["by"] == "recovery"
    added = next(each for each in deeds if each.action == "factor.add")
    assert added.detail == {"by": "totp"}
    assert not [each for each in deeds if secret in repr(each) or codes[0] in repr(each)]


async def test_another_key_file_opens_no_secret_and_lets_nobody_in(
    host: httpx.AsyncClient, stranger: httpx.AsyncClient, store: Store
) -> None:
    secret, _codes = await set_up(host)
    moved = "UPDATE totp SET secret = :secret"
    foreign = Sealer(bytes(32)).seal(secret, "totp")
    await store.write(lambda conn: conn.execute(text(moved), {"secret": foreign}).rowcount)
    assert slug(await try_in(stranger, "chen", code=code_of(secret))) == "wrong-factor-code"
    assert slug(await try_in(stranger, "chen")) == "second-factor-needed"
