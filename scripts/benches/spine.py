"""The bench of the main path: first frame, added delay and CPU of media; pin to card and CPU of the
channel; orders while viewers watch; the review of a big broadcast, and the first access to it.
"""

import asyncio
import contextlib
import random
import statistics
import time
from array import array
from collections.abc import AsyncIterator, Callable
from typing import Any

import imageio_ffmpeg
from scripts.benches import first_touch, orders, review
from scripts.benches.lab.keep_awake import Awake
from scripts.benches.lab.server import Server, Stage, running, stage
from scripts.benches.report import OtherLoad, medians, percentile

from farmlive.broadcast.checkpoints import EVERY
from farmlive.client import Channel
from farmlive.client.light_channel import LightChannel
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer
from farmlive.client.media.rtp_peer import connect_directly
from farmlive.client.media.sdp import OPUS, VP8
from farmlive.client.media.synthetic_media import SyntheticStream
from farmlive.client.media.whep import Viewer

VIEWERS = 50
CARD_CLIENTS = 50
CHANNEL_CLIENTS = 1_000
LIMITS = {
    "first_frame_ms.late": 500,
    "added_delay_ms.p99": 20,
    "pin_to_card_ms.p99": 150,
    "cpu_us_per_viewer_second": 1_000,
    "lost": 0,
    "review_ms": 1_000,
    "first_touch_ms": 300,
    "first_touch_mib": 40,
    "steady.added_delay_ms.p99": 20,
    "steady.lost": 0,
}
FLOORS = {"orders_per_second": 300, "steady.orders_per_second": 290}

Say = Callable[[str], None]


async def run(long: bool, say: Say) -> dict[str, Any]:
    """Measure several times on one server, each time on a new broadcast."""
    count, window_s = (7, 30.0) if long else (3, 10.0)
    runs = []
    say("a broadcast of 200,000 events to review")
    awake = Awake()
    async with review.big_broadcast() as big_broadcast, running() as server:
        say("the first look at it, without a checkpoint")
        whole = await first_touch.measure(big_broadcast.folder, big_broadcast.broadcast)
        # As many events as there may be after the last checkpoint.
        await first_touch.keep_checkpoint(
            big_broadcast.folder, big_broadcast.broadcast, big_broadcast.size.events - EVERY + 1
        )
        for number in range(1, count + 1):
            say(f"run {number} of {count}: first frames")
            first = await first_frames(server, await stage(server))
            say(f"run {number} of {count}: {VIEWERS} viewers")
            elsewhere = OtherLoad(lambda: server.cpu_s() + awake.cpu_s() + time.process_time())
            media = await viewers(server, await stage(server), window_s, awake)
            say(f"run {number} of {count}: cards in {CARD_CLIENTS} clients")
            place = await stage(server)
            pins = await cards(server, place, 60 if long else 25)
            say(f"run {number} of {count}: {CHANNEL_CLIENTS} channel clients")
            channel = await crowd(server, place, window_s)
            say(f"run {number} of {count}: {orders.CLIENTS} clients order")
            direct_ns = media["direct_delay_ms"] * 1e6
            sold = await orders.orders(server, await stage(server), VIEWERS, window_s, direct_ns)
            runs.append(
                {
                    "first_frame_ms": first,
                    **media,
                    "pin_to_card_ms": pins,
                    **channel,
                    **sold,
                    "cores_busy_elsewhere": elsewhere.cores(),
                    "server_memory_mib": round(server.memory_mib(), 1),
                }
            )
            await server.api.end(place.broadcast)
            say(f"run {number} of {count}: the review")
            runs[-1]["review_ms"] = await big_broadcast.review_ms()
            say(f"run {number} of {count}: the first look at that broadcast")
            runs[-1] |= await first_touch.measure(big_broadcast.folder, big_broadcast.broadcast)
    return {**medians(runs), "without_checkpoint": whole, "runs": runs}


@contextlib.asynccontextmanager
async def film(server: Server, place: Stage) -> AsyncIterator[None]:
    """Publish by a stock WHIP client, ffmpeg: a test picture of 720p30 with a keyframe a second."""
    command = (
        "-hide_banner -loglevel error -re -f lavfi -i testsrc2=size=1280x720:rate=30 "
        "-f lavfi -i sine=frequency=440:sample_rate=48000 -c:v libx264 -preset ultrafast "
        "-profile:v baseline -tune zerolatency -bf 0 -g 30 -pix_fmt yuv420p -b:v 1500k "
        "-threads 1 -c:a libopus -ar 48000 -ac 2 -f whip -authorization"
    )
    process = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        *command.split(),
        place.stream_key,
        f"{server.url}/whip/{place.broadcast}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def first_frames(server: Server, place: Stage) -> dict[str, float]:
    """Return the time from the accepted POST to the first decoded frame: of a viewer who waited for
    the stream, and the median of three who join while it runs, between keyframes.
    """
    url = f"{server.url}/whep/{place.broadcast}"
    late: list[float] = []
    async with film(server, place), Viewer(url, patience_s=20) as early:
        await early.wait_frames(60, timeout_s=20)
        for _ in range(3):
            await asyncio.sleep(0.5 + random.random())
            async with Viewer(url) as viewer:
                await viewer.wait_frames(1)
                late.append(viewer.first_frame_ms)
        found = {"early": early.first_frame_ms, "late": statistics.median(late)}
    await server.api.end(place.broadcast)
    return {name: round(value, 1) for name, value in found.items()}


async def load_of(server: Server, window_s: float) -> float:
    """Return the CPU seconds a second that the server uses in a window."""
    cpu_s, began = server.cpu_s(), time.monotonic()
    await asyncio.sleep(window_s)
    return (server.cpu_s() - cpu_s) / (time.monotonic() - began)


