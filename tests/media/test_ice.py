"""ICE-lite: whose an address is."""

from typing import Any

from farmlive.media import stun
from farmlive.media.engine import Credentials
from farmlive.media.ice import IceLite, IcePeer, Port

OLD, NEW = Credentials("old", "old-password"), Credentials("new", "new-password")
HERE, THERE = ("192.0.2.1", 1), ("192.0.2.2", 2)


class KeptPort(Port):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        nowhere: Any = None
        super().__init__(nowhere)
        self.sent: list[tuple[bytes, Any]] = []

    def send(self, data: bytes, address: Any) -> None:
        self.sent.append((data, address))


def check(credentials: Credentials, nominate: bool = False) -> bytes:
    key = credentials.password.encode()
    return stun.request(f"{credentials.ufrag}:theirs", key, bytes(12), use_candidate=nominate)


def one_peer() -> tuple[IceLite[IcePeer], IcePeer, KeptPort]:
    ice: IceLite[IcePeer] = IceLite()
    peer = IcePeer(OLD, 0.0)
    ice.add(peer)
    return ice, peer, KeptPort()


def test_the_first_check_is_where_the_peer_is() -> None:
    ice, peer, port = one_peer()
    checked = ice.check(port, check(OLD), HERE, 1.0)
    assert checked is not None
    assert (checked.first, checked.moved) == (True, True)
    assert (peer.address, peer.checked_at, port.peers) == (HERE, 1.0, {HERE: peer})
    answer = stun.parse(port.sent[0][0])
    assert answer.kind == stun.BINDING_SUCCESS
    assert answer.authentic(OLD.password.encode())


def test_only_a_nominated_check_moves_it() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    second = ice.check(port, check(OLD), THERE, 2.0)
    assert second is not None
    assert not second.moved
    assert peer.address == HERE
    third = ice.check(port, check(OLD, nominate=True), THERE, 3.0)
    assert third is not None
    assert (third.first, third.moved, peer.address) == (False, True, THERE)


def test_who_checks_from_elsewhere_alone_has_moved() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    ice.check(port, check(OLD), THERE, 2.0)
    ice.check(port, check(OLD), HERE, 6.0)
    ice.check(port, check(OLD), THERE, 7.0)
    ice.check(port, check(OLD), THERE, 12.0)
    assert peer.address == HERE
    ice.check(port, check(OLD), THERE, 14.0)
    assert peer.address == THERE


def test_what_is_not_for_us_gets_no_answer() -> None:
    ice, peer, port = one_peer()
    assert ice.check(port, check(NEW), HERE, 1.0) is None
    assert ice.check(port, check(Credentials("old", "wrong")), HERE, 1.0) is None
    assert ice.check(port, b"\x00" * 20, HERE, 1.0) is None
    response = stun.success(stun.parse(check(OLD)), "192.0.2.1", 1, b"k")
    assert ice.check(port, response, HERE, 1.0) is None
    assert port.sent == []
    assert peer.address is None


def test_after_a_restart_the_old_credentials_serve_until_the_new_ones_do() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    ice.restart(peer, Credentials("unused", "unused"), 2.0)
    ice.restart(peer, NEW, 2.0)
    assert ice.check(port, check(OLD), HERE, 3.0) is not None
    moved = ice.check(port, check(NEW), THERE, 4.0)
    assert moved is not None
    assert moved.moved
    assert peer.address == THERE
    # The new pair is not agreed on yet: the old one's checks are answered, and move nothing.
    older = ice.check(port, check(OLD, nominate=True), HERE, 5.0)
    assert older is not None
    assert (older.moved, peer.address) == (False, THERE)
    assert ice.check(port, check(NEW, nominate=True), THERE, 6.0) is not None
    assert ice.check(port, check(OLD), HERE, 7.0) is None
    ice.remove(peer)
    assert (len(ice), port.peers) == (0, {})


