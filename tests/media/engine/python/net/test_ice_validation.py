"""ICE: what proves that a peer is at an address, and how little goes there before."""

from tests.media.engine.python.net.ice_peers import (
    HERE,
    NEW,
    OLD,
    THEIRS,
    THERE,
    answered,
    asked,
    check,
    come,
    one_peer,
    other_peer,
    prove,
)

from farmlive.media.engine.python.net.ice import IcePeer
from farmlive.media.engine.python.net.path import FACTOR


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


def test_whoever_has_proved_nothing_holds_no_address() -> None:
    ice, peer, port = one_peer()
    other = other_peer(ice)
    ice.check(port, check(OLD), HERE, 1.0)
    assert port.peers == {HERE: peer}
    come(ice, port, HERE, 1.1, NEW)
    assert port.peers == {HERE: other}
    assert ice.check(port, check(OLD), HERE, 1.2) is None
