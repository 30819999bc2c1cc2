"""ICE in C answers the same checks as in Python, and finds each peer at the same address."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.media.engine.native.net.ports_driver import Script, ports_driver

from farmlive.media.engine.interface import Credentials
from farmlive.media.engine.python.net.ice import IceLite, IcePeer
from farmlive.media.engine.python.net.path import Path as PeerPath
from farmlive.media.engine.python.net.sockets import Port
from farmlive.media.wire import stun

__all__ = ["ports_driver"]

PORTS, PEERS = 2, 8
SECRET = b"s" * 16
# More than a peer keeps; some of them everyone uses.
PLACES = [
    *((f"192.0.2.{number}", 5000) for number in range(8)),
    *(("2001:db8::1", port, 0, 0) for port in range(5000, 5006)),
]


class KeptPort(Port):
    """Says what would be sent."""

    def __init__(self, number: int, script: Script) -> None:
        nowhere: Any = None
        super().__init__(nowhere)
        self.number, self._script = number, script

    def send(self, data: bytes, address: Any) -> None:
        self._script.says("sent", place(self, address), data)


def place(port: Any, address: Any) -> str:
    return f"{port.number}/{address[0]}/{address[1]}"


def of(path: PeerPath) -> tuple[object, ...]:
    known = place(path.port, path.address)
    return known, path.validated, path.received, path.sent, path.got_client_hello


def written(local: Credentials, remote: Credentials | None) -> tuple[str, ...]:
    """Both ends' names as the driver reads them."""
    theirs = (remote.ufrag, remote.password) if remote is not None else ("-", "-")
    return local.ufrag, local.password, *theirs


