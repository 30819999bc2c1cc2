"""Rules for passwords that people choose: length, not a common one, not containing their name.

Older passwords stay valid and are reported as weak. The common ones are 10,000 of at least 10
characters, in common_passwords.txt, which names source and licence.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Literal

from farmlive.people.accounts.passwords import LONGEST, SHORTEST, is_random_password
from farmlive.people.core.problems import PasswordRefused

Flaw = Literal["short", "long", "common", "name", "same"]

# The pages' texts in both languages are in static/lib/format/staff-sentences.js and
# static/lib/format/problems.js.
_SENTENCES: dict[Flaw, str] = {
    "short": f"A password has at least {SHORTEST} characters.",
    "long": f"A password has at most {LONGEST} characters.",
    "common": "This password is too common, so attackers try it first. Choose another one.",
    "name": "Your name is in this password, so it is easy to guess. Choose another one.",
    "same": "This is your old password: choose another one.",
}
# A shorter Latin name, such as `wu`, is part of many words: it counts only as a word of its own.
_LONG_NAME = 3


def find_flaw(password: str, names: Iterable[str | None]) -> Flaw | None:
    """Return what is wrong with the password of a person with these names; None if nothing."""
    if len(password) > LONGEST:
        return "long"
    if len(password.strip()) < SHORTEST:
        return "short"
    if is_random_password(password):  # random, whatever words it contains
        return None
    folded = _folded(password)
    if folded in _common():
        return "common"
    if any(_contains(folded, _folded(name)) for name in names if name):
        return "name"
    return None


def check(
    password: str,
    names: Iterable[str | None],
    *,
    field: str = "password",
    before: str | None = None,
) -> None:
    """Raise PasswordRefused for a password with a flaw, or for the old one, `before`.

    `field` is its field in the request.
    """
    found = "same" if password == before else find_flaw(password, names)
    if found is not None:
        message = _SENTENCES[found]
        errors = [{"field": field, "message": message}]
        raise PasswordRefused(f"{message} Nothing was changed.", reason=found, errors=errors)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    text = resources.files(__package__).joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("# "))


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _contains(password: str, name: str) -> bool:
    if not name:
        return False
    if len(name) >= _LONG_NAME or not name.isascii():
        return name in password
    letter = r"[^\W\d_]"
    return re.search(f"(?<!{letter})(?:{re.escape(name)})+(?!{letter})", password) is not None
