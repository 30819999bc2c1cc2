"""ICE-lite (RFC 8445, sections 2.5 and 7.3): who may send from which address, and where each
peer is reached. We only answer checks; the client finds the way.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from farmlive.media import stun
from farmlive.media.engine import Credentials
from farmlive.media.ports import Port

_ADDRESSES_OF_A_PEER = 8


class IcePeer:
    """One peer's end of ICE. `port` and `address` are where it is reached, once it is."""

    def __init__(self, local: Credentials, now: float) -> None:
        self.credentials = [local]
        self.port: Port | None = None
        self.address: Any = None
        self.addresses: list[tuple[Port, Any]] = []
        self.checked_at = now

    def send(self, data: bytes) -> None:
        """Send a datagram to where the peer is; without an address it is dropped."""
        if self.port is not None:
            self.port.send(data, self.address)


P = TypeVar("P", bound=IcePeer)


@dataclass(slots=True, frozen=True)
class Checked(Generic[P]):
    """A check that was answered. `first`: its peer can be reached now; `moved`: elsewhere."""

    peer: P
    first: bool
    moved: bool


class IceLite(Generic[P]):
    """All peers by their user name fragments.

    Always holds: an address belongs to the peer that last passed an authenticated check from it.
    """

    def __init__(self) -> None:
        self._by_ufrag: dict[str, P] = {}

    def add(self, peer: P) -> None:
        """Let in whoever checks with the peer's credentials."""
        for credentials in peer.credentials:
            self._by_ufrag[credentials.ufrag] = peer

    def restart(self, peer: P, local: Credentials, now: float) -> None:
        """Expect new credentials; the old ones serve until the new ones do."""
        for older in peer.credentials[1:]:
            self._by_ufrag.pop(older.ufrag, None)
        peer.credentials = [peer.credentials[0], local]
        peer.checked_at = now
        self._by_ufrag[local.ufrag] = peer

    def remove(self, peer: P) -> None:
        """Forget the peer and its addresses."""
        for credentials in peer.credentials:
            self._by_ufrag.pop(credentials.ufrag, None)
        for port, address in peer.addresses:
            if port.peers.get(address) is peer:
                del port.peers[address]

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
        if not message.authentic(key):
            return None
        port.send(stun.success(message, address[0], address[1], key), address)
        peer.checked_at = now
        restarted = credentials is not peer.credentials[0]
        if restarted:
            self._by_ufrag.pop(peer.credentials[0].ufrag, None)
            peer.credentials = [credentials]
        if port.peers.get(address) is not peer:
            self._own(peer, port, address)
        # Later only by USE-CANDIDATE, or the address would flap while pairs are checked.
        first = peer.port is None
        moved = first or (
            (restarted or message.use_candidate)
            and (peer.port is not port or peer.address != address)
        )
        if moved:
            peer.port, peer.address = port, address
        return Checked(peer, first, moved)

    def _own(self, peer: P, port: Port, address: Any) -> None:
        port.peers[address] = peer
        peer.addresses.append((port, address))
        if len(peer.addresses) > _ADDRESSES_OF_A_PEER:
            old_port, old = peer.addresses.pop(0)
            if old_port.peers.get(old) is peer:
                del old_port.peers[old]

    def __len__(self) -> int:
        return len(self._by_ufrag)
