"""`kill -9` while someone waits: who waited still waits, and is served once it runs again."""

import signal

import pytest
from tests.faults.sale import prepare
from tests.support.server_process import Served

from farmlive.client import Api, Channel


@pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
    indirect=True,
)
async def test_who_waits_outlives_kill_9(served: Served, key: str) -> None:
    async with Api(served.url, key=key) as api:
        broadcast, offer, _ = await prepare(api)
        (card,) = [it for it in await api.offers(broadcast) if it["id"] == offer]
    async with (
        await Channel.connect(served.url, broadcast, key=key) as host,
        await Channel.connect(served.url, broadcast) as first,
        await Channel.connect(served.url, broadcast) as second,
    ):
        await host.call("offer.release", offer=offer, quantity=-card["left"])
        assert (await first.join_waitlist(offer, 2))["place"] == 1
        assert (await second.join_waitlist(offer, 1))["place"] == 2

        await served.end(signal.SIGKILL)
        await served.start()
        async with Api(served.url) as api:
            (card,) = [it for it in await api.offers(broadcast) if it["id"] == offer]
            assert card["waiting"] == 3
        released = await host.call("offer.release", offer=offer, quantity=2)
        assert (released["held"], released["left"]) == (2, 0)
        held = await first.wait_for("order.held", waited=True)
        assert [line["quantity"] for line in held.data["lines"]] == [2]
        assert (await second.join_waitlist(offer, 1))["place"] == 1
