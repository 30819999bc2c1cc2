"""What goes out at the native engine's ports."""

import socket
from pathlib import Path

from tests.media.engine.native.net.ports_driver import Script, ports_driver
from tests.support.free_ports import APART
from tests.support.waiting import LONG_S

__all__ = ["ports_driver"]


def test_what_was_meant_for_a_connection_reaches_who_has_left_it(ports_driver: Path) -> None:
    """Send threads tell of it after the viewer has moved to the UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((APART, 0))
        sock.settimeout(LONG_S)
        script = Script()
        script.call("late", *sock.getsockname(), b"\x80packet")
        script.says("0 dropped")
        script.play(ports_driver)
        assert sock.recv(2048) == b"\x80packet"
