"""ICE: whose an address is, and where a peer has proved to be."""

from typing import Any

from tests.media.support.recording_port import KeptPort

from farmlive.media.engine.interface import Credentials
from farmlive.media.engine.python.net.ice import Checked, IceLite, IcePeer
from farmlive.media.engine.python.net.path import FACTOR
from farmlive.media.wire import stun

THEIRS = Credentials("theirs", "a password of theirs")
OLD, NEW = Credentials("old", "old-password"), Credentials("new", "new-password")
HERE, THERE = ("192.0.2.1", 1), ("192.0.2.2", 2)


def check(credentials: Credentials, nominate: bool = False) -> bytes:
    key = credentials.password.encode()
    return stun.request(f"{credentials.ufrag}:theirs", key, bytes(12), use_candidate=nominate)


def one_peer() -> tuple[IceLite[IcePeer], IcePeer, KeptPort]:
    ice: IceLite[IcePeer] = IceLite()
    peer = IcePeer(OLD, 0.0, THEIRS, b"secret")
    ice.add(peer)
    return ice, peer, KeptPort()


def other_peer(ice: IceLite[IcePeer]) -> IcePeer:
    other = IcePeer(NEW, 0.0, THEIRS, b"another secret")
    ice.add(other)
    return other


def asked(port: KeptPort, address: Any) -> list[bytes]:
    """Our checks that went there, the newest last."""
    sent = [data for data, to in port.sent if to == address]
    return [data for data in sent if data[:2] == stun.BINDING_REQUEST.to_bytes(2, "big")]


def answered(check: bytes, key: str = THEIRS.password) -> bytes:
    return stun.success(stun.parse(check), "198.51.100.1", 8189, key.encode())


def prove(ice: IceLite[IcePeer], port: KeptPort, address: Any, now: float) -> Checked[IcePeer]:
    """The answer to our last check of this address comes from there."""
    proved = ice.check(port, answered(asked(port, address)[-1]), address, now)
    assert proved is not None
    return proved


def come(
    ice: IceLite[IcePeer],
    port: KeptPort,
    address: Any,
    now: float,
    credentials: Credentials = OLD,
    *,
    nominate: bool = False,
) -> Checked[IcePeer]:
    """A check, and the answer to ours."""
    assert ice.check(port, check(credentials, nominate), address, now) is not None
    return prove(ice, port, address, now)


def test_the_first_check_is_where_the_peer_is_once_that_is_proved() -> None:
    ice, peer, port = one_peer()
    checked = ice.check(port, check(OLD), HERE, 1.0)
    assert checked is not None
    assert (checked.first, checked.moved, peer.validated) == (True, False, False)
    assert (peer.address, peer.checked_at, port.peers) == (HERE, 1.0, {HERE: peer})
    answer = stun.parse(port.sent[0][0])
    assert answer.kind == stun.BINDING_SUCCESS
    assert answer.authentic(OLD.password.encode())
    ours = stun.parse(port.sent[1][0])
    assert (ours.kind, ours.username) == (stun.BINDING_REQUEST, "theirs:old")
    assert ours.authentic(THEIRS.password.encode())
    proved = prove(ice, port, HERE, 1.1)
    assert (proved.first, proved.moved, peer.validated) == (False, True, True)


def test_only_a_nominated_check_moves_it_and_only_with_a_proof() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0)
    second = ice.check(port, check(OLD), THERE, 2.0)
    assert second is not None
    assert not second.moved
    assert asked(port, THERE) == []
    third = ice.check(port, check(OLD, nominate=True), THERE, 3.0)
    assert third is not None
    assert (third.first, third.moved, peer.address) == (False, False, HERE)
    proved = prove(ice, port, THERE, 3.1)
    assert (proved.moved, peer.address) == (True, THERE)
    # What it left has proved nothing of today.
    assert ice.check(port, check(OLD, nominate=True), HERE, 4.0) is not None
    assert peer.address == THERE


def test_where_two_are_named_the_later_one_counts() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0)
    third = ("192.0.2.3", 3)
    ice.check(port, check(OLD, nominate=True), THERE, 2.0)
    ice.check(port, check(OLD, nominate=True), third, 2.0)
    assert prove(ice, port, third, 2.1).moved
    assert not prove(ice, port, THERE, 2.2).moved
    assert peer.address == third


