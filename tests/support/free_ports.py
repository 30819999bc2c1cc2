"""Ports that stay free while a server is killed and started again, and that no stray reaches."""

import os
import socket

# Beneath those that the kernel hands out by itself: a client that knocks at a port of that range
# while nobody serves it can be given the very port, and then holds it. Each process that tests
# takes ports of its own.
FIRST, EACH = 12_000, 2_000
_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_next = 0

# Loopback for sockets that take whatever comes to them: servers of tests beside this one still send
# to peers that have gone, whose ports the kernel gives again, and all those were at 127.0.0.1.
APART = "127.0.0.2"


def free_port() -> int:
    """A TCP port of loopback on which nobody listens, another one at each call."""
    global _next
    for _ in range(EACH):
        port = FIRST + _process * EACH + _next
        _next = (_next + 1) % EACH
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