class Twin:
    """Both: ICE in Python, and the script for the one in C."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.script = Script()
        self.ice: IceLite[IcePeer] = IceLite()
        self.ports = [KeptPort(number, self.script) for number in range(PORTS)]
        self.peers: dict[int, IcePeer] = {}
        self.known: list[Credentials] = [Credentials("stranger", "of-nobody")]
        self.now = 100.0

    def fresh(self) -> Credentials:
        number = len(self.known)
        credentials = Credentials(
            f"ufrag{number}", f"password-{number}" * self.random.choice((1, 9))
        )
        self.known.append(credentials)
        return credentials

    def remote(self, number: int) -> Credentials | None:
        """What the peer calls itself: mostly something of its own, now and then as we call one."""
        dice = self.random.random()
        if dice < 0.15:
            return None
        if dice < 0.2:
            return self.random.choice(self.known)
        return Credentials(f"theirs{number}", "their-password" * self.random.choice((1, 12)))

    def add(self) -> None:
        free = [number for number in range(PEERS) if number not in self.peers]
        if free:
            local, number = self.fresh(), self.random.choice(free)
            remote = self.remote(number)
            self.script.call("add", number, *written(local, remote), self.now)
            self.peers[number] = IcePeer(local, self.now, remote, SECRET)
            self.ice.add(self.peers[number])

    def restart(self, number: int) -> None:
        local, remote = self.fresh(), self.remote(number)
        self.script.call("restart", number, *written(local, remote), self.now)
        self.ice.restart(self.peers[number], local, self.now, remote)

    def remove(self, number: int) -> None:
        self.script.call("remove", number)
        self.ice.remove(self.peers.pop(number))

    def cut(self, number: int) -> None:
        port = self.random.choice(self.ports)
        address = self.random.choice(PLACES)
        peer = self.peers[number]
        if peer.port is not None and self.random.random() < 0.7:
            assert isinstance(peer.port, KeptPort)
            port, address = peer.port, peer.address
        self.script.call("cut", number, port.number, *address[:2])
        peer.remove_path(port, address)

    def hear(self, number: int) -> None:
        self.script.call("heard", number, self.now)
        self.peers[number].media_at = self.now

    def check(self, number: int) -> None:
        credentials = self.random.choice(
            self.peers[number].credentials if self.random.random() < 0.9 else self.known
        )
        port, address = self.random.choice(self.ports), self.random.choice(PLACES)
        key = credentials.password.encode()
        if self.random.random() < 0.03:
            key += b"!"
        behind = self.random.choice((":theirs", ":theirs:more", ""))
        data = stun.request(
            credentials.ufrag + behind,
            key,
            self.random.randbytes(12),
            use_candidate=self.random.random() < 0.3,
        )
        if self.random.random() < 0.03:
            data = stun.success(stun.parse(data), "192.0.2.1", 1, key)
        elif self.random.random() < 0.03:
            data = data[: self.random.randrange(len(data))]
        self.take(port, address, data)

    def answer(self, number: int) -> None:
        """To a check of ours, right or wrong, from where it went or from elsewhere."""
        asked = [each for each in self.peers[number].paths if each.asked_at is not None]
        if not asked:
            return
        path = self.random.choice(asked)
        port, address, transaction = path.port, path.address, path.transaction[:12]
        remote = path.remote or Credentials("x", "y")
        dice = self.random.random()
        if dice < 0.05:
            port, address = self.random.choice(self.ports), self.random.choice(PLACES)
        elif dice < 0.1:
            transaction = self.random.randbytes(12)
        key = remote.password.encode() + (b"!" if dice > 0.95 else b"")
        request = stun.parse(stun.request("x", key, transaction))
        self.take(port, address, stun.success(request, "198.51.100.1", 8189, key))

    def check_link(self, number: int) -> None:
        """Our check of a link, and mostly its answer."""
        self.script.call("link", number, self.now)
        peer = self.peers[number]
        self.script.says("link", self.ice.check_link(peer, self.now))
        asked, dice = peer.link_check, self.random.random()
        if asked is None or dice < 0.2:
            return
        port, address = asked.path.port, asked.path.address
        if dice < 0.3:
            port, address = self.random.choice(self.ports), self.random.choice(PLACES)
        key = asked.key + (b"!" if dice > 0.95 else b"")
        request = stun.parse(stun.request("x", key, asked.transaction))
        self.now += 0.05
        self.take(port, address, stun.success(request, "198.51.100.1", 8189, key))

    def record(self, number: int) -> None:
        """A DTLS record comes, or goes, or is the last of a handshake."""
        peer, dice = self.peers[number], self.random.random()
        port = self.random.choice(self.ports)
        address = self.random.choice(PLACES)
        if peer.port is not None and self.random.random() < 0.8:
            assert isinstance(peer.port, KeptPort)
            port, address = peer.port, peer.address
        if dice < 0.4:
            kind = self.random.choice((1, 11))
            record = bytes((22, *bytes(12), kind)) + bytes(self.random.randrange(200))
            self.script.call("came", number, port.number, *address[:2], record)
            self.ice.count_record(peer, port, address, record)
        elif dice < 0.9:
            record = bytes(self.random.choice((60, 130, 725)))
            self.script.call("tell", number, record, self.now)
            self.ice.send_record(peer, record, self.now)
        else:
            self.script.call("secured", number)
            self.ice.validate_dtls_path(peer)

    def look(self) -> None:
        self.script.call("look", self.now)
        self.ice.retransmit_checks(self.now)

    def take(self, port: KeptPort | Port, address: Any, data: bytes) -> None:
        self.script.call("check", port.number, *address[:2], data, self.now)  # type: ignore[union-attr]
        checked = self.ice.check(port, data, address, self.now)
        if checked is None:
            self.script.says("nobody")
        else:
            found = next(each for each in self.peers if self.peers[each] is checked.peer)
            asked_at = -1.0 if checked.asked_at is None else checked.asked_at
            self.script.says("checked", found, checked.first, checked.moved, asked_at)

    def compare(self) -> None:
        self.script.call("state")
        self.script.says("names", len(self.ice))
        for _, peer in sorted(self.peers.items()):
            at = [] if peer.port is None else [place(peer.port, peer.address)]
            self.script.says(
                *("peer", len(peer.credentials), peer.renewed, peer.checked_at, peer.selected_at),
                *(
                    peer.validated,
                    "at",
                    *at,
                    "of",
                    *(word for each in peer.paths for word in of(each)),
                ),
            )
        numbers = {id(peer): number for number, peer in self.peers.items()}
        for port in self.ports:
            for address in PLACES:
                self.script.call("whose", port.number, *address[:2])
                self.script.says(numbers.get(id(port.peers.get(address)), -1))

    def live(self, steps: int) -> None:
        for _ in range(steps):
            self.now += self.random.choice((0.0, 0.0, 0.1, 0.25, 1.0, 2.5, 7.1))
            number = self.random.choice([*self.peers, None])
            dice = self.random.random()
            if number is None or dice < 0.05:
                self.add()
            elif dice < 0.08:
                self.remove(number)
            elif dice < 0.15:
                self.restart(number)
            elif dice < 0.2:
                self.cut(number)
            elif dice < 0.25:
                self.hear(number)
            elif dice < 0.4:
                self.record(number)
            elif dice < 0.6:
                self.answer(number)
            elif dice < 0.65:
                self.look()
            elif dice < 0.72:
                self.check_link(number)
            else:
                self.check(number)
            self.compare()


@pytest.mark.parametrize("seed", range(8))
def test_checks_mean_the_same_in_both(ports_driver: Path, seed: int) -> None:
    twin = Twin(seed)
    twin.live(400)
    twin.script.play(ports_driver)


def test_peers_are_found_among_many_and_let_go(ports_driver: Path) -> None:
    script = Script()
    for number in range(500):
        script.call("add", number % PEERS, f"of{number}", "password", "-", "-", 1.0)
        script.call("restart", number % PEERS, f"then{number}", "password", "-", "-", 1.0)
        if number >= PEERS - 1:
            script.call("remove", (number + 1) % PEERS)
    # Who was removed last is followed by one that is let in again.
    script.call("state")
    script.says("names", 2 * (PEERS - 1))
    for _ in range(PEERS - 1):
        script.says("peer", 2, False, 1.0, 1.0, False, "at of")
    script.play(ports_driver)
