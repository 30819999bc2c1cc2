"""What viewers get, whichever server they ask, and the host's count of all of them."""

from functools import partial
from typing import Any

import httpx
import pytest
from tests.nodes.conftest import Pair
from tests.support.waiting import until

pytestmark = [
    pytest.mark.redis,
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


async def test_viewers_of_both_servers_are_counted_wherever_the_host_asks(pair: Pair) -> None:
    await pair.camera("Orchard")
    urls = (pair.holder.url, pair.idle.url)
    viewers = [await pair.watch(url) for url in urls for _ in range(2)]
    async with httpx.AsyncClient() as http:
        # One of each chooses, at the server that it did not come in by.
        for viewer, url in ((viewers[0], urls[1]), (viewers[2], urls[0])):
            path = viewer.session.location.partition("/whep/")[2]
            delivery = f"{url}/whep/{path}/delivery"
            chosen = await http.post(delivery, json={"choice": "sound_only"})
            assert chosen.status_code == 204
            found = (await http.get(delivery)).json()
            assert found["choice"] == "sound_only"
            refused = await http.post(delivery, json={"choice": "loud"})
            assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid")

        async def counted(url: str) -> dict[str, Any] | None:
            path = f"{url}/api/v1/broadcasts/{pair.broadcast}/health"
            headers = {"Authorization": f"Bearer {pair.key}"}
            delivery: dict[str, Any] = (await http.get(path, headers=headers)).json()["delivery"]
            whole = delivery and delivery["counted"] == 4 and delivery["gets"]["sound"] == 2
            return delivery if whole else None

        for url in urls:
            found = await until(partial(counted, url), "all viewers are counted")
            assert found["gets"]["all"] == 2
            assert found["limited_by"] == {"link": 0, "choice": 2}


async def test_a_choice_at_the_join_reaches_the_server_with_the_cameras(pair: Pair) -> None:
    await pair.camera("Orchard")
    viewer = await pair.watch(pair.idle.url, query="choice=sound_only")
    async with httpx.AsyncClient() as http:
        found = (await http.get(f"{viewer.session.location}/delivery")).json()
    assert found["choice"] == "sound_only"
