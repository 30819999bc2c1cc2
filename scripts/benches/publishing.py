"""A light publisher in a process of its own, undisturbed by others: `publishing.py URL KEY`. It
prints a line when it publishes, and ends with its standard input.
"""

import asyncio
import os
import sys
from contextlib import suppress

import uvloop

from farmlive.client.media.light_publisher import LightPublisher


async def publish(url: str, key: str) -> None:
    publisher = LightPublisher(url, key)
    await publisher.start()
    print("publishing", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await publisher.close()


if __name__ == "__main__":
    # Before the load on the same core, where the system lets us.
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    uvloop.run(publish(*sys.argv[1:3]))
