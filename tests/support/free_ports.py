"""Ports that stay free while a server is killed and started again, and that no stray reaches."""

import functools
import socket

# Beneath those that the kernel hands out by itself: a client that knocks at a port of that range
# while nobody serves it can be given the very port, and then holds it. Each process that tests
# takes a block of ports of its own, whatever other runs test beside it.
FIRST, EACH, BLOCKS = 12_000, 200, 40
_next = 0

# Loopback for sockets that take whatever comes to them: servers of tests beside this one still send
# to peers that have gone, whose ports the kernel gives again, and all those were at 127.0.0.1.
APART = "127.0.0.2"


@functools.cache
def _block() -> tuple[int, socket.socket]:
    """The first port of this process's block, and the name that shows others that it is taken.

    An abstract name belongs to the network namespace, as ports do, and ends with the process.
    """
    for first in range(FIRST, FIRST + EACH * BLOCKS, EACH):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0farmlive tests, ports from {first}")
        except OSError:
            claim.close()
            continue
        return first, claim
    raise AssertionError(f"{BLOCKS} processes test on this machine: no ports are left for another")


def free_port() -> int:
    """A TCP port of loopback on which nobody listens, another one at each call."""
    global _next
    first, _ = _block()
    for _ in range(EACH):
        port = first + _next
        _next = (_next + 1) % EACH
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
