"""The interface of notice providers: methods, errors and the notice.

notices.py lists the providers; outbox_file.py and smtp.py are the built-in ones.
"""

from dataclasses import dataclass
from typing import Protocol

from farmlive.shop.notices.texts import Language, NoticeText


@dataclass(frozen=True)
class Notice:
    """A notice to send: `id` is the same for every try, `at` is when it was created.

    `person` is a phone number or an e-mail address; `language` is None if unknown.
    """

    id: str
    at: int
    kind: str
    number: str
    person: str
    language: Language | None
    text: NoticeText
    url: str


class Provider(Protocol):
    """Sends notices. All methods but `can_reach` may block: they run in threads.

    A turn takes at most `at_once` notices, which must be sent within a minute; one call of `send`
    gets at most `together`. After a crash the same notice may come again: a provider should send it
    twice only if it can't tell.
    """

    name: str
    at_once: int
    together: int

    def can_reach(self, person: str) -> bool:
        """Return whether it can send to this phone number or e-mail address."""

    def send(self, *notices: Notice) -> None:
        """Send the notices.

        Raises ProviderUnavailable, NoticeDeferred or NoticeRejected for all of them.
        """

    def close(self) -> None:
        """Close connections that it keeps between notices."""


class ProviderUnavailable(Exception):
    """The provider is unavailable, because of the network or a disk; no notice is at fault."""


class NoticeDeferred(Exception):
    """This notice was refused for now; others may be accepted."""


class NoticeRejected(Exception):
    """This notice is refused for good, such as for an unknown recipient."""
