"""Passwords: argon2id in threads of its own, and random passwords that can be read out.

Knows no accounts; accounts.py stores the hashes.
"""

import asyncio
import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from farmlive.clock import DAY_MS
from farmlive.problems import Unavailable

# Length of a password that a person chooses; password_rules.py has the other rules.
SHORTEST = 10
LONGEST = 200
# How long a password made by another person is valid; it must be changed at the first sign-in.
FIRST_MS = DAY_MS
# The most checks of strangers' passwords that may run or wait: a few seconds' worth.
MOST_WAITING = 50

# RFC 9106, section 4, second recommended option.
TIME_COST, MEMORY_KIB, LANES = 3, 64 * 1024, 4
_hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=LANES)
# The hash of a random password, with the parameters above: unknown names are checked against it, so
# that they take as long as known ones.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$29RfzxRQTdISf5S9C"
    "qwglQ$tfe0ZRTZnERc5Up/KrAmVnz8Z8MIQyAlJa+QIrxpbHw"
)
_CONSONANTS = "bdfghjkmnprstvwz"
_VOWELS = "aeiou"
_GROUP = f"(?:[{_CONSONANTS}][{_VOWELS}]){{3}}"
_READABLE = re.compile(f"{_GROUP}-{_GROUP}-{_GROUP}")


class Passwords:
    """Hashes and checks passwords, three at once, because each takes 64 MiB while it runs.

    One of the three is reserved for new passwords and known devices, so that a flood of strangers
    does not delay them.
    """

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(2)
        self._waiting = 0
        self._turns_of_known = asyncio.Semaphore(1)

    async def hash(self, password: str) -> str:
        """Return the argon2id hash in its standard form."""
        async with self._turns_of_known:
            return await asyncio.to_thread(_hasher.hash, password)

    async def check(self, hashed: str | None, password: str, *, known: bool = False) -> bool:
        """Return whether the password has this hash; None, for an unknown name, takes as long.

        Raises Unavailable if too many strangers wait.
        """
        if not known and self._waiting >= MOST_WAITING:
            raise Unavailable("Too many sign in at this moment. Try again in a few seconds.")
        self._waiting += not known
        try:
            async with self._turns_of_known if known else self._turns:
                same = await asyncio.to_thread(_verify, hashed or _NOBODY, password)
        finally:
            self._waiting -= not known
        return same and hashed is not None


def random_password() -> str:
    """Make a random password of 57 bits in three groups that can be read out, `sonami-kurebo-…`."""
    return "-".join(
        "".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(3))
        for _ in range(3)
    )


def is_random_password(password: str) -> bool:
    """Return whether it has the form of a `random_password`, which can't be guessed."""
    return _READABLE.fullmatch(password) is not None


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
