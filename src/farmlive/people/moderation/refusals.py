"""Refusals: what limits and blocks recently refused, so that an operator can see why.

Kept in memory for an hour and shared with the other servers; it has only pseudonyms of people.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace

from farmlive import compact_json
from farmlive.bus import Bus
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.people.core.addresses import is_ip
from farmlive.people.core.devices import ADDRESS, MARK, Pseudonyms

TOPIC = "refusals"
KEPT_MS = 60 * 60 * 1000
CAPACITY = 1_000
TELL_S = 1.0

Case = tuple[str, str]


@dataclass(frozen=True)
class Refusal:
    """Refusals to one device, phone, IP or name: their number, and the time of the last one.

    `kind` is device, phone, address or name, `mark` its pseudonym, `at` in milliseconds since 1970,
    `limit` how many a minute are allowed, None for a block.
    """

    what: str
    kind: str
    mark: str
    at: int
    count: int
    limit: int | None
    reason: str


class Refusals:
    """Counts refusals by case; above `CAPACITY` the oldest case is dropped."""

    def __init__(self, pseudonyms: Pseudonyms, bus: Bus | None):
        """Exchange refusals with the other servers on this bus, once a second at most; None: with
        nobody.
        """
        self._pseudonyms = pseudonyms
        self._cases: OrderedDict[Case, Refusal] = OrderedDict()
        self._bus = bus
        self._node = ulid()
        self._untold: dict[Case, Refusal] = {}
        if bus is not None:
            bus.listen(self._hear)

    def limited(self, what: str, key: str, per_minute: int) -> None:
        """Record a refusal by a rate limit; `key` is what it counts by, an IP or a pseudonym."""
        who = key.partition(" ")[0]
        if MARK.fullmatch(who):
            kind, mark = ("phone" if "phone" in what else "device"), who
        else:
            kind = ADDRESS if is_ip(who) else "name"
            mark = self._pseudonyms.at_once(kind, who)
        reason = f"More than {per_minute} a minute."
        self._note(Refusal(what, kind, mark, now_ms(), 1, per_minute, reason))

    def blocked(self, kind: str, mark: str, reason: str) -> None:
        """Record a refusal by a block."""
        self._note(Refusal("blocked", kind, mark, now_ms(), 1, None, reason))

    def lately(self) -> list[Refusal]:
        """Return the cases of the last hour, the latest first."""
        while self._cases and next(iter(self._cases.values())).at < now_ms() - KEPT_MS:
            self._cases.popitem(last=False)
        return list(reversed(self._cases.values()))

    def _note(self, refusal: Refusal) -> None:
        _add(self._cases, refusal)
        self._cases.move_to_end((refusal.what, refusal.mark))
        if len(self._cases) > CAPACITY:
            self._cases.popitem(last=False)
        if self._bus is not None:
            if not self._untold:
                asyncio.get_running_loop().call_later(TELL_S, self._tell, self._bus)
            _add(self._untold, refusal)

    def _tell(self, bus: Bus) -> None:
        told = [list(vars(refusal).values()) for refusal in self._untold.values()]
        self._untold = {}
        bus.publish(TOPIC, compact_json.encode([self._node, told]))

    def _hear(self, topic: str, message: bytes) -> None:
        if topic != TOPIC:
            return
        node, told = compact_json.decode(message)
        if node == self._node:
            return
        for values in told:
            refusal = Refusal(*values)
            _add(self._cases, refusal)
            self._cases.move_to_end((refusal.what, refusal.mark))
            if len(self._cases) > CAPACITY:
                self._cases.popitem(last=False)


def _add(cases: dict[Case, Refusal], refusal: Refusal) -> None:
    case = (refusal.what, refusal.mark)
    before = cases.get(case)
    count = refusal.count + (before.count if before else 0)
    cases[case] = replace(refusal, count=count)
