"""ICE (RFC 8445, sections 2.5 and 7.3): maps remote addresses to peers, and selects each peer's
path.

The client nominates, as with a lite agent. Unlike a lite agent, the engine validates a path by its
own checks before it sends media there, because anyone with a peer's credentials can spoof a check's
source address.
"""

import hmac
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from farmlive.media.engine.interface import Credentials, Timeouts
from farmlive.media.engine.python.net.path import Path, is_client_hello
from farmlive.media.engine.python.net.sockets import Port
from farmlive.media.wire import stun

_ADDRESSES_OF_A_PEER = 8


class IcePeer:
    """The ICE state of one peer. `selected` is its path, or None; it carries media once
    validated.

    `remote` are the peer's own credentials; without them the engine sends it no checks. The
    transaction ids of these checks are derived from `secret`.
    """

    def __init__(
        self, local: Credentials, now: float, remote: Credentials | None = None, secret: bytes = b""
    ) -> None:
        # The newest are the last; the earlier ones work until the peer uses these.
        self.credentials = [local]
        self.remotes = [remote]
        # Whether the peer has used the newest credentials.
        self.renewed = True
        self.selected: Path | None = None
        # Every path that it has sent a check from, the newest last.
        self.paths: list[Path] = []
        # When a check on the selected path, or new credentials, last gave consent (RFC 7675).
        self.checked_at = now
        # When the last check came on the selected path.
        self.selected_at = now
        # When the last media came that its key could decrypt.
        self.media_at = now
        self._secret = secret
        self._validations = 0
        # Our check that measures the round trip on the selected path, while it has no answer.
        self.link_check: LinkCheck | None = None
        # The number of its checks so far that asked to select a path.
        self.nominations = 0
        # The path of our DTLS records, and whether some were sent on another one.
        self.dtls_place: tuple[Port, Any] | None = None
        self.dtls_on_two_paths = False
        # Whether our first DTLS flight was sent on a path that was not validated.
        self.sent_first_flight = False

    @property
    def port(self) -> Port | None:
        """The port of its selected path, or None."""
        return self.selected.port if self.selected is not None else None

    @property
    def address(self) -> Any:
        """The remote address of its selected path."""
        return self.selected.address if self.selected is not None else None

    @property
    def validated(self) -> bool:
        """Whether its selected path is validated."""
        return self.selected is not None and self.selected.validated

    def path(self, port: Port, address: Any) -> Path | None:
        """Return its path at this address."""
        return next((each for each in self.paths if each.is_at(port, address)), None)

    def new_validation_seed(self) -> bytes:
        """Return the transaction id and tie-breaker of our next check: unpredictable to others."""
        self._validations += 1
        return hmac.digest(self._secret, self._validations.to_bytes(4, "big"), "sha1")

    def send(self, data: bytes) -> None:
        """Send a datagram on the selected path; dropped unless that is validated."""
        if self.selected is not None and self.selected.validated:
            self.selected.port.send(data, self.selected.address)

    def remove_path(self, port: Port, address: Any) -> None:
        """Remove the path of a connection that has ended; it may have been the selected one."""
        if self.selected is not None and self.selected.is_at(port, address):
            self.selected = None


@dataclass(slots=True, frozen=True)
class LinkCheck:
    """A check of ours on a validated path: its transaction id, the key of its answer, and when it
    was sent.
    """

    path: Path
    transaction: bytes
    key: bytes
    sent_at: float


P = TypeVar("P", bound=IcePeer)


@dataclass(slots=True, frozen=True)
class Checked(Generic[P]):
    """An answered check, the peer's or ours. `first`: the peer now has its first selected path;
    `moved`: a validated path has replaced another; `asked_at`: it answers a check of ours
    that was first sent then.
    """

    peer: P
    first: bool
    moved: bool
    asked_at: float | None = None


