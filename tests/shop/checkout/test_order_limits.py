"""Limits of orders: a proof of work, and rates by block of addresses and by phone."""

import asyncio
import hashlib
from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.proof_of_work import prove
from tests.shop.support.tills import till

from farmlive.ids import ulid
from farmlive.people import Caller
from farmlive.people.core.addresses import block_of
from farmlive.people.moderation.models import NewBlock
from farmlive.problems import Forbidden, TooMany
from farmlive.settings import Settings
from farmlive.shop.checkout import limits
from farmlive.shop.core import proof_of_work
from farmlive.shop.core.checkout_models import OrderPlace
from farmlive.shop.core.problems import UnknownOffer
from farmlive.shop.core.proof_of_work import ProofNeeded
from farmlive.store import CommitUnknown


def test_a_proof_has_so_many_zero_bits() -> None:
    found = prove("B", "a key", 9)
    proof_of_work.check("B", "a key", found, 9)
    proof_of_work.check("B", "a key", None, 0)
    digest = hashlib.sha256(f"B:a key:{found}".encode()).digest()
    zeros = 256 - int.from_bytes(digest).bit_length()
    with pytest.raises(ProofNeeded):
        proof_of_work.check("B", "a key", found, zeros + 1)
    for broadcast, key, said in (("C", "a key", found), ("B", "b key", found), ("B", "a key", "")):
        with pytest.raises(ProofNeeded) as refusal:
            proof_of_work.check(broadcast, key, said, 20)
        assert refusal.value.members == {"bits": 20}
        assert refusal.value.status == 428


async def test_an_order_brings_a_proof_where_the_settings_say_so(
    stall: Any, settings: Settings
) -> None:
    strict = till(stall, settings, order_proof_bits=8)
    request = stall.request()
    with pytest.raises(ProofNeeded):
        await strict.place(stall.viewer, stall.broadcast, request)
    assert await stall.left() == 10
    found = prove(stall.broadcast, request.key, 8)
    proven = OrderPlace.model_validate({**request.model_dump(), "proof": found})
    answer = await strict.place(stall.viewer, stall.broadcast, proven)
    assert await strict.place(stall.viewer, stall.broadcast, proven) == answer
    clerk = Caller("an account", "a clerk", "clerk", "the centre's device", "192.0.2.7")
    await strict.place(clerk, stall.broadcast, stall.request())


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("unix", "unix"),
    ],
)
def test_a_block_is_what_one_network_gives_out(address: str, block: str) -> None:
    assert block_of(address) == block


async def test_a_block_of_addresses_orders_at_a_rate(stall: Any, settings: Settings) -> None:
    slow = till(stall, settings, orders_per_minute=1)
    of_block = limits.DEVICES_PER_ADDRESS * limits.ORDERS_BLOCK_FACTOR
    for turn in range(of_block - 1):
        by = Caller(None, None, None, f"device {turn}", f"192.0.2.{turn % 200}")
        limits.check_rate(stall.limits, "orders", by, 1)
    await slow.place(caller("one"), stall.broadcast, stall.request())
    refused = Caller(None, None, None, "two", "192.0.2.250")
    other = stall.request(buyer={"name": "李", "phone": "13900000000"})
    with pytest.raises(TooMany):
        await slow.place(refused, stall.broadcast, other)
    elsewhere = Caller(None, None, None, "three", "198.51.100.7")
    await slow.place(elsewhere, stall.broadcast, other)


async def test_strangers_at_an_address_keep_no_one_who_is_signed_in_from_selling(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall.limits, "_clock", lambda: 0.0)
    slow = till(stall, settings, orders_per_minute=1)
    for turn in range(limits.DEVICES_PER_ADDRESS * limits.REFUSED_AS_ONE - 2):
        stale = stall.request(lines=[{"offer": ulid(), "quantity": 1, "price": PRICE}])
        with pytest.raises(UnknownOffer):
            await slow.place(caller(f"stranger {turn}"), stall.broadcast, stale)
    with pytest.raises(TooMany):
        await slow.place(caller("one more"), stall.broadcast, stall.request())
    for turn, role in enumerate(("clerk", "host")):
        for_them = {"name": "李", "phone": f"1390000000{turn}"}
        by = caller(f"a {role}'s device", role=role)
        await slow.place(by, stall.broadcast, stall.request(buyer=for_them))
        again = stall.request(buyer={"name": "王", "phone": f"1370000000{turn}"})
        with pytest.raises(TooMany):  # a rate of their own they have
            await slow.place(by, stall.broadcast, again)


async def test_refused_orders_of_others_do_not_use_up_a_phone(
    stall: Any, settings: Settings
) -> None:
    few = till(stall, settings, orders_per_minute=3)
    stranger = caller("a stranger's device")
    for _ in range(3):
        wrong = stall.request(lines=[{"offer": ulid(), "quantity": 1, "price": PRICE}])
        with pytest.raises(UnknownOffer):
            await few.place(stranger, stall.broadcast, wrong)
    with pytest.raises(TooMany):  # of its device they count
        await few.place(stranger, stall.broadcast, stall.request())
    blocked = caller("ab" * 16)
    await stall.blocks.add(HOST, NewBlock(kind="device", value=blocked.device, reason="x"))
    with pytest.raises(Forbidden):
        await few.place(blocked, stall.broadcast, stall.request())
    for turn in range(3):
        await few.place(caller(f"device {turn}"), stall.broadcast, stall.request())
    with pytest.raises(TooMany):  # what was ordered counts
        await few.place(caller("device 3"), stall.broadcast, stall.request())


async def test_no_more_orders_of_a_phone_come_at_once_than_may_be_taken(
    stall: Any, settings: Settings
) -> None:
    few = till(stall, settings, orders_per_minute=3)
    answers = await asyncio.gather(
        *(
            few.place(caller(f"device {turn}"), stall.broadcast, stall.request())
            for turn in range(6)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, TooMany) for answer in answers) == 3
    assert await stall.left() == 7


async def test_an_order_of_which_nobody_knows_yet_counts(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = till(stall, settings, orders_per_minute=1)

    async def unknown(*_: Any, **__: Any) -> Any:
        raise CommitUnknown("Nobody knows.")

    with monkeypatch.context() as patch:
        patch.setattr(stall.store, "write", unknown)
        with pytest.raises(CommitUnknown):
            await once.place(caller("one"), stall.broadcast, stall.request())
    with pytest.raises(TooMany):
        await once.place(caller("two"), stall.broadcast, stall.request())
