"""A village comes in at once: behind one address all get in; who is inside sees nothing of it."""

import asyncio

from tests.support.server_process import Served

from farmlive.client import Api, Channel
from farmlive.client.light_channel import LightChannel

JOINS = 300


async def test_a_crowd_from_one_address_gets_in_at_once(served: Served, key: str) -> None:
    async with Api(served.url, key=key) as api:
        broadcast = (await api.create_broadcast({"zh": "直播", "en": "Live"}))["id"]
        await api.start(broadcast)
    async with await Channel.connect(served.url, broadcast) as inside:
        coming = asyncio.gather(
            *(LightChannel.connect(served.url, broadcast) for _ in range(JOINS))
        )
        said = 0
        while not coming.done():
            await inside.call("chat.say", text=f"welcome {said}")
            said += 1
            await asyncio.wait([coming], timeout=0.05)
        crowd = await coming
        await inside.call("chat.say", text="all are here")
        assert all(channel.frames for channel in crowd)
        assert not any(channel.lost for channel in crowd)
        assert inside.resumes == 0
        assert said > 1
        for channel in crowd:
            channel.close()
