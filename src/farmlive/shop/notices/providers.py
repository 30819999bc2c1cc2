"""Providers of notices: what each of them does, what may go wrong, and what it is given.

Which there are, notices.py says; those that come with farmlive are outbox_file.py and
smtp.py.
"""

from dataclasses import dataclass
from typing import Protocol

from farmlive.shop.notices.texts import Language, Said


@dataclass(frozen=True)
class Notice:
    """What is to be told: `id` is the same whenever it is tried, `at` when it came about.

    `person` is a phone number or an address of e-mail; `language` is None where nobody knows it.
    """

    id: str
    at: int
    kind: str
    number: str
    person: str
    language: Language | None
    said: Said
    url: str


class Provider(Protocol):
    """Brings notices to people. Its verbs but `reach` may take their time: they run in threads.

    A turn takes `at_once` notices at most, of which the last must be brought within a minute; so
    many as `together` are given to one `send`. After a crash it may be given one again that it has
    brought already: it brings it once more only if it can't tell.
    """

    name: str
    at_once: int
    together: int

    def reach(self, person: str) -> bool:
        """Whether it can bring something to this phone number or address."""

    def send(self, *notices: Notice) -> None:
        """Bring them. Raises NotNow, NotThere, NotTaken, each of all of them."""

    def close(self) -> None:
        """Let go of what it keeps open between notices."""


class NotNow(Exception):
    """It can't bring anything at the moment: the network or a disk is at fault, no notice is."""


class NotThere(Exception):
    """This notice was not taken at the moment; another may be."""


class NotTaken(Exception):
    """This notice is never taken: there is no such person there."""
