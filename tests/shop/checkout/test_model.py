"""The shop and a ledger in memory agree after every step, whatever buyers and staff do.

More of it, and by other chances: FARMLIVE_TEST_STEPS=20000.
"""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.shop.ledger.booth import World
from tests.shop.ledger.flash_trade import FlashTrade
from tests.shop.ledger.rules import ADDRESS_BOXES, DEVICE_BOXES, ORDER_BOXES
from tests.support.parts import local_log

from farmlive.clock import now_ms, pretended

LONG = "FARMLIVE_TEST_STEPS" in os.environ
STEPS = int(os.environ.get("FARMLIVE_TEST_STEPS", "300"))
EACH = 15


@pytest.mark.timeout(0 if LONG else 300)
async def test_the_shop_and_the_ledger_agree(stall: Any) -> None:
    changes = {
        "orders_per_minute": 1_000_000,
        "order_boxes": ORDER_BOXES,
        "device_boxes": DEVICE_BOXES,
        "address_boxes": ADDRESS_BOXES,
        "rush_share": 0,  # the ledger does no proofs of work
    }
    many = stall.shop.bag._settings.model_copy(update=changes)
    log = local_log()  # a server of its own, which hears nothing twice
    shop, stall.origin = stall.another_server(many, log=log)
    chosen = settings(
        max_examples=max(1, STEPS // EACH),
        stateful_step_count=EACH,
        derandomize=not LONG,
        phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with pretended(now_ms()) as clock:
        world = World(stall, shop, asyncio.get_running_loop(), clock)
        machine = type("Trade", (FlashTrade,), {"world": world})
        await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)
