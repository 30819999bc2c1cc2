"""Where a trade at random takes place: the shop and the ledger, told the same, which must agree."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy import Connection, select
from tests.shop.conftest import HOST, caller
from tests.shop.ledger.agreement import cards_agree, numbers_agree
from tests.shop.ledger.entries import Asked, Lot, Move
from tests.shop.ledger.ledger import Ledger
from tests.shop.ledger.rules import NEW

from farmlive.broadcast.broadcast_state import BroadcastState, fold
from farmlive.clock import PretendedClock, now_ms
from farmlive.ids import token
from farmlive.origin.core.models import NewLot
from farmlive.people import Caller
from farmlive.problems import Problem
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.tables import holds
from farmlive.shop.shop import Shop

PRICE, CHEAP = 2990, 1990
DEVICES = ("one", "two", *NEW)
# The number of an offer, how many boxes, and which price was seen.
Drawn = list[tuple[int, int, str]]


@dataclass
class World:
    """What the machine acts on, from a thread of its own; the shop is in the test's event loop."""

    stall: Any
    shop: Shop
    loop: asyncio.AbstractEventLoop
    clock: PretendedClock

    def run(self, deed: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(deed, self.loop).result(30)

    def read(self, query: Any) -> list[Any]:
        found: list[Any] = self.run(
            self.stall.store.read(lambda connection: connection.execute(query).all())
        )
        return found


class Booth(RuleBasedStateMachine):
    """A shop with its ledger; after every step both agree."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(self.world.clock.at)
        self.names: list[str] = []
        self.tokens: list[str] = []
        self.ids: list[str] = []
        self.paid: set[str] = set()
        self.moves: list[tuple[str, str, Move]] = []
        self.refunds: list[tuple[str, str, Any]] = []
        self.scenes: dict[str, BroadcastState] = {}

    def _lot(self, grams: int) -> str:
        stall = self.world.stall
        new = NewLot.model_validate(
            {
                "farm": stall.farm.id,
                "code": token()[:12],
                "product_name": {"zh": "金桔", "en": "Kumquats"},
                "harvested_at": now_ms() - 86_400_000,
                "quantity_g": grams,
            }
        )
        lot = str(self.world.run(stall.origin.add_lot(HOST, new)).id)
        self.ledger.lots[lot] = Lot(grams)
        return lot

    def both(self, deed: Coroutine[Any, Any, Any], expected: str) -> Any:
        """Do in the shop what the ledger answered like this."""
        answer, slug = None, ""
        try:
            answer = self.world.run(deed)
        except Problem as problem:
            slug = problem.slug
        assert slug == expected
        return answer

    def asked(self, drawn: Drawn) -> tuple[str, list[Asked]]:
        """Lines of one broadcast: that of the first."""
        wanted = []
        for offer, quantity, seen in drawn:
            runs = self.ledger.running(self.names[offer]) is not None
            cheap = seen == "cheap" or (seen == "now" and runs)
            price = CHEAP if cheap else self.ledger.offers[self.names[offer]].price
            wanted.append(Asked(self.names[offer], quantity, price))
        broadcast = self.ledger.offers[wanted[0].offer].broadcast
        of = self.ledger.offers
        return broadcast, [it for it in wanted if of[it.offer].broadcast == broadcast]

    def by(self, device: int) -> Caller:
        return caller(DEVICES[device])

    def held(self, broadcast: str, device: int) -> str | None:
        query = select(holds.c.id).filter_by(broadcast=broadcast, device=DEVICES[device])
        rows = self.world.read(query)
        return rows[0].id if rows else None

    @invariant()
    def everything_agrees(self) -> None:
        if self.names:
            self.world.run(self.world.stall.store.read(self._look))

    def _look(self, connection: Connection) -> None:
        links = OrderLinks(self.world.stall.store.keys.orders)
        numbers_agree(connection, links, self.ledger, self.tokens)
        for broadcast, scene in self.scenes.items():
            for event in self._events(connection, broadcast, scene.seq):
                fold(scene, event)
            cards_agree(connection, self.ledger, self.world.shop, broadcast, scene)

    def _events(self, connection: Connection, broadcast: str, after: int) -> list[Any]:
        return list(self.world.stall.log.events(connection, broadcast, after=after))
