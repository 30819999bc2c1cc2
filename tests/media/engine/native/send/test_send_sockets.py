"""The owners of legs in the native engine: whose turn is next, their cores and their sockets."""

import os
import socket

import pytest
from tests.media.engine.native.send.senders_driver import (
    CROWD,
    LEAD,
    Start,
    native_senders,
    packets,
    start,
    threads,
)
from tests.media.engine.native.support.process_handles import handles
from tests.media.engine.native.support.process_handles import threads as tasks_of_process

__all__ = ["native_senders", "start", "threads"]


def cores_of_threads() -> list[set[int]]:
    """Where each send thread of this process may run."""
    tasks = [int(task.name) for name, task in tasks_of_process() if name == "farmlive-send"]
    return [os.sched_getaffinity(task) for task in tasks]


def test_owners_get_legs_in_turn_and_none_many_more_than_another(start: Start) -> None:
    senders = start(3)
    legs = [senders.leg() for _ in range(1000)]
    owners = [senders.owner(leg) for leg in legs]
    counts = [owners.count(each) for each in set(owners)]
    assert len(counts) == 3
    assert max(counts) - min(counts) <= LEAD
    assert len(set(owners[:LEAD])) == 1
    for leg, owner in zip(legs, owners, strict=True):
        if owner == owners[0]:
            senders.native.senders_remove(leg)
    new = [senders.owner(senders.leg()) for _ in range(LEAD * 2)]
    assert new[LEAD:] == [owners[0]] * LEAD


def test_owners_of_a_crowd_keep_to_a_core_each(start: Start) -> None:
    cores = os.sched_getaffinity(0)
    if len(cores) < 2:
        pytest.skip("this machine has one core")
    senders = start(len(cores))
    some = [senders.leg() for _ in range(LEAD)]
    assert cores_of_threads() == [cores] * len(cores)
    crowd = [senders.leg() for _ in range((CROWD + LEAD) * len(cores))]
    assert sorted(map(sorted, cores_of_threads())) == [[core] for core in sorted(cores)]
    for leg in (*some, *crowd):
        senders.native.senders_remove(leg)
    assert cores_of_threads() == [cores] * len(cores)


def test_owners_go_where_they_are_put_where_there_are_more_or_fewer_than_cores(
    start: Start,
) -> None:
    cores = os.sched_getaffinity(0)
    senders = start(len(cores) + 1)
    for _ in range((CROWD + LEAD) * (len(cores) + 1)):
        senders.leg()
    assert cores_of_threads() == [cores] * (len(cores) + 1)


def test_each_owner_sends_by_a_socket_of_its_own_on_the_same_port(
    start: Start, threads: int
) -> None:
    senders = start(threads)
    owners, shared = max(1, threads), senders.bound()
    before = handles()
    senders.open_sockets(shared)
    assert handles() == before + owners
    viewers = [senders.viewer() for _ in range(2)]
    opened = handles()
    for viewer in viewers:
        senders.move(viewer, by=shared)
    assert handles() == opened, "they were open before there was a peer"
    senders.send(viewers, packets(100))
    for viewer in viewers:
        assert viewer.sock.recvfrom(2048)[1] == shared.getsockname()
        # What comes there is still for the one that is read.
        viewer.sock.sendto(b"from a viewer", shared.getsockname())
        assert shared.recv(2048) == b"from a viewer"
    senders.end()
    # Beside both.
    assert handles() == opened - 2 * owners


def test_a_socket_for_any_address_is_sent_by_itself(start: Start) -> None:
    senders = start(0)
    shared = senders.hall.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    shared.bind(("0.0.0.0", 0))
    viewer = senders.viewer()
    before = handles()
    senders.open_sockets(shared)
    senders.move(viewer, by=shared)
    assert handles() == before
    senders.send([viewer], sent := packets(100))
    assert viewer.hear(1) == sent