async def direct_delay_ns(window_s: float) -> float:
    """Return the median delay of a packet from publisher to viewer with no server between them."""
    publisher, viewer = LightPublisher("", ""), LightViewer("")
    connect_directly(publisher.peer, viewer.peer)
    viewer.restart_measurement()
    publisher.send(SyntheticStream(1, VP8, 3), SyntheticStream(2, OPUS, 3))
    await asyncio.sleep(window_s)
    await publisher.close()
    await viewer.close()
    return statistics.median(viewer.delays_ns)


async def viewers(server: Server, place: Stage, window_s: float, awake: Awake) -> dict[str, Any]:
    """Return the delay that the server adds and the CPU that it uses, with light viewers.

    A viewer's share is of all that the stream and its audience cost: what the server takes while
    it idles, for its other work, is left out. CPU is measured with the cores awake; `asleep` is
    the same where they sleep between two frames, as on an idle virtual machine.
    """
    direct_ns = await direct_delay_ns(3)
    with awake.cores():
        idle = await load_of(server, 3)
    idle_asleep = await load_of(server, 3)
    publisher = LightPublisher(f"{server.url}/whip/{place.broadcast}", place.stream_key)
    await publisher.start()
    await asyncio.sleep(1)
    with awake.cores():
        alone = await load_of(server, 4)
    audience = [
        LightViewer(f"{server.url}/whep/{place.broadcast}", patience_s=10) for _ in range(VIEWERS)
    ]
    try:
        for start in range(0, VIEWERS, 10):
            await asyncio.gather(*(viewer.start() for viewer in audience[start : start + 10]))
        await asyncio.gather(*(viewer.wait_packets(230, 20) for viewer in audience))
        for viewer in audience:
            viewer.restart_measurement()
        began = time.monotonic()
        with awake.cores():
            used = await load_of(server, window_s)
        used_asleep = await load_of(server, window_s)
        took_s = time.monotonic() - began
        delays = array("q")
        for viewer in audience:
            delays.extend(viewer.delays_ns)
        packets = sum(viewer.packets for viewer in audience)
        lost = sum(viewer.lost for viewer in audience)
    finally:
        await asyncio.gather(*(viewer.close() for viewer in audience), return_exceptions=True)
        await publisher.close()
    await server.api.end(place.broadcast)
    return {
        "added_delay_ms": {
            name: round((percentile(delays, share) - direct_ns) / 1e6, 3)
            for name, share in (("p50", 0.5), ("p99", 0.99))
        },
        "direct_delay_ms": round(direct_ns / 1e6, 3),
        "cpu_us_per_viewer_second": round((used - idle) * 1e6 / VIEWERS, 1),
        "cpu_us_per_viewer_second_asleep": round((used_asleep - idle_asleep) * 1e6 / VIEWERS, 1),
        "cpu_us_per_second": {
            "idle": round(idle * 1e6),
            "publisher_alone": round(alone * 1e6),
            "with_viewers": round(used * 1e6),
        },
        "packets_per_viewer_second": round(packets / VIEWERS / took_s, 1),
        "lost": lost,
    }


async def cards(server: Server, place: Stage, pins: int) -> dict[str, float]:
    """Return the time from the host's pin to the frame with the card in every client."""
    taken: list[float] = []
    pinned_ns = 0
    arrived = asyncio.Event()
    due = 0

    def on_frame(frame: bytes, now_ns: int) -> None:
        nonlocal due
        if b'"card.pinned"' in frame and pinned_ns:
            taken.append((now_ns - pinned_ns) / 1e6)
            due -= 1
            if due == 0:
                arrived.set()

    clients = [
        await LightChannel.connect(server.url, place.broadcast, on_frame)
        for _ in range(CARD_CLIENTS)
    ]
    try:
        async with await Channel.connect(server.url, place.broadcast, key=server.key) as host:
            for number in range(pins):
                await asyncio.sleep(0.25 + random.random() / 10)
                arrived.clear()
                due = CARD_CLIENTS
                pinned_ns = time.monotonic_ns()
                await host.call("card.pin", offer=place.offers[number % len(place.offers)])
                async with asyncio.timeout(10):
                    await arrived.wait()
    finally:
        for client in clients:
            client.close()
    return {
        "p50": round(percentile(taken, 0.5), 2),
        "p99": round(percentile(taken, 0.99), 2),
    }


async def crowd(server: Server, place: Stage, window_s: float) -> dict[str, float]:
    """Return the CPU for a frame with events to one client, while all get ten chat messages a
    second.
    """
    clients: list[LightChannel] = []
    try:
        while len(clients) < CHANNEL_CLIENTS:
            clients += await asyncio.gather(
                *(LightChannel.connect(server.url, place.broadcast) for _ in range(50))
            )
        idle = await load_of(server, 3)
        async with await Channel.connect(server.url, place.broadcast, key=server.key) as host:
            before = sum(client.deliveries for client in clients)
            cpu_s, began = server.cpu_s(), time.monotonic()
            said = 0
            while time.monotonic() - began < window_s:
                await host.call("chat.say", text=f"message {said}")
                said += 1
                await asyncio.sleep(max(0.0, began + said / 10 - time.monotonic()))
            used = server.cpu_s() - cpu_s
            deliveries = sum(client.deliveries for client in clients) - before
        cut = sum(client.lost for client in clients)
    finally:
        for client in clients:
            client.close()
    return {
        "cpu_us_per_delivery": round(used * 1e6 / max(1, deliveries), 2),
        "deliveries_per_second": round(deliveries / window_s),
        "cpu_us_per_second_clients_idle": round(idle * 1e6),
        "clients_cut": cut,
    }
