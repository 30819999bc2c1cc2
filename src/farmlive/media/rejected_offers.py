"""Rejected offers of publishers: logged once, and shown beside the source for two minutes.

signalling/negotiation.py and relay.py decide why an offer is rejected. Otherwise only the encoder
would get the reason, and encoders often do not show it.
"""

from typing import NamedTuple

import structlog

from farmlive.clock import now_ms, rfc3339
from farmlive.media.ports import Admission
from farmlive.problems import Problem

SHOWN_MS = 2 * 60_000

_log = structlog.get_logger(__name__)


class RejectedOffer(NamedTuple):
    """The last rejected offer of a source; `at` is in ms since 1970, `reason` a code, if any."""

    admission: Admission
    slug: str
    detail: str
    reason: str | None
    at: int

    def as_json(self) -> dict[str, str | None]:
        """Return it as in the API."""
        return {
            "slug": self.slug,
            "reason": self.reason,
            "detail": self.detail,
            "at": rfc3339(self.at),
        }


class RejectedOffers:
    """The last rejected offer of each source, until it publishes or two minutes have passed."""

    def __init__(self) -> None:
        self._rejected: dict[tuple[str, str], RejectedOffer] = {}

    def record(self, broadcast: str, admission: Admission, problem: Problem) -> None:
        """Log and keep the rejected offer with its problem."""
        _log.info(
            "a publisher's offer was refused",
            broadcast=broadcast,
            source=admission.source,
            slug=problem.slug,
            detail=problem.detail,
        )
        self._rejected = {key: each for key, each in self._rejected.items() if _is_fresh(each)}
        self._rejected[broadcast, admission.source] = RejectedOffer(
            admission, problem.slug, problem.detail, problem.members.get("reason"), now_ms()
        )

    def forget(self, broadcast: str, source: str | None = None) -> None:
        """Forget the offer of a source that publishes or was dismissed; None: of the whole
        broadcast.
        """
        for key in [
            key for key in self._rejected if key[0] == broadcast and source in (None, key[1])
        ]:
            del self._rejected[key]

    def broadcasts(self) -> set[str]:
        """Return the broadcasts with a rejected offer to show."""
        return {of for (of, _), each in self._rejected.items() if _is_fresh(each)}

    def for_broadcast(self, broadcast: str) -> dict[str, RejectedOffer]:
        """Return the broadcast's rejected offers to show, by source."""
        return {
            source: each
            for (of, source), each in self._rejected.items()
            if of == broadcast and _is_fresh(each)
        }


def _is_fresh(refused: RejectedOffer) -> bool:
    return now_ms() - refused.at < SHOWN_MS