def test_who_checks_from_elsewhere_alone_has_moved() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0)
    ice.check(port, check(OLD), THERE, 2.0)
    ice.check(port, check(OLD), HERE, 6.0)
    ice.check(port, check(OLD), THERE, 7.0)
    ice.check(port, check(OLD), THERE, 12.0)
    assert asked(port, THERE) == []
    come(ice, port, THERE, 14.0)
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


def test_what_does_not_answer_our_check_proves_nothing() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    (ours,) = asked(port, HERE)
    for data, address in (
        # A public server answers without our peer's password, and an error with none at all.
        (answered(ours, "another"), HERE),
        (b"\x01\x11" + ours[2:], HERE),
        # Of another check, and from elsewhere.
        (answered(check(OLD)), HERE),
        (answered(ours), THERE),
        # As an echo has it.
        (ours, HERE),
    ):
        assert ice.check(port, data, address, 1.1) is None
    assert not peer.validated
    assert prove(ice, port, HERE, 1.1).moved


def test_nobody_is_asked_by_a_name_of_ours() -> None:
    """Else whatever echoes, be it ourselves, would answer for a second session."""
    ice, peer, port = one_peer()
    ice.add(IcePeer(THEIRS, 0.0))
    ice.check(port, check(OLD), HERE, 1.0)
    ice.retransmit_checks(1.5)
    assert asked(port, HERE) == []
    assert not peer.validated


def test_our_check_is_sent_again_for_a_while_and_within_what_came() -> None:
    ice, peer, port = one_peer()
    request = check(OLD)
    ice.check(port, request, HERE, 1.0)
    assert len(asked(port, HERE)) == 1
    for tenth in range(11, 60):
        ice.retransmit_checks(tenth / 10)
    sent = sum(len(data) for data, _ in port.sent)
    assert 0 < sent <= FACTOR * len(request)
    assert peer.address is None, "it has not proved in time to be there"
    assert ice._validating == {}
    # More that comes pays for more; and the same check comes again, of which either answer is one.
    for again in range(60, 80):
        ice.check(port, request, HERE, again / 10)
    checks = asked(port, HERE)
    assert len(checks) > 4
    assert sum(len(data) for data, _ in port.sent) <= FACTOR * 21 * len(request)
    assert peer.address == HERE
    assert prove(ice, port, HERE, 8.0).moved


def test_whoever_does_not_prove_where_it_moved_to_stays_where_it_was() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0)
    request = check(OLD, nominate=True)
    ice.check(port, request, THERE, 2.0)
    for tenth in range(20, 60):
        ice.retransmit_checks(tenth / 10)
        assert (peer.address, peer.validated) == (HERE, True)
    assert sum(len(data) for data, to in port.sent if to == THERE) <= FACTOR * len(request)
    peer.send(b"media")
    assert port.sent[-1] == (b"media", HERE)


def test_a_handshake_proves_where_all_of_its_records_went() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    peer.send(b"media")
    ice.send_record(peer, bytes(40), 1.1)
    assert port.sent[-1] == (bytes(40), HERE)
    ice.validate_dtls_path(peer)
    assert peer.validated


def test_a_handshake_that_was_done_elsewhere_proves_nothing() -> None:
    """Its records were read at one address, and its last ones come from a forged one."""
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    ice.send_record(peer, bytes(40), 1.1)
    ice.retransmit_checks(3.1)
    nowhere = peer.address
    assert nowhere is None
    ice.check(port, check(OLD), THERE, 3.2)
    ice.validate_dtls_path(peer)
    assert (peer.address, peer.validated) == (THERE, False)
    ice.send_record(peer, bytes(40), 3.3)
    ice.validate_dtls_path(peer)
    assert not peer.validated
    assert prove(ice, port, THERE, 3.4).moved


def test_a_handshake_that_took_longer_than_a_proof_may_is_one_all_the_same() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    ice.send_record(peer, bytes(40), 1.1)
    ice.retransmit_checks(3.1)
    ice.validate_dtls_path(peer)
    assert (peer.address, peer.validated) == (HERE, True)


