"""A checkpoint's state: what is packed comes back the same, and its version is the fold's."""

import ast
import shutil
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.broadcast.long_log import FARMS, folded, log_of
from tests.support.golden_log import golden

from farmlive.broadcast import broadcast_state, checkpoints
from farmlive.broadcast.broadcast_state import BroadcastState
from farmlive.broadcast.checkpoints import (
    capture,
    pack,
    unpack,
    version_of,
)
from farmlive.broadcast.log import Event
from farmlive.broadcast.snapshot import view

VIEWERS = (
    frozenset({"public"}),
    frozenset({"public", "staff"}),
    frozenset({"public", f"farm:{FARMS[0]}"}),
    frozenset({"public", "order:01ORDER000007", "order:01ORDER000011", "order:01ORDER000010"}),
    frozenset({"public", f"farm:{FARMS[1]}", "order:01ORDER000007"}),
)


def views(scene: BroadcastState) -> list[dict[str, Any]]:
    return [view(scene, audiences) for audiences in VIEWERS]


# How a state is written down.


def test_a_state_of_every_kind_of_event_comes_back() -> None:
    found = golden()
    for seq in range(len(found)):
        scene = unpack(pack(capture("B", folded(found[:seq]), 0)))
        assert scene == folded(found[:seq])
        assert folded(found[seq:], scene) == folded(found)


def test_a_state_comes_back_as_it_was_and_goes_on_alike() -> None:
    found = [*log_of(900), moved(901)]
    for seq in (0, 1, 5, 60, 333, 899):
        whole, scene = folded(found[:seq]), unpack(pack(capture("B", folded(found[:seq]), 0)))
        assert scene == whole
        assert list(scene.orders) == list(whole.orders)
        assert scene.chat.maxlen == whole.chat.maxlen
        assert folded(found[seq:], scene) == folded(found[seq:], whole)


def moved(seq: int) -> Event:
    return Event("B", seq, seq * 1000, "clock.moved", ("public",), {"by": 60_000})


def test_what_is_folded_later_does_not_change_what_was_captured() -> None:
    found = [*log_of(900), moved(901)]
    scene = folded(found[:500])
    captured = capture("B", scene, 0)
    before = pack(captured)
    folded(found[500:], scene)
    assert pack(captured) == before


def test_a_packed_order_is_shown_to_everyone_as_an_unpacked_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = log_of(2_000)
    erased = {"order": "01ORDER000011", "number": "A0001", "buyer": "-1"}
    found.append(Event("B", 2_001, 1, "order.erased", ("staff",), erased))
    shown = views(folded(found))
    assert all(each["orders"] for each in shown[1:])
    assert {type(kept) for kept in folded(found).orders.values()} == {bytes, tuple}
    monkeypatch.setattr(broadcast_state, "_packed", lambda told, order: (told, order))
    plain = folded(found)
    assert {type(kept) for kept in plain.orders.values()} == {tuple}
    # The clock moves holds alone.
    assert views(folded([moved(2_002)], plain)) == views(folded([moved(2_002)], folded(found)))
    monkeypatch.undo()
    assert shown == views(folded(found))


@pytest.mark.parametrize(
    "spoil",
    [b"", b"not zlib", *map(zlib.compress, (b"", b"{", b"[]\n", b"{}\n")), "cut", "short"],
)
def test_what_can_not_be_read_is_a_value_error(spoil: Any) -> None:
    data = pack(capture("B", folded(log_of(900)), 0))
    if spoil == "cut":
        data = data[: len(data) // 2]
    elif spoil == "short":
        data = zlib.compress(b"\n".join(zlib.decompress(data).split(b"\n")[:-3]) + b"\n")
    else:
        data = spoil
    with pytest.raises(ValueError):
        unpack(data)


# By which code.


def test_another_fold_makes_it_another_version(tmp_path: Path) -> None:
    assert version_of(checkpoints.FOLDED_BY) == checkpoints.VERSION
    for module in checkpoints.FOLDED_BY:
        changed = ModuleType("changed")
        changed.__file__ = str(shutil.copy(str(module.__file__), tmp_path / "changed.py"))
        others = tuple(each for each in checkpoints.FOLDED_BY if each is not module)
        order = checkpoints.FOLDED_BY.index(module)
        as_it_is = (*others[:order], changed, *others[order:])
        assert version_of(as_it_is) == checkpoints.VERSION
        text = Path(changed.__file__).read_text()
        Path(changed.__file__).write_text(f"{text}\n")
        assert version_of(as_it_is) != checkpoints.VERSION


# What the fold imports, and what a state does not depend on: audiences are told apart in views.
NO_PART_OF_A_STATE = {
    "farmlive.compact_json",
    "farmlive.broadcast.events.audience_filter",
    "farmlive.broadcast.log",
}


def test_all_that_the_fold_is_made_of_is_in_the_version() -> None:
    known = {module.__name__ for module in checkpoints.FOLDED_BY}
    assert broadcast_state.__name__ in known
    for module in checkpoints.FOLDED_BY:
        tree = ast.parse(Path(str(module.__file__)).read_text())
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("farmlive"):
                names = [f"{node.module}.{each.name}" for each in node.names]
                is_room = str(node.module) in ("farmlive", "farmlive.broadcast")
                names = names if is_room else [str(node.module)]
            elif isinstance(node, ast.Import):
                names = [each.name for each in node.names if each.name.startswith("farmlive")]
            for name in names:
                assert name in known | NO_PART_OF_A_STATE, f"{module.__name__} imports {name}"
