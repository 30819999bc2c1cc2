"""The bench of weak links: what a join's record comes to, what a run saves, and one real join."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from scripts.benches import __main__ as bench
from scripts.benches import narrow
from scripts.benches.lab import browsers
from scripts.benches.lab.lab import missing
from scripts.benches.narrow import Plan, Saved
from scripts.benches.report import flatten
from scripts.benches.weak_links.cells import Cell
from scripts.benches.weak_links.figures import (
    Record,
    cell_figures,
    full_again_s,
    join_figures,
    record_of,
)

BEGAN = 1_000_000.0


def frames(*spans: tuple[float, float], fps: float = 25) -> list[float]:
    """When frames are shown, at this rate within each of these spans (ms after the beginning)."""
    step = 1000 / fps
    return [
        BEGAN + since + step * n
        for since, until in spans
        for n in range(int((until - since) / step))
    ]


def record(shown: list[float], length_ms: float = 10_000, **counts: float) -> Record:
    """A record with a sample a second, whose frames are decoded when they are shown and whose other
    counts grow by so much a second.
    """
    samples = []
    for second in range(int(length_ms / 1000) + 1):
        at = BEGAN + 1000 * second
        sample = {name.replace("__", "."): each * second for name, each in counts.items()}
        sample["video.framesDecoded"] = sum(each <= at for each in shown)
        samples.append({"connection": 0, "at": at, **sample})
    return Record(BEGAN, BEGAN + length_ms, shown, samples)


SOUND = {"audio__totalSamplesReceived": 48_000.0, "audio__packetsReceived": 50.0}


def test_a_smooth_join_is_a_good_one() -> None:
    figures = join_figures(record(frames((200, 10_000)), **SOUND))
    assert figures["still_ms"] == 40
    assert figures["fps"] == pytest.approx(25, abs=0.2)
    assert figures["first_frame_ms"] == 200
    assert figures["new_picture_s"] == 0.04
    assert figures["audio_concealed_share"] == 0
    assert cell_figures([figures])["joins_bad"] == 0


def test_a_picture_may_stand_still_in_the_first_second_only() -> None:
    early = join_figures(record(frames((100, 200), (1_400, 10_000))))
    late = join_figures(record(frames((100, 200), (1_600, 10_000))))
    assert [cell_figures([join])["joins_bad"] for join in (early, late)] == [0, 1]


def test_a_still_picture_at_the_end_counts() -> None:
    figures = join_figures(record(frames((0, 6_000))))
    assert figures["still_ms"] == figures["frozen_s"] * 1000 == pytest.approx(4_040)
    assert figures["new_picture_s"] == 4.04


def test_a_join_without_a_picture_is_the_worst() -> None:
    figures = join_figures(record([], **SOUND))
    assert figures["fps"] == 0
    assert figures["frozen_s"] == figures["length_s"] == figures["new_picture_s"] == 10
    assert figures["first_frame_ms"] == 10_000


def test_no_sound_at_all_is_concealed_sound() -> None:
    assert join_figures(record(frames((0, 10_000))))["audio_concealed_share"] == 1
    # Concealment makes samples too, where no packet comes.
    made = {**SOUND, "audio__packetsReceived": 0.0, "audio__concealedSamples": 48_000.0}
    assert join_figures(record(frames((0, 10_000)), **made))["audio_concealed_share"] == 1


def test_sound_counts_after_the_fifth_second() -> None:
    joined = record(frames((0, 10_000)), **SOUND)
    for second, sample in enumerate(joined.samples):
        sample["audio.concealedSamples"] = min(second, 5) * 1_000
    assert join_figures(joined)["audio_concealed_share"] == 0
    for second, sample in enumerate(joined.samples):
        sample["audio.concealedSamples"] = second * 480
    assert join_figures(joined)["audio_concealed_share"] == 0.01


def test_counts_begin_anew_with_a_new_connection() -> None:
    joined = record(frames((0, 10_000)), video__nackCount=10)
    for sample in joined.samples[6:]:
        sample |= {"connection": 1, "video.nackCount": 7}
    assert join_figures(joined)["nacks"] == 57


def test_a_page_that_made_no_connection_has_a_record() -> None:
    found = {"began": BEGAN, "ended": BEGAN + 5_000, "shown": [], "samples": []}
    assert join_figures(record_of(found))["fps"] == 0


def test_a_layer_counts_from_when_it_stays() -> None:
    joined = record(frames((0, 10_000)))
    for second, sample in enumerate(joined.samples):
        sample["video.frameHeight"] = 360 if second in (1, 2, 5) or second > 6 else 720
    assert join_figures(joined, 360)["layer_after_s"] == 7
    assert join_figures(joined, 180)["layer_after_s"] == 10


@pytest.mark.parametrize(
    ("kbps", "height"), [(3_000, 720), (2_000, 720), (1_300, 360), (1_000, 360), (500, 180)]
)
def test_the_layer_that_fits_is_the_largest_with_room_for_its_sound(kbps: int, height: int) -> None:
    assert Cell(kbps, "simulcast").height == height
    assert Cell(kbps, "one_layer").height is None


def test_a_cell_has_the_worst_of_its_joins() -> None:
    joins = [
        join_figures(record(frames((first_ms, 10_000), fps=fps), **SOUND))
        for first_ms, fps in ((100, 30), (900, 20), (300, 25))
    ]
    figures = cell_figures(joins)
    assert figures["fps"] == min(join["fps"] for join in joins)
    assert figures["first_frame_ms"] == 900
    assert figures["joins_bad"] == 0


def test_a_picture_is_full_again_where_it_stays_smooth_and_whole() -> None:
    shown = frames((0, 4_000)) + frames((4_000, 5_000), (7_000, 12_000), fps=30)
    joined = record(shown, 12_000)
    for second, sample in enumerate(joined.samples):
        sample["video.frameHeight"] = 360 if second < 9 else 720
    assert full_again_s(joined, BEGAN + 4_000, 360, 30) == pytest.approx(3, abs=0.25)
    full = full_again_s(joined, BEGAN + 4_000, 720, 30)
    assert full is not None
    assert full > 4
    assert full_again_s(joined, BEGAN + 9_500, 720, 30) is None


def arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> Any:
    """What a run is given by these words on the command line."""

    async def measure(plan: Plan, say: object, engine: str, saved: Saved) -> dict[str, Any]:
        return {"only": plan.only, "joins": plan.joins, "engine": engine, "runs": [{}]}

    monkeypatch.setattr(narrow, "measure", measure)
    monkeypatch.setattr(sys, "argv", ["bench", "narrow", "--json", *words])
    bench.main()
    return json.loads(capsys.readouterr().out)


def test_it_takes_engine_length_and_cells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short = arguments(monkeypatch, capsys)
    assert (short["engine"], short["joins"], short["only"]) == ("native", 5, [])
    words = ("--long", "--engine", "python", "--only", "500k,recovery_s")
    long = arguments(monkeypatch, capsys, *words)
    assert (long["engine"], long["joins"]) == ("python", 10)
    assert long["only"] == ["500k", "recovery_s"]


def test_only_names_cells_rows_and_figures() -> None:
    def plan(*only: str) -> Plan:
        return Plan(**{**vars(narrow.LONG), "only": only})

    assert plan("2000k").wants("2000k.simulcast_100ms")
    assert not plan("2000k").wants("direct.2000k.one_layer")
    assert not plan("2000k.one_layer").wants("2000k.one_layer_100ms")
    for known in ((), ("2000k", "direct.500k", "1300k.one_layer_100ms", "cost_ratio")):
        plan(*known).check()
    for unknown in ("700k", "2000", "direct.2000k.simulcast"):
        with pytest.raises(SystemExit, match="names nothing"):
            plan(unknown).check()


def test_what_was_measured_before_stays_at_the_same_commit(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "narrow.json"
    Saved(path).put({"fps": 30}, "2000k", "one_layer")
    later = Saved(path, keeps=True)
    later.put({"fps": 8}, "500k", "one_layer")
    kept = json.loads(path.read_text())
    assert kept["2000k"]["one_layer"]["fps"] == 30
    assert kept["500k"]["one_layer"]["fps"] == 8
    path.write_text(json.dumps({**kept, "commit": "another"}))
    assert "2000k" not in Saved(path, keeps=True).result
    assert "2000k" not in Saved(path).result


@pytest.mark.browser
@pytest.mark.native
@pytest.mark.skipif(bool(missing()), reason=missing())
async def test_one_join_on_a_narrow_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Beside other tests a source may never send all that it may; one that sends will do here.
    monkeypatch.setattr("scripts.benches.weak_links.joins.AT_PACE", 0.05)
    if lacking := browsers.missing():
        pytest.skip(lacking)
    cell = Cell(2_000, "one_layer")
    plan = Plan((cell,), 1, 6.0, 1, 1, 1.0, only=("2000k", "direct"))
    path = tmp_path / "narrow.json"
    result = await narrow.measure(plan, lambda _: None, "native", Saved(path))
    assert result["engine"] == "native"
    for figures in (result["2000k"]["one_layer"], result["direct"]["2000k"]["one_layer"]):
        assert set(narrow.FIGURES[:6]) <= set(figures)
        (join,) = figures["joins"]
        # The link passes what it should and no more, its bucket included.
        assert 0 < join["link_kbps"] < 2_100
        assert join["packets"] > 0
    assert flatten(result["runs"][0])["2000k.one_layer.first_frame_ms"] > 0
    assert json.loads(path.read_text())["2000k"] == result["2000k"]
