"""ICE-lite (RFC 8445, sections 2.5 and 7.3): who may send from which address, and where each
peer is reached. We only answer checks; the client finds the way.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from farmlive.media import stun
from farmlive.media.engine import Credentials, Times
from farmlive.media.ports import Port

_ADDRESSES_OF_A_PEER = 8


class IcePeer:
    """One peer's end of ICE. `port` and `address` are where it is reached, once it is."""

    def __init__(self, local: Credentials, now: float) -> None:
        # The last ones are the newest; those before them serve until these do.
        self.credentials = [local]
        # Whether the newest have served.
        self.renewed = True
        self.port: Port | None = None
        self.address: Any = None
        self.addresses: list[tuple[Port, Any]] = []
        # When a check from where it is reached gave its consent (RFC 7675), or new credentials did.
        self.checked_at = now
        # The last check from where it is reached.
        self.there_at = now
        # The last media that its key opened.
        self.heard_at = now

    def send(self, data: bytes) -> None:
        """Send a datagram to where the peer is; without an address it is dropped."""
        if self.port is not None:
            self.port.send(data, self.address)

    def cut_off(self, port: Port, address: Any) -> None:
        """Its connection there has ended; if it was reached there, it is nowhere now."""
        if self.port is port and self.address == address:
            self.port = self.address = None


P = TypeVar("P", bound=IcePeer)


@dataclass(slots=True, frozen=True)
class Checked(Generic[P]):
    """A check that was answered. `first`: its peer can be reached now; `moved`: elsewhere."""

    peer: P
    first: bool
    moved: bool


class IceLite(Generic[P]):
    """All peers by their user name fragments.

    Always holds: an address belongs to the peer that last passed an authenticated check from it;
    but where a peer is reached, no other takes its place until it has not been heard for
    `left_after` (that of `farmlive.media.engine.Times`): who sends a check can forge its address.
    """

    def __init__(self, left_after: float | None = None) -> None:
        self._left_after = Times().left_after if left_after is None else left_after
        self._by_ufrag: dict[str, P] = {}

    def add(self, peer: P) -> None:
        """Let in whoever checks with the peer's credentials."""
        for credentials in peer.credentials:
            self._by_ufrag[credentials.ufrag] = peer

    def restart(self, peer: P, local: Credentials, now: float) -> None:
        """Expect new credentials; the old ones serve until the new ones do."""
        serving = peer.credentials[-1 if peer.renewed else 0]
        for other in peer.credentials:
            if other is not serving:
                self._by_ufrag.pop(other.ufrag, None)
        peer.credentials = [serving, local]
        peer.renewed = False
        peer.checked_at = now
        self._by_ufrag[local.ufrag] = peer

    def remove(self, peer: P) -> None:
        """Forget the peer and its addresses."""
        for credentials in peer.credentials:
            self._by_ufrag.pop(credentials.ufrag, None)
        for port, address in peer.addresses:
            if port.peers.get(address) is peer:
                port.forget(address)

    def check(self, port: Port, data: bytes, address: Any, now: float) -> Checked[P] | None:
        """Answer a connectivity check; one that is not for us gets no answer and None."""
        try:
            message = stun.parse(data)
        except stun.Malformed:
            return None
        ufrag = message.username.partition(":")[0]
        found = self._by_ufrag.get(ufrag)
        if found is None or message.kind != stun.BINDING_REQUEST:
            return None
        peer: P = found
        credentials = next(each for each in peer.credentials if each.ufrag == ufrag)
        key = credentials.password.encode()
        if not message.authentic(key) or self._is_anothers(peer, port, address, now):
            return None
        is_newest = credentials is peer.credentials[-1]
        restarted = is_newest and not peer.renewed
        if is_newest:
            peer.renewed = True
            if message.use_candidate:
                self._drop_older(peer)
        if port.peers.get(address) is not peer:
            self._own(peer, port, address)
        # Later only by USE-CANDIDATE, or the address would flap while pairs are checked; or where
        # no check comes from the old one any more, since some clients name it once and for all.
        first = peer.port is None
        is_there = peer.port is port and peer.address == address
        left = now - peer.there_at > self._left_after
        may_move = (message.use_candidate or left) and (is_newest or not peer.renewed)
        moved = not is_there and (first or restarted or may_move)
        if moved:
            peer.port, peer.address = port, address
        # From elsewhere a check gives no consent to send where it is reached.
        if moved or is_there:
            peer.checked_at = peer.there_at = now
        port.send(stun.success(message, address[0], address[1], key), address)
        # By that its connection may have ended.
        is_somewhere = peer.port is not None
        return Checked(peer, first and is_somewhere, moved and is_somewhere)

    def _drop_older(self, peer: P) -> None:
        """The newest credentials have taken over."""
        for older in peer.credentials[:-1]:
            self._by_ufrag.pop(older.ufrag, None)
        del peer.credentials[:-1]

    def _is_anothers(self, peer: P, port: Port, address: Any, now: float) -> bool:
        """Whether another peer is reached at this address, and was heard of late."""
        found = port.peers.get(address)
        if found is None or found is peer or (found.port, found.address) != (port, address):
            return False
        heard_at: float = max(found.there_at, found.heard_at)
        return now - heard_at <= self._left_after

    def _own(self, peer: P, port: Port, address: Any) -> None:
        port.peers[address] = peer
        # One that it had before another peer did is listed already.
        if (port, address) in peer.addresses:
            peer.addresses.remove((port, address))
        peer.addresses.append((port, address))
        if len(peer.addresses) > _ADDRESSES_OF_A_PEER:
            # Never the one where it is reached.
            at = int(peer.addresses[0] == (peer.port, peer.address))
            old_port, old = peer.addresses.pop(at)
            if old_port.peers.get(old) is peer:
                old_port.forget(old)

    def __len__(self) -> int:
        return len(self._by_ufrag)
