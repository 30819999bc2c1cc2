"""Who is on air, decided without packets: an engine that switches at once, or when it is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from tests.media.support.stage import OUTPUT, Sent, Stage, peer_numbers
from tests.support.waiting import until

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine.interface import Incoming, Publishing


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    for source in stage.entry.sources.values():
        source.cancel_timers()


async def test_without_a_pick_the_first_stays_on_air_when_another_joins(stage: Stage) -> None:
    stage.add("orchard")
    stage.add("kitchen")
    assert stage.on_air == "orchard"
    assert ("switched", "kitchen") not in stage.told


async def test_first_that_goes_away_is_stood_in_for_at_once_and_comes_back(stage: Stage) -> None:
    orchard, kitchen = stage.add("orchard"), stage.add("kitchen")
    stage.direction.on_stopped(stage.entry, orchard)
    assert stage.on_air == "kitchen"
    # One that comes meanwhile takes no place, not even that of a stand-in.
    stage.add("barn")
    assert stage.on_air == "kitchen"
    stage.direction.on_flowing(stage.entry, orchard)
    assert stage.on_air == "orchard"
    stage.direction.on_stopped(stage.entry, kitchen)
    stage.direction.on_flowing(stage.entry, kitchen)
    assert stage.on_air == "orchard"


async def test_first_that_left_for_good_comes_back_as_a_newcomer() -> None:
    stage = Stage(grace_s=0.01)
    orchard, _ = stage.add("orchard"), stage.add("kitchen")
    stage.direction.on_stopped(stage.entry, orchard)
    await until(lambda: stage.gone == ["orchard"], "the orchard left")
    stage.add("orchard")
    assert stage.on_air == "kitchen"


async def test_first_that_flows_is_the_first_whoever_connected_before(stage: Stage) -> None:
    early = stage.add("orchard", flows=False)
    stage.add("kitchen")
    stage.direction.on_flowing(stage.entry, early)
    assert stage.on_air == "kitchen"


async def test_sound_alone_stays_on_air_and_stands_in_last(stage: Stage) -> None:
    microphone = stage.add("microphone", codec="opus")
    orchard = stage.add("orchard")
    stage.add("kitchen")
    assert stage.on_air == "microphone"
    stage.direction.pick(stage.entry, orchard)
    stage.direction.on_stopped(stage.entry, orchard)
    assert stage.on_air == "kitchen"
    stage.direction.on_stopped(stage.entry, stage.entry.sources["kitchen"])
    assert stage.on_air == microphone.id


async def test_stream_that_never_was_on_air_takes_it_from_nobody_when_set_right(
    stage: Stage,
) -> None:
    stage.instant = False
    orchard = stage.add("orchard")
    stage.direction.on_objected(stage.entry, orchard, "B-frames.")
    stage.add("kitchen")
    stage.keyframe()
    assert stage.on_air == "kitchen"
    orchard.objection = None
    stage.direction.on_flowing(stage.entry, orchard)
    assert stage.on_air == "kitchen"


async def test_guest_that_leaves_gives_the_air_back_to_the_first(stage: Stage) -> None:
    orchard, guest = stage.add("orchard"), stage.add("guest", guest=True)
    stage.add("kitchen")
    stage.direction.pick(stage.entry, guest)
    stage.direction.on_stopped(stage.entry, guest)
    assert stage.on_air == "orchard"
    stage.direction.remove(stage.entry, guest)
    assert stage.on_air == orchard.id == stage.entry.held


async def test_after_a_restart_the_one_that_was_on_air_is_the_first(stage: Stage) -> None:
    stage.direction.expect(stage.entry, "orchard")
    stage.add("kitchen")
    assert stage.on_air == "kitchen"
    stage.add("orchard")
    assert stage.on_air == "orchard"


@pytest.mark.parametrize("guest", [True, False])
async def test_one_that_does_not_come_after_a_restart_is_not_held_for(guest: bool) -> None:
    stage = Stage(grace_s=0.01)
    stage.direction.expect(stage.entry, "orchard")
    stage.add("kitchen")
    if guest:
        stage.add("orchard", guest=True)
    await until(lambda: stage.entry.held == "kitchen", "nobody is waited for any more")
    if not guest:
        stage.add("orchard")
    assert stage.on_air == "kitchen"


async def test_the_pick_stays_when_another_joins(stage: Stage) -> None:
    orchard = stage.add("orchard")
    stage.add("kitchen")
    stage.direction.pick(stage.entry, orchard)
    assert stage.on_air == "orchard"
    stage.add("barn")
    assert stage.on_air == "orchard"
    assert ("switched", "barn") not in stage.told


async def test_a_pick_that_goes_away_comes_back_by_itself(stage: Stage) -> None:
    kitchen, orchard = stage.add("kitchen"), stage.add("orchard")
    stage.direction.pick(stage.entry, orchard)
    stage.direction.on_stopped(stage.entry, orchard)
    assert stage.on_air == "kitchen"
    stage.direction.on_flowing(stage.entry, orchard)
    assert stage.on_air == "orchard"
    assert stage.told[-3:] == [
        ("switched", "orchard"),
        ("switched", "kitchen"),
        ("switched", "orchard"),
    ]
    # A third that comes while the pick is away is only in its place.
    stage.direction.on_stopped(stage.entry, orchard)
    stage.direction.on_stopped(stage.entry, kitchen)
    stage.add("barn")
    assert stage.on_air == "barn"
    stage.direction.on_flowing(stage.entry, orchard)
    assert stage.on_air == "orchard"


async def test_a_pick_that_left_is_forgotten() -> None:
    stage = Stage(grace_s=0.01)
    orchard = stage.add("orchard")
    kitchen = stage.add("kitchen")
    stage.direction.pick(stage.entry, orchard)
    stage.direction.on_stopped(stage.entry, orchard)
    await until(lambda: stage.gone == ["orchard"], "the orchard left")
    assert stage.told[-1] == ("left", "orchard")
    assert stage.on_air == "kitchen"
    again = stage.add("orchard")
    assert again.joined > kitchen.joined
    assert stage.on_air == "kitchen"


async def test_a_guest_is_on_air_only_as_the_pick(stage: Stage) -> None:
    guest = stage.add("guest", guest=True)
    assert stage.on_air is None
    assert stage.entry.playable() is None
    orchard = stage.add("orchard")
    stage.direction.on_stopped(stage.entry, guest)
    stage.direction.on_flowing(stage.entry, guest)
    assert stage.on_air == "orchard"
    # Not even where nothing else is left to show.
    stage.direction.on_stopped(stage.entry, orchard)
    assert stage.told[-1] == ("paused", "orchard")
    stage.direction.on_flowing(stage.entry, guest)
    assert stage.entry.paused
    stage.direction.pick(stage.entry, guest)
    assert stage.on_air == "guest"
    assert stage.told[-2:] == [("switched", "guest"), ("resumed", "guest")]


async def test_a_guest_that_was_picked_comes_back_to_air(stage: Stage) -> None:
    stage.add("orchard")
    guest = stage.add("guest", guest=True)
    stage.direction.pick(stage.entry, guest)
    stage.direction.on_stopped(stage.entry, guest)
    assert stage.on_air == "orchard"
    stage.direction.on_flowing(stage.entry, guest)
    assert stage.on_air == "guest"


async def test_a_guest_that_is_sent_away_makes_room_at_once(stage: Stage) -> None:
    stage.add("orchard")
    guest = stage.add("guest", guest=True)
    stage.direction.pick(stage.entry, guest)
    stage.direction.remove(stage.entry, guest)
    assert stage.on_air == "orchard"
    assert stage.told[-2:] == [("left", "guest"), ("switched", "orchard")]
    assert ("paused", "guest") not in stage.told
    assert stage.gone == ["guest"]
    assert [e.guest for e in stage.events if e.source == "guest"] == [True, True, True]


async def test_a_guest_alone_on_air_that_is_sent_away_leaves_a_pause(stage: Stage) -> None:
    guest = stage.add("guest", guest=True)
    stage.direction.pick(stage.entry, guest)
    stage.direction.remove(stage.entry, guest)
    assert stage.told[-2:] == [("paused", "guest"), ("left", "guest")]
    assert stage.on_air is None


async def test_the_old_picture_stays_until_the_keyframe_and_the_last_pick_counts(
    stage: Stage,
) -> None:
    orchard, kitchen = stage.add("orchard"), stage.add("kitchen")
    barn = stage.add("barn")
    stage.direction.pick(stage.entry, orchard)
    stage.instant = False
    stage.direction.pick(stage.entry, kitchen)
    assert stage.on_air == "orchard"
    stage.direction.pick(stage.entry, barn)
    stage.keyframe()
    assert stage.on_air == "barn"
    assert ("switched", "kitchen") not in stage.told[-2:]


async def test_a_pick_that_dies_before_its_keyframe_leaves_what_was_on_air(stage: Stage) -> None:
    orchard, kitchen = stage.add("orchard"), stage.add("kitchen")
    stage.direction.pick(stage.entry, orchard)
    stage.instant = False
    stage.direction.pick(stage.entry, kitchen)
    told = len(stage.told)
    stage.direction.on_stopped(stage.entry, kitchen)
    assert orchard.session is not None
    assert stage.wanted == orchard.session.peer
    assert stage.on_air == "orchard"
    assert stage.told[told:] == []


async def test_a_stream_on_air_that_can_not_be_played_gives_way(stage: Stage) -> None:
    kitchen = stage.add("kitchen")
    orchard = stage.add("orchard")
    stage.direction.on_objected(stage.entry, kitchen, "B-frames.")
    assert stage.on_air == "orchard"
    stage.direction.on_objected(stage.entry, orchard, "B-frames.")
    assert stage.on_air is None
    assert stage.told[-1] == ("paused", "orchard")


async def test_switch_tells_the_codec_of_what_viewers_get(stage: Stage) -> None:
    stage.add("orchard")
    assert [event.codec for event in stage.events] == [None, "H264"]


async def test_new_session_has_a_moment_before_another_takes_its_place(
    monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    monkeypatch.setattr("farmlive.media.program_switcher._HANDOVER_S", 0.01)
    kitchen = stage.add("kitchen")
    stage.add("orchard")
    stage.direction.on_replaced(stage.entry, kitchen)
    assert stage.on_air == "kitchen"
    await until(lambda: stage.on_air == "orchard", "the handover is over")
    assert ("left", "kitchen") not in stage.told


async def outlast(seconds: float) -> None:
    """Until every timer of so many seconds has run that was set before."""
    ran = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, ran.set)
    await ran.wait()


async def test_two_quick_reloads_leave_the_camera_on_air(
    monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    monkeypatch.setattr("farmlive.media.program_switcher._HANDOVER_S", 0.01)
    orchard = stage.add("orchard")
    for _ in range(2):
        stage.direction.on_replaced(stage.entry, orchard)
    stage.direction.on_flowing(stage.entry, orchard)
    await outlast(0.02)
    assert orchard.flowing
    assert orchard.grace is None
    assert ("paused", "orchard") not in stage.told


async def test_who_comes_back_at_the_end_of_its_grace_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("farmlive.media.program_switcher._HANDOVER_S", 5.0)
    stage = Stage(grace_s=0.02)
    orchard = stage.add("orchard")
    stage.direction.pick(stage.entry, orchard)
    stage.direction.on_stopped(stage.entry, orchard)
    stage.direction.on_replaced(stage.entry, orchard)
    await outlast(0.03)
    assert stage.gone == []
    stage.direction.on_flowing(stage.entry, orchard)
    assert stage.on_air == stage.entry.picked == "orchard"


async def test_who_never_connected_takes_no_other_of_its_name_along(
    monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    monkeypatch.setattr("farmlive.media.program_switcher._HANDOVER_S", 0.01)
    early = Source("orchard", "Orchard")
    stage.entry.sources["orchard"] = early
    stage.direction.on_replaced(stage.entry, early)
    stage.direction.on_stopped(stage.entry, early)
    assert not stage.entry.sources
    orchard = stage.add("orchard")
    await outlast(0.02)
    assert stage.entry.sources == {"orchard": orchard}
    assert stage.on_air == "orchard"


@pytest.mark.parametrize("others", [["kitchen"], []])
async def test_a_pick_that_leaves_before_its_keyframe_gives_way(
    stage: Stage, others: list[str]
) -> None:
    for name in others:
        stage.add(name)
    orchard, guest = stage.add("orchard"), stage.add("guest", guest=True)
    stage.instant = False
    stage.direction.pick(stage.entry, guest)
    stage.direction.on_stopped(stage.entry, orchard)
    stage.direction.remove(stage.entry, guest)
    if others:
        stage.keyframe()
        assert stage.on_air == "kitchen"
    else:
        assert stage.told[-1] == ("paused", "orchard")


def test_new_viewer_must_know_the_codecs_of_what_is_on_air() -> None:
    entry = Broadcast("live", OUTPUT)
    assert entry.playable() is None
    for order, (name, guest) in enumerate((("orchard", False), ("kitchen", False), ("g", True)), 1):
        entry.sources[name] = Source(name, name, guest, joined=order)
    assert entry.playable() is entry.sources["orchard"]
    entry.picked = "kitchen"
    assert entry.playable() is entry.sources["kitchen"]
    entry.on_air = "g"
    assert entry.playable() is entry.sources["g"]


def test_viewers_who_can_not_play_a_source_are_counted() -> None:
    entry = Broadcast("live", OUTPUT)
    tracks = [
        Incoming("video", 90_000, {96: "H264:high"}),
        Incoming("audio", 48_000, {111: "OPUS"}),
    ]
    source = Source("kitchen", "Kitchen", publishing=Publishing(tracks))
    kinds = [("H264:high", "VP8"), ("VP8",), ("VP8",), ()]
    sessions = [cast(Any, Sent(next(peer_numbers))) for _ in kinds]
    for session, plays in zip(sessions, kinds, strict=True):
        entry.admit(session, plays)
    # Who makes an offer and never connects is nobody who misses a picture.
    assert (entry.blind_to(source), entry.watching) == (0, 0)
    for session in sessions * 2:
        entry.connected(session)
    assert (entry.blind_to(source), entry.watching) == (2, 4)
    for session in sessions[:2] * 2:
        entry.dismiss(session)
    assert entry.blind_to(source) == 1
    source.publishing = Publishing(tracks[1:])
    assert entry.blind_to(source) == 0


async def test_nothing_runs_on_after_a_source_has_left(stage: Stage) -> None:
    orchard = stage.add("orchard")
    stage.direction.on_stopped(stage.entry, orchard)
    stage.direction.remove(stage.entry, orchard)
    assert orchard.grace is None
    assert orchard.handover is None
    await asyncio.sleep(0)
    assert stage.gone == ["orchard"]
