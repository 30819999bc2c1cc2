"""Reserves ports for servers that stop and start again, against other programs on this machine."""

import os
import socket

# Beneath those that the kernel hands out by itself: a client that knocks while nobody serves there
# could be given the very port, and would then hold it.
_PORTS = range(20_000, 30_000)
_next = os.getpid() % len(_PORTS)


class ReservedPort:
    """A TCP port of 127.0.0.1 that nobody else can bind: a socket that does not listen holds it.

    A server that sets SO_REUSEADDR, as they all do, can listen on it beside that, and again after
    it was ended.
    """

    def __init__(self) -> None:
        global _next
        for _ in _PORTS:
            self.port = _PORTS[_next]
            _next = (_next + 1) % len(_PORTS)
            self._socket = socket.socket()
            try:
                # Without SO_REUSEADDR at first: thus it fails where another one holds it, too.
                self._socket.bind(("127.0.0.1", self.port))
            except OSError:
                self._socket.close()
                continue
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return
        raise OSError("no port is free")

    def close(self) -> None:
        """Free the port."""
        self._socket.close()
