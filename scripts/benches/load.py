"""The command `scripts/load`: viewers and chat on a server of this machine, bounded in number and
time.
"""

import argparse
import asyncio
import ipaddress
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop
from rich.console import Console
from rich.table import Table

from farmlive.client import Channel, ChannelProblem
from farmlive.client.light_channel import LightChannel
from farmlive.client.media.light_viewer import LightViewer

MOST_VIEWERS, MOST_CHANNELS, MOST_CHATS, MOST_SECONDS = 2_000, 5_000, 100, 600


def is_loopback(url: str) -> bool:
    """Return whether the URL's host is this machine's loopback, by its name or its address."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bounded_int(most: int) -> Any:
    """Return an argparse type: a whole number from 0 to `most`."""

    def read(text: str) -> int:
        value = int(text)
        if not 0 <= value <= most:
            raise argparse.ArgumentTypeError(f"must lie between 0 and {most}")
        return value

    return read


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/load", description=__doc__)
    parser.add_argument(
        "--demo", type=Path, default=Path(".farmlive-demo/demo.json"), help="the demo's demo.json"
    )
    parser.add_argument("--url", help="a server's address, instead of the demo's")
    parser.add_argument("--broadcast", help="the broadcast; the demo's live one by default")
    parser.add_argument(
        "--viewers", type=bounded_int(MOST_VIEWERS), default=20, help="WHEP viewers"
    )
    parser.add_argument("--channels", type=bounded_int(MOST_CHANNELS), default=100, help="channels")
    parser.add_argument(
        "--chats", type=bounded_int(MOST_CHATS), default=2, help="messages a second"
    )
    parser.add_argument(
        "--seconds", type=bounded_int(MOST_SECONDS), default=30, help="for how long"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    if given.url is None:
        try:
            demo = json.loads(given.demo.read_text())
        except OSError as error:
            parser.error(f"{error}: start ./scripts/demo, or give --url and --broadcast")
        given.url = demo["url"]
        given.broadcast = given.broadcast or demo["live"]
    if not given.broadcast:
        parser.error("--url needs --broadcast")
    if not is_loopback(given.url):
        parser.error(f"{given.url} is not this machine: a load is for one's own server only")
    return given


async def chat(url: str, broadcast: str, a_second: int, seconds: float) -> dict[str, int]:
    """Send messages at a rate, each from the next device."""
    said = refused = 0
    speakers = [await Channel.connect(url, broadcast) for _ in range(min(20, a_second * 5))]
    began = time.monotonic()
    try:
        while speakers and time.monotonic() - began < seconds:
            speaker = speakers[said % len(speakers)]
            try:
                await speaker.call("chat.say", text=f"load {said}", nickname="load")
            except ChannelProblem:
                refused += 1
            said += 1
            await asyncio.sleep(max(0.0, began + said / a_second - time.monotonic()))
    finally:
        await asyncio.gather(*(speaker.close() for speaker in speakers))
    return {"said": said, "refused": refused}


async def run(given: argparse.Namespace) -> dict[str, Any]:
    url, broadcast = given.url.rstrip("/"), given.broadcast
    audience = [LightViewer(f"{url}/whep/{broadcast}") for _ in range(given.viewers)]
    channels: list[LightChannel] = []
    try:
        for start in range(0, given.viewers, 20):
            await asyncio.gather(*(viewer.start() for viewer in audience[start : start + 20]))
        while len(channels) < given.channels:
            batch = min(50, given.channels - len(channels))
            channels += await asyncio.gather(
                *(LightChannel.connect(url, broadcast) for _ in range(batch))
            )
        for viewer in audience:
            viewer.restart_measurement()
        talk = asyncio.create_task(chat(url, broadcast, given.chats, given.seconds))
        await asyncio.sleep(given.seconds)
        spoken = await talk
    finally:
        for channel in channels:
            channel.close()
        await asyncio.gather(*(viewer.close() for viewer in audience), return_exceptions=True)
    return {
        "viewers": given.viewers,
        "packets": sum(viewer.packets for viewer in audience),
        "lost": sum(viewer.lost for viewer in audience),
        "channels": given.channels,
        "channel_frames": sum(channel.frames for channel in channels),
        "channels_cut": sum(channel.close_code is not None for channel in channels),
        **spoken,
    }


def main() -> None:
    given = arguments()
    result = uvloop.run(run(given))
    if given.json:
        print(json.dumps(result))
        return
    table = Table("load", "count")
    for name, value in result.items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    Console().print(table)


if __name__ == "__main__":
    main()
