"""A door before the server's UDP port, through which pages go: it can lose what is for those who
are inside, as where their network changes, and lets in who comes from elsewhere.
"""

import asyncio
import socket
from collections.abc import Container
from typing import Any

from tests.media.support.network_path import kind

# Only the door reaches the server.
SCRIPT = """
const described = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (description) {
  const sdp = description.sdp
    ?.replace(/a=candidate:\\S+ \\d+ tcp .*\\r\\n/gi, "")
    .replace(/(a=candidate:\\S+ \\d+ udp \\d+ \\S+) \\d+ /gi, "$1 PORT ");
  return described.call(this, { ...description, sdp });
};
"""


class Door:
    """Opened before this port of loopback."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._loop = asyncio.get_running_loop()
        self._near = self._bound()
        self._loop.add_reader(self._near, self._from_page)
        # Where each page's packets leave, and what is lost that is for it.
        self._inside: dict[Any, socket.socket] = {}
        self._lost: dict[Any, Container[str]] = {}
        self.script = SCRIPT.replace("PORT", str(self._near.getsockname()[1]))

    @staticmethod
    def _bound() -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        return sock

    def lose(self, *kinds: str) -> None:
        """Whoever is inside gets nothing of these kinds any more."""
        self._lost = dict.fromkeys(self._inside, kinds)

    def close(self) -> None:
        """End."""
        for sock in (self._near, *self._inside.values()):
            self._loop.remove_reader(sock)
            sock.close()

    def _from_page(self) -> None:
        try:
            data, page = self._near.recvfrom(2048)
            if page not in self._inside:
                self._inside[page] = self._bound()
                self._inside[page].connect(self._server)
                self._loop.add_reader(self._inside[page], self._from_server, page)
            self._inside[page].send(data)
        except OSError:
            return

    def _from_server(self, page: Any) -> None:
        try:
            data = self._inside[page].recv(2048)
            if kind(data) not in self._lost.get(page, ()):
                self._near.sendto(data, page)
        except OSError:
            return
