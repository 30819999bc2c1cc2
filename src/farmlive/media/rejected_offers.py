"""Refused offers of publishers: said once in the log and, for two minutes, beside the source.

Why an offer is refused is negotiation.py's and relay.py's; without this only the encoder, which
often says nothing of it, would know.
"""

from typing import NamedTuple

import structlog

from farmlive.clock import now_ms, rfc3339
from farmlive.media.ports import Admission
from farmlive.problems import Problem

SHOWN_MS = 2 * 60_000

_log = structlog.get_logger(__name__)


class Refused(NamedTuple):
    """A source's offer that was refused last; `at` in ms since 1970."""

    admission: Admission
    slug: str
    detail: str
    at: int

    def shown(self) -> dict[str, str]:
        """As the API answers it."""
        return {"slug": self.slug, "detail": self.detail, "at": rfc3339(self.at)}


class RefusedOffers:
    """The last one of each source, until it publishes or two minutes are over."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Refused] = {}

    def note(self, broadcast: str, admission: Admission, problem: Problem) -> None:
        """This offer was refused for that reason."""
        _log.info(
            "a publisher's offer was refused",
            broadcast=broadcast,
            source=admission.source,
            slug=problem.slug,
            detail=problem.detail,
        )
        self._kept = {key: each for key, each in self._kept.items() if _is_fresh(each)}
        self._kept[broadcast, admission.source] = Refused(
            admission, problem.slug, problem.detail, now_ms()
        )

    def forget(self, broadcast: str, source: str | None = None) -> None:
        """The source publishes or was sent away; None: the broadcast is over."""
        for key in [key for key in self._kept if key[0] == broadcast and source in (None, key[1])]:
            del self._kept[key]

    def broadcasts(self) -> set[str]:
        """Those with one to show."""
        return {of for (of, _), each in self._kept.items() if _is_fresh(each)}

    def of(self, broadcast: str) -> dict[str, Refused]:
        """Those to show of the broadcast, by source."""
        return {
            source: each
            for (of, source), each in self._kept.items()
            if of == broadcast and _is_fresh(each)
        }


def _is_fresh(refused: Refused) -> bool:
    return now_ms() - refused.at < SHOWN_MS