def test_a_restart_that_came_to_nothing_leaves_what_serves() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD, nominate=True), HERE, 1.0)
    for number in range(3):
        ice.restart(peer, Credentials(f"unused{number}", "unused"), 2.0)
    assert ice.check(port, check(OLD, nominate=True), THERE, 3.0) is not None
    assert peer.address == THERE
    ice.restart(peer, NEW, 4.0)
    ice.check(port, check(NEW), HERE, 5.0)
    newest = Credentials("newest", "newest-password")
    ice.restart(peer, newest, 6.0)
    assert ice.check(port, check(OLD), HERE, 7.0) is None
    assert ice.check(port, check(NEW), HERE, 7.0) is not None
    assert ice.check(port, check(newest), HERE, 7.0) is not None


def test_a_peer_whose_connection_ended_is_where_its_next_check_comes_from() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    peer.cut_off(port, THERE)
    assert peer.address == HERE
    peer.cut_off(port, HERE)
    assert (peer.port, peer.address) == (None, None)
    peer.send(b"lost")
    checked = ice.check(port, check(OLD), THERE, 2.0)
    assert checked is not None
    assert (checked.first, checked.moved, peer.address) == (True, True, THERE)


def test_a_peer_keeps_its_last_addresses_and_the_one_where_it_is() -> None:
    ice, _, port = one_peer()
    for number in range(20):
        ice.check(port, check(OLD), ("192.0.2.1", number), 1.0)
    assert sorted(address[1] for address in port.peers) == [0, *range(13, 20)]


def test_a_check_from_elsewhere_gives_no_consent() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    assert ice.check(port, check(OLD), THERE, 2.0) is not None
    assert (peer.address, peer.checked_at, peer.there_at) == (HERE, 1.0, 1.0)
    ice.restart(peer, NEW, 3.0)
    ice.check(port, check(NEW), THERE, 4.0)
    assert ice.check(port, check(OLD), HERE, 5.0) is not None
    assert (peer.address, peer.checked_at, peer.there_at) == (THERE, 4.0, 4.0)


def test_nobody_takes_the_address_where_another_is_reached_and_heard() -> None:
    ice, peer, port = one_peer()
    other = IcePeer(NEW, 0.0)
    ice.add(other)
    ice.check(port, check(OLD), HERE, 1.0)
    port.sent.clear()
    assert ice.check(port, check(NEW, nominate=True), HERE, 8.0) is None
    # Some check at the start only; then what they send speaks for them.
    peer.heard_at = 8.0
    assert ice.check(port, check(NEW, nominate=True), HERE, 15.0) is None
    assert (port.peers, port.sent) == ({HERE: peer}, [])
    assert (other.address, other.addresses) == (None, [])
    taken = ice.check(port, check(NEW, nominate=True), HERE, 15.1)
    assert taken is not None
    assert (taken.peer, taken.first, port.peers) == (other, True, {HERE: other})


def test_an_address_where_another_is_not_reached_is_free_to_take() -> None:
    ice, peer, port = one_peer()
    other = IcePeer(NEW, 0.0)
    ice.add(other)
    ice.check(port, check(OLD), HERE, 1.0)
    ice.check(port, check(OLD, nominate=True), THERE, 1.0)
    assert ice.check(port, check(NEW), HERE, 1.0) is not None
    assert port.peers == {HERE: other, THERE: peer}
    # What lies at one port says nothing of the others.
    assert ice.check(KeptPort(), check(NEW), THERE, 1.0) is not None


def test_an_address_that_two_peers_use_in_turn_is_the_last_ones() -> None:
    ice, peer, port = one_peer()
    other = IcePeer(NEW, 0.0)
    ice.add(other)
    for turn in range(12):
        ice.check(port, check(OLD), HERE, turn * 20.0)
        assert port.peers[HERE] is peer
        ice.check(port, check(NEW), HERE, turn * 20.0 + 10.0)
        assert port.peers[HERE] is other
    assert len(peer.addresses) == len(other.addresses) == 1
