"""A wire with a delay: passes every Ethernet frame from one interface to the other after a delay,
in order. A program of its own: `python slow_wire.py ONE OTHER DELAY_S`, until SIGTERM.

With a jitter each frame takes up to that much longer, by a seeded draw, and may overtake others.
"""

import heapq
import itertools
import os
import random
import select
import socket
import sys
import time
from contextlib import suppress

_EVERYTHING = 3  # ETH_P_ALL
_SOL_PACKET, _IGNORE_OUTGOING = 263, 23
_BUFFER = 8 << 20


def _end(interface: str) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING))
    sock.bind((interface, _EVERYTHING))
    sock.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    sock.setsockopt(socket.SOL_SOCKET, 33, _BUFFER)  # SO_RCVBUFFORCE
    # Packets that wait in the interface's queue fill our send buffer.
    sock.setsockopt(socket.SOL_SOCKET, 32, _BUFFER)  # SO_SNDBUFFORCE
    sock.setblocking(False)
    return sock


def carry(one: socket.socket, other: socket.socket, delay_s: float, jitter_s: float = 0.0) -> None:
    """Pass frames both ways for ever."""
    draw = random.Random(4)
    numbers = itertools.count()
    under_way: list[tuple[float, int, socket.socket, bytes]] = []
    far = {one: other, other: one}
    poll = select.epoll()
    ends = {end.fileno(): end for end in far}
    for number in ends:
        poll.register(number, select.EPOLLIN)
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else -1
        # To the microsecond, which epoll's own timeout is not.
        select.select([poll], [], [], wait if wait >= 0 else None)
        for number, _ in poll.poll(0):
            with suppress(BlockingIOError):
                while True:
                    frame = ends[number].recv(65_536)
                    due = time.monotonic() + delay_s + jitter_s * draw.random()
                    heapq.heappush(under_way, (due, next(numbers), far[ends[number]], frame))
        now = time.monotonic()
        while under_way and under_way[0][0] <= now:
            _, _, end, frame = heapq.heappop(under_way)
            # An interface that is down: what is under way to it is lost.
            with suppress(OSError):
                end.send(frame)


def main() -> None:
    one, other, *times = sys.argv[1:]
    # Late wires are no wires: before everything else that runs here.
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    ends = _end(one), _end(other)
    print("ready", flush=True)
    carry(*ends, *map(float, times))


if __name__ == "__main__":
    main()
