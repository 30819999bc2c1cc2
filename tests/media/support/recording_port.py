"""A port that keeps what would be sent."""

from typing import Any

from farmlive.media.engine.python.net.sockets import Port


class KeptPort(Port):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        nowhere: Any = None
        super().__init__(nowhere)
        self.sent: list[tuple[bytes, Any]] = []

    def send(self, data: bytes, address: Any) -> None:
        self.sent.append((data, address))
