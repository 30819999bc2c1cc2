import asyncio
import re
import threading

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from farmlive.people.accounts import passwords
from farmlive.people.accounts.passwords import MOST_WAITING, Passwords
from farmlive.problems import Unavailable

# As farmlive has them: in each test cheap ones stand in their place.
HASHER, NOBODY = passwords._hasher, passwords._NOBODY


async def test_right_password_only() -> None:
    hashed = await Passwords().hash("correct horse")
    assert hashed.startswith("$argon2id$")
    assert await Passwords().check(hashed, "correct horse")
    assert not await Passwords().check(hashed, "correct horsf")


async def test_unknown_name_is_checked_against_a_hash_of_the_same_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked: list[str] = []

    def verify(hashed: str, password: str) -> bool:
        checked.append(hashed)
        return True

    monkeypatch.setattr(passwords, "_verify", verify)
    assert not await Passwords().check(None, "correct horse")
    assert len(checked) == 1


def test_real_parameters_are_rfc_9106s_and_nobodys_are_the_same() -> None:
    parameters = extract_parameters(NOBODY)
    assert parameters.type is Type.ID
    assert (parameters.time_cost, parameters.memory_cost) == (3, 64 * 1024)
    assert not HASHER.check_needs_rehash(NOBODY)
    assert not PasswordHasher(
        time_cost=passwords.TIME_COST,
        memory_cost=passwords.MEMORY_KIB,
        parallelism=passwords.LANES,
    ).check_needs_rehash(NOBODY)


async def test_rubbish_in_the_database_is_a_wrong_password() -> None:
    assert not await Passwords().check("not a hash", "correct horse")


def test_random_password_can_be_read_out_and_differs() -> None:
    words = {passwords.random_password() for _ in range(50)}
    assert len(words) == 50
    assert all(re.fullmatch(r"([a-z]{6}-){2}[a-z]{6}", word) for word in words)


async def test_a_flood_of_strangers_makes_neither_known_devices_nor_new_passwords_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = threading.Event()

    def verify(hashed: str, password: str) -> bool:
        return password == "known" or busy.wait(10)

    monkeypatch.setattr(passwords, "_verify", verify)
    checks = Passwords()
    flood = [asyncio.create_task(checks.check("x", "a guess")) for _ in range(MOST_WAITING)]
    try:
        await asyncio.sleep(0)
        assert await checks.check("x", "known", known=True)
        assert await checks.hash("correct horse")
        with pytest.raises(Unavailable):
            await checks.check("x", "a guess")
    finally:
        busy.set()
        await asyncio.gather(*flood)
    assert await checks.check("x", "a guess")
