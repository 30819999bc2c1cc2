"""A peer in the Python engine: its ICE state, its keys and its role."""

from typing import Any

from farmlive.media.engine.interface import Credentials, Peer, Viewing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.link.quality_ladder import FULL
from farmlive.media.engine.python.net.ice import IcePeer
from farmlive.media.engine.python.net.sockets import Port
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.wire import rtcp


class EnginePeer(IcePeer):
    """One peer; `publish` or `view` makes it a publisher or a viewer."""

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
        # The highest layer that the viewer wants; None: no limit.
        self.most: int | None = None
        # The best rung that it wants.
        self.most_rung = FULL
        # Port and address of the publisher's own socket.
        self.own: tuple[Port, Any] | None = None
        # By the last check of ours that it answered.
        self.round_trip_s: float | None = None
        # For how many seconds it has been watching.
        self.seconds = 0
        self.flowing = False
        self.unplayable = False
        self.lost = False

    @property
    def has_role(self) -> bool:
        """Whether the peer is a publisher or a viewer."""
        return self.publisher is not None or self.fanout is not None

    def leave_output(self) -> None:
        """Take a viewer off its output; it may watch another one later."""
        if self.fanout is not None:
            self.fanout.remove(self.number)
        self.fanout = self.viewing = self.viewer = None
        self.seconds = 0

    def send_rtcp(self, data: bytes | None) -> None:
        """Protect and send a compound RTCP packet; nothing for None or before the peer has keys."""
        if data is not None and self.protection is not None:
            for part in rtcp.parts(data):
                self.send(self.protection.protect_rtcp(part))
