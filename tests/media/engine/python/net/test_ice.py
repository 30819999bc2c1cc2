"""ICE: whose an address is, and where a peer is."""

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
from tests.media.support.recording_port import KeptPort

from farmlive.media.engine.interface import Credentials
from farmlive.media.wire import stun


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
