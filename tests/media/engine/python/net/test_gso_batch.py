"""Runs: what leaves in one send is of one size, but for the last."""

from farmlive.media.engine.python.net.gso_batch import LARGEST, ROOM, cut_batches


def packets(*sizes: int) -> list[bytes]:
    return [bytes((number % 256,)) * size for number, size in enumerate(sizes)]


def test_runs_are_of_one_size_but_for_the_last() -> None:
    cut = cut_batches(packets(50, 50, 40, 50, 60, 60, 60))
    assert [[len(p) for p in run.packets] for run in cut] == [[50, 50, 40], [50], [60] * 3]
    assert [run.count for run in cut_batches(packets(*[1200] * 100))] == [48, 48, 4]
    assert cut_batches([]) == []


def test_a_run_stays_within_a_datagram_of_ip() -> None:
    assert [run.count for run in cut_batches(packets(*[1500] * 50))] == [42, 8]


def test_each_packet_begins_a_room_of_its_own() -> None:
    sent = packets(LARGEST, 7)
    (run,) = cut_batches(sent)
    assert run.blob[:LARGEST] == sent[0]
    assert run.blob[ROOM : ROOM + 7] == sent[1]
    assert list(run.sizes(16)) == [LARGEST + 16, 23]
    assert LARGEST + 2 + 16 <= ROOM, "an RTX with its number and the longest tag"
