"""A peer as the engine in Python holds it: its end of ICE, its keys and what it is here for."""

from typing import Any

from farmlive.media.engine.interface import Credentials, Peer, Viewing
from farmlive.media.engine.python.net.ice import IcePeer
from farmlive.media.engine.python.net.sockets import Port
from farmlive.media.engine.python.output import Fanout
from farmlive.media.engine.python.publisher import Publisher
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.engine.python.viewer import Viewer
from farmlive.media.wire import rtcp


class EnginePeer(IcePeer):
    """One peer; a publisher or a viewer once it is told which."""

    def __init__(
        self,
        number: Peer,
        local: Credentials,
        now: float,
        remote: Credentials | None = None,
        secret: bytes = b"",
    ) -> None:
        super().__init__(local, now, remote, secret)
        self.number = number
        self.protection: Protection | None = None
        self.publisher: Publisher | None = None
        # The output that it watches.
        self.fanout: Fanout | None = None
        self.viewing: Viewing | None = None
        self.viewer: Viewer | None = None
        # The highest layer that a viewer wants; None: no limit.
        self.most: int | None = None
        # Where a publisher has a socket of its own.
        self.own: tuple[Port, Any] | None = None
        # For how long it has been watching.
        self.seconds = 0
        self.flowing = False
        self.objected = False
        self.lost = False

    @property
    def has_role(self) -> bool:
        """Whether it has been told to publish, or what to watch."""
        return self.publisher is not None or self.fanout is not None

    def stop_watching(self) -> None:
        """Take a viewer off its output; it may watch another."""
        if self.fanout is not None:
            self.fanout.remove(self.number)
        self.fanout = self.viewing = self.viewer = None
        self.seconds = 0

    def send_rtcp(self, data: bytes | None) -> None:
        """Protect and send a compound packet; None, or a peer without keys: nothing."""
        if data is not None and self.protection is not None:
            for part in rtcp.parts(data):
                self.send(self.protection.protect_rtcp(part))