def test_the_first_flight_goes_once_after_a_hello_and_the_rest_is_counted() -> None:
    ice, peer, port = one_peer()
    request, hello = check(OLD), bytes((22, 254, 253, *bytes(10), 1)) + bytes(150)
    flight = bytes(725)
    ice.check(port, request, HERE, 1.0)
    ice.send_record(peer, flight, 1.0)
    assert flight not in [data for data, _ in port.sent], "nobody has said hello"
    ice.count_record(peer, port, THERE, hello)
    ice.send_record(peer, flight, 1.0)
    assert flight not in [data for data, _ in port.sent], "it came from elsewhere"
    ice.count_record(peer, port, HERE, hello)
    for tenth in range(10, 40):
        ice.retransmit_checks(tenth / 10)
        ice.send_record(peer, flight, tenth / 10)
    sent = [data for data, _ in port.sent]
    assert sent.count(flight) == 1
    came = len(request) + len(hello)
    assert sum(map(len, sent)) <= FACTOR * came + len(flight)
    # Another hello from another address gets no second one.
    assert ice.check(port, request, THERE, 5.0) is not None
    ice.count_record(peer, port, THERE, hello)
    ice.send_record(peer, flight, 5.0)
    assert (flight, THERE) not in port.sent


def test_after_a_restart_the_old_credentials_serve_until_the_new_ones_do() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0)
    ice.restart(peer, Credentials("unused", "unused"), 2.0)
    ice.restart(peer, NEW, 2.0, Credentials("newer", THEIRS.password))
    assert ice.check(port, check(OLD), HERE, 3.0) is not None
    assert come(ice, port, THERE, 4.0, NEW).moved
    assert stun.parse(asked(port, THERE)[0]).username == "newer:new"
    assert peer.address == THERE
    # The new pair is not agreed on yet: the old one's checks are answered, and move nothing.
    older = ice.check(port, check(OLD, nominate=True), HERE, 5.0)
    assert older is not None
    assert (older.moved, peer.address) == (False, THERE)
    assert ice.check(port, check(NEW, nominate=True), THERE, 6.0) is not None
    assert ice.check(port, check(OLD), HERE, 7.0) is None
    ice.remove(peer)
    assert (len(ice), port.peers) == (0, {})


def test_a_restart_asks_anew_by_its_own_credentials() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0)
    ice.check(port, check(OLD, nominate=True), THERE, 2.0)
    ice.restart(peer, NEW, 2.0, Credentials("newer", "a newer password of theirs"))
    ice.check(port, check(NEW, nominate=True), THERE, 2.1)
    first, second = asked(port, THERE)
    assert [stun.parse(each).username for each in (first, second)] == ["theirs:old", "newer:new"]
    assert ice.check(port, answered(first), THERE, 2.2) is None
    moved = ice.check(port, answered(second, "a newer password of theirs"), THERE, 2.2)
    assert moved is not None
    assert moved.moved


def test_a_restart_that_came_to_nothing_leaves_what_serves() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0, nominate=True)
    for number in range(3):
        ice.restart(peer, Credentials(f"unused{number}", "unused"), 2.0)
    come(ice, port, THERE, 3.0, nominate=True)
    assert peer.address == THERE
    ice.restart(peer, NEW, 4.0, THEIRS)
    come(ice, port, HERE, 5.0, NEW)
    newest = Credentials("newest", "newest-password")
    ice.restart(peer, newest, 6.0)
    assert ice.check(port, check(OLD), HERE, 7.0) is None
    assert ice.check(port, check(NEW), HERE, 7.0) is not None
    assert ice.check(port, check(newest), HERE, 7.0) is not None


def test_a_peer_whose_connection_ended_is_where_its_next_check_comes_from() -> None:
    ice, peer, port = one_peer()
    ice.check(port, check(OLD), HERE, 1.0)
    peer.remove_path(port, THERE)
    assert peer.address == HERE
    peer.remove_path(port, HERE)
    assert (peer.port, peer.address) == (None, None)
    peer.send(b"lost")
    checked = ice.check(port, check(OLD), THERE, 2.0)
    assert checked is not None
    assert (checked.first, checked.moved, peer.address) == (True, False, THERE)
    assert prove(ice, port, THERE, 2.1).moved


def test_a_peer_keeps_its_last_addresses_and_the_one_where_it_is() -> None:
    ice, _, port = one_peer()
    for number in range(20):
        ice.check(port, check(OLD), ("192.0.2.1", number), 1.0)
    assert sorted(address[1] for address in port.peers) == [0, *range(13, 20)]