class IceLite(Generic[P]):
    """All peers by their user name fragments.

    Invariant: an address belongs to the peer that last sent an authenticated check from it. A
    validated address stays with its peer until no check or media has come from the peer for
    `left_after` (of `farmlive.media.engine.interface.Timeouts`), because a check's source address
    can be spoofed.
    """

    def __init__(self, left_after: float | None = None) -> None:
        self._left_after = Timeouts().left_after if left_after is None else left_after
        self._by_ufrag: dict[str, P] = {}
        # Peers with a path under validation.
        self._validating: dict[P, None] = {}

    def add(self, peer: P) -> None:
        """Accept checks with the peer's credentials."""
        for credentials in peer.credentials:
            self._by_ufrag[credentials.ufrag] = peer

    def restart(
        self, peer: P, local: Credentials, now: float, remote: Credentials | None = None
    ) -> None:
        """Expect new credentials; the old ones work until the peer uses the new ones."""
        index = -1 if peer.renewed else 0
        serving = peer.credentials[index]
        for other in peer.credentials:
            if other is not serving:
                self._by_ufrag.pop(other.ufrag, None)
        peer.remotes = [peer.remotes[index], remote]
        peer.credentials = [serving, local]
        peer.renewed = False
        peer.checked_at = now
        self._by_ufrag[local.ufrag] = peer

    def remove(self, peer: P) -> None:
        """Remove the peer and its addresses."""
        self._validating.pop(peer, None)
        for credentials in peer.credentials:
            self._by_ufrag.pop(credentials.ufrag, None)
        for path in peer.paths:
            if path.port.peers.get(path.address) is peer:
                path.port.forget(path.address)

    # Checks of peers, and ours.

    def check(self, port: Port, data: bytes, address: Any, now: float) -> Checked[P] | None:
        """Answer a connectivity check, or handle the response to ours.

        Returns None, and sends nothing, for a message with unknown credentials.
        """
        try:
            message = stun.parse(data)
        except stun.Malformed:
            return None
        if message.kind == stun.BINDING_SUCCESS:
            return self._handle_response(port, message, address, now)
        ufrag = message.username.partition(":")[0]
        found = self._by_ufrag.get(ufrag)
        if found is None or message.kind != stun.BINDING_REQUEST:
            return None
        peer: P = found
        index = next(at for at, each in enumerate(peer.credentials) if each.ufrag == ufrag)
        local, remote = peer.credentials[index], peer.remotes[index]
        key = local.password.encode()
        if not message.authentic(key) or self._is_in_use(peer, port, address, now):
            return None
        is_newest = local is peer.credentials[-1]
        restarted = is_newest and not peer.renewed
        if is_newest:
            peer.renewed = True
            if message.use_candidate:
                self._drop_older(peer)
        path = self._claim_path(peer, port, address)
        path.received += len(data)
        # Only USE-CANDIDATE selects another path, or the address would flap while pairs are
        # checked; except once no check comes on the old path any more, since some clients nominate
        # only once.
        first, is_here = peer.selected is None, peer.selected is path
        left = now - peer.selected_at > self._left_after
        may_move = (message.use_candidate or left) and (is_newest or not peer.renewed)
        moved = False
        if not is_here and (first or restarted or may_move):
            peer.nominations += 1
            path.nomination = peer.nominations
            if first:
                peer.selected = path
            if not path.validated:
                path.begin(local, remote, peer.new_validation_seed(), now)
                self._validating[peer] = None
            moved = path.validated and self._select(peer, path)
        # A check on another path gives no consent for the selected one (RFC 7675).
        if peer.selected is path:
            peer.checked_at = peer.selected_at = now
        path.send_response(stun.success(message, address[0], address[1], key))
        self._send_check(path, now)
        # Sending the response may have ended its connection.
        is_somewhere = peer.selected is not None
        return Checked(peer, first and is_somewhere, moved and is_somewhere)

    def _handle_response(
        self, port: Port, message: stun.Message, address: Any, now: float
    ) -> Checked[P] | None:
        """Handle the response to a check of ours, which validates the path: its sender receives at
        that address and has the peer's credentials.
        """
        peer: P | None = port.peers.get(address)
        path = peer.path(port, address) if peer is not None else None
        if peer is None or path is None:
            return None
        asked = peer.link_check
        if (
            asked is not None
            and asked.path.is_at(port, address)
            and hmac.compare_digest(message.transaction, asked.transaction)
            and message.authentic(asked.key)
        ):
            peer.link_check = None
            return Checked(peer, False, False, asked.sent_at)
        if not path.is_response(message):
            return None
        begun = path.begun
        path.mark_validated()
        moved = self._select(peer, path)
        if moved:
            peer.checked_at = peer.selected_at = now
        return Checked(peer, False, moved, begun)

    def validate_dtls_path(self, peer: P) -> None:
        """Validate the path of our DTLS records when the handshake finishes.

        A finished handshake needs all records that we sent, so it validates their path if all went
        on one.
        """
        told = peer.dtls_place
        path = peer.selected or (peer.path(*told) if told is not None else None)
        if path is not None and not peer.dtls_on_two_paths and told in (None, path.place):
            path.mark_validated()
            peer.selected = path

    def _select(self, peer: P, path: Path) -> bool:
        """Select this validated path, unless a validated path was requested later."""
        at = peer.selected
        if at is not None and at is not path and at.validated and at.nomination > path.nomination:
            path.invalidate()
            return False
        if at is not None and at is not path:
            at.invalidate()
        peer.selected = path
        return True

    def _send_check(self, path: Path, now: float) -> None:
        """Send a check on a path under validation, but never one to ourselves, by our own ufrag."""
        if (
            not path.validated
            and path.is_validating(now)
            and (path.remote is None or path.remote.ufrag not in self._by_ufrag)
        ):
            path.send_check(now)

    def check_link(self, peer: P, now: float) -> bool:
        """Send a check on the peer's validated path, whose answer shows the round trip; return
        False if it can't be checked.
        """
        at, index = peer.selected, -1 if peer.renewed else 0
        local, remote = peer.credentials[index], peer.remotes[index]
        if at is None or not at.validated or at.is_stream:
            return False
        if remote is None or remote.ufrag in self._by_ufrag:
            return False
        seed, key = peer.new_validation_seed(), remote.password.encode()
        name = f"{remote.ufrag}:{local.ufrag}"
        peer.link_check = LinkCheck(at, seed[:12], key, now)
        at.port.send(stun.check(name, key, seed[:12], seed[12:20]), at.address)
        return True

    def retransmit_checks(self, now: float) -> None:
        """Retransmit checks and drop selected paths whose validation has timed out.

        Called about ten times a second. A peer that was to move keeps its old path.
        """
        for peer in list(self._validating):
            proving = [
                each for each in peer.paths if not each.validated and each.is_validating(now)
            ]
            for path in proving:
                self._send_check(path, now)
            at = peer.selected
            if at is not None and not at.validated and not at.is_validating(now):
                peer.selected = None
            if not proving:
                del self._validating[peer]

    # DTLS records.

    def count_record(self, peer: P, port: Port, address: Any, record: bytes) -> None:
        """Count a DTLS record that came on a path that is not validated."""
        at = peer.selected
        if at is not None and not at.validated and at.is_at(port, address):
            at.received += len(record)
            at.got_client_hello = at.got_client_hello or is_client_hello(record)

    def send_record(self, peer: P, record: bytes, now: float) -> None:
        """Send a DTLS record on the selected path.

        The record is dropped if there is no path, or if it exceeds the limit of a path that is not
        validated. Our first flight may exceed that limit, once and after a ClientHello from there;
        it counts against the limit afterwards.
        """
        at = peer.selected
        if at is None:
            return
        if (
            not at.validated
            and at.got_client_hello
            and not peer.sent_first_flight
            and at.is_validating(now)
        ):
            peer.sent_first_flight = True
            at.sent += len(record)
        elif not at.spend(len(record), now):
            return
        peer.dtls_on_two_paths = peer.dtls_on_two_paths or peer.dtls_place not in (None, at.place)
        peer.dtls_place = at.place
        at.port.send(record, at.address)

    # Owners of remote addresses.

    def _drop_older(self, peer: P) -> None:
        """Remove all but the newest credentials."""
        for older in peer.credentials[:-1]:
            self._by_ufrag.pop(older.ufrag, None)
        del peer.credentials[:-1]
        del peer.remotes[:-1]

    def _is_in_use(self, peer: P, port: Port, address: Any, now: float) -> bool:
        """Return whether another peer has validated this address and was active recently."""
        found = port.peers.get(address)
        if (
            found is None
            or found is peer
            or not found.validated
            or not found.selected.is_at(port, address)
        ):
            return False
        active_at: float = max(found.selected_at, found.media_at)
        return now - active_at <= self._left_after

    def _claim_path(self, peer: P, port: Port, address: Any) -> Path:
        """Return the peer's path at this address; the peer owns the address from now on."""
        path = peer.path(port, address)
        if port.peers.get(address) is peer and path is not None:
            return path
        port.peers[address] = peer
        # A path that another peer had taken over meanwhile is in the list already.
        if path is not None:
            peer.paths.remove(path)
        else:
            path = Path(port, address)
        peer.paths.append(path)
        if len(peer.paths) > _ADDRESSES_OF_A_PEER:
            # Never the selected path.
            old = peer.paths.pop(int(peer.paths[0] is peer.selected))
            if old.port.peers.get(old.address) is peer:
                old.port.forget(old.address)
        return path

    def __len__(self) -> int:
        return len(self._by_ufrag)
