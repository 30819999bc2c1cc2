"""A check whose sender's address is forged draws next to nothing to that address; the stream stays
where its viewer has proved to be.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.media.support.aiortc_peers import Peer, publish, view
from tests.media.support.media_server import BROADCAST, Media
from tests.support.waiting import until

from farmlive.media.engine.interface import Credentials
from farmlive.media.engine.python.net.path import FACTOR
from farmlive.media.wire import stun

THIRD = "127.0.0.3"


class Victim:
    """Somebody at an address from which only checks come; it answers nothing."""

    def __init__(self, media: Media) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((THIRD, 0))
        self.sock.setblocking(False)
        self._server = ("127.0.0.1", media.relay.udp_port)
        self.came = self.went = 0

    def forge(self, credentials: Credentials) -> None:
        """A nominating check as by the peer with these credentials."""
        key = credentials.password.encode()
        self.send(stun.request(f"{credentials.ufrag}:x", key, bytes(12), use_candidate=True))

    def send(self, data: bytes) -> None:
        self.went += len(data)
        self.sock.sendto(data, self._server)

    def count(self) -> int:
        """How much has come by now."""
        while True:
            try:
                self.came += len(self.sock.recv(4096))
            except BlockingIOError:
                return self.came


@contextmanager
def victim_of(media: Media) -> Iterator[Victim]:
    victim = Victim(media)
    with victim.sock:
        yield victim


async def three_seconds(viewer: Peer) -> None:
    """Wait until it has heard so much."""
    heard = viewer.frames["audio"]
    await until(lambda: viewer.frames["audio"] > heard + 150, "the stream goes on")


async def test_a_forged_move_draws_no_stream(media: Media) -> None:
    source = await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    for peer in (viewer, source):
        before = media.place(peer)
        with victim_of(media) as victim:
            victim.forge(media.session(peer)._local.credentials)
            await until(victim.count, "the check was answered")
            await three_seconds(viewer)
            assert victim.count() <= FACTOR * victim.went
        assert media.place(peer) == before


async def test_a_forged_join_draws_no_handshake(media: Media) -> None:
    await publish(media)
    offer = (Path(__file__).parent / "offers" / "play-chromium-156.sdp").read_text()
    answer = await media.http.post(
        f"/whep/{BROADCAST}",
        content=offer.replace("actpass", "passive"),
        headers={"Content-Type": "application/sdp"},
    )
    assert answer.status_code == 201, answer.text
    session = media.relay._sessions._by_token[answer.headers["location"].rpartition("/")[2]]
    with victim_of(media) as victim:
        victim.forge(session._local.credentials)
        await until(victim.count, "the check was answered")
        await until(
            lambda: media.engine.remote_address(session.peer) is None, "it is nowhere again"
        )
        assert victim.count() <= FACTOR * victim.went