def test_a_check_from_elsewhere_gives_no_consent() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0)
    assert ice.check(port, check(OLD), THERE, 2.0) is not None
    assert (peer.address, peer.checked_at, peer.selected_at) == (HERE, 1.0, 1.0)
    # Nor does one that has not proved where it is.
    assert ice.check(port, check(OLD, nominate=True), THERE, 2.5) is not None
    assert (peer.address, peer.checked_at, peer.selected_at) == (HERE, 1.0, 1.0)
    ice.restart(peer, NEW, 3.0, THEIRS)
    come(ice, port, THERE, 4.0, NEW)
    assert ice.check(port, check(OLD), HERE, 5.0) is not None
    assert (peer.address, peer.checked_at, peer.selected_at) == (THERE, 4.0, 4.0)


def test_whoever_has_proved_nothing_holds_no_address() -> None:
    ice, peer, port = one_peer()
    other = other_peer(ice)
    ice.check(port, check(OLD), HERE, 1.0)
    assert port.peers == {HERE: peer}
    come(ice, port, HERE, 1.1, NEW)
    assert port.peers == {HERE: other}
    assert ice.check(port, check(OLD), HERE, 1.2) is None


def test_nobody_takes_the_address_where_another_is_and_is_heard() -> None:
    ice, peer, port = one_peer()
    other = other_peer(ice)
    come(ice, port, HERE, 1.0)
    port.sent.clear()
    assert ice.check(port, check(NEW, nominate=True), HERE, 8.0) is None
    # Some check at the start only; then what they send speaks for them.
    peer.media_at = 8.0
    assert ice.check(port, check(NEW, nominate=True), HERE, 15.0) is None
    assert (port.peers, port.sent) == ({HERE: peer}, [])
    assert (other.address, other.paths) == (None, [])
    taken = ice.check(port, check(NEW, nominate=True), HERE, 15.1)
    assert taken is not None
    assert (taken.peer, taken.first, port.peers) == (other, True, {HERE: other})


def test_an_address_where_another_is_not_reached_is_free_to_take() -> None:
    ice, peer, port = one_peer()
    other = other_peer(ice)
    come(ice, port, HERE, 1.0)
    come(ice, port, THERE, 1.0, nominate=True)
    assert ice.check(port, check(NEW), HERE, 1.0) is not None
    assert port.peers == {HERE: other, THERE: peer}
    # What lies at one port says nothing of the others.
    assert ice.check(KeptPort(), check(NEW), THERE, 1.0) is not None


def test_an_address_that_two_peers_use_in_turn_is_the_last_ones() -> None:
    ice, peer, port = one_peer()
    other = other_peer(ice)
    for turn in range(12):
        for now, each in ((turn * 20.0, peer), (turn * 20.0 + 10.0, other)):
            ice.check(port, check(each.credentials[0]), HERE, now)
            if turn == 0:
                prove(ice, port, HERE, now)
            assert port.peers[HERE] is each
            assert each.validated
    assert len(peer.paths) == len(other.paths) == 1


def test_a_check_of_its_link_is_answered_once_from_where_it_is() -> None:
    ice, peer, port = one_peer()
    assert not ice.check_link(peer, 0.5)
    ice.check(port, check(OLD), HERE, 1.0)
    assert not ice.check_link(peer, 1.0), "nothing is proved yet"
    assert prove(ice, port, HERE, 1.1).asked_at == 1.0
    assert ice.check_link(peer, 2.0)
    ours = asked(port, HERE)[-1]
    assert stun.parse(ours).authentic(THEIRS.password.encode())
    assert ice.check(port, answered(ours, "wrong"), HERE, 2.1) is None
    assert ice.check(port, answered(ours), THERE, 2.1) is None
    found = ice.check(port, answered(ours), HERE, 2.1)
    assert found is not None
    assert (found.asked_at, found.first, found.moved) == (2.0, False, False)
    assert ice.check(port, answered(ours), HERE, 2.2) is None
    # It says nothing about consent.
    assert peer.checked_at == 1.1


def test_an_answer_to_an_earlier_check_of_its_link_is_none() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0)
    ice.check_link(peer, 2.0)
    late = asked(port, HERE)[-1]
    ice.check_link(peer, 3.0)
    assert ice.check(port, answered(late), HERE, 3.1) is None


def test_no_link_to_ourselves_is_checked() -> None:
    ice, peer, port = one_peer()
    come(ice, port, HERE, 1.0)
    peer.remotes[-1] = NEW
    other_peer(ice)
    assert not ice.check_link(peer, 2.0)
    peer.remotes[-1] = None
    assert not ice.check_link(peer, 2.0)
