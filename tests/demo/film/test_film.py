"""The film is what a WHIP publisher may copy, and its counter survives the encoding."""

from collections.abc import Iterator
from itertools import pairwise, takewhile
from pathlib import Path

import av
import pytest
from PIL import ImageChops
from tests.support.build_once import once

from farmlive.client.media.counter import read_counter
from farmlive.demo.film.film import FRAMES, HOST, KITCHEN, RATE, FilmError, delay_ms, make_film
from farmlive.demo.film.kitchen import Kitchen
from farmlive.demo.film.scenery import Orchard
from farmlive.demo.film.upright import Upright
from farmlive.demo.publish import Film, schedule

SHORT = 3 * RATE


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(path: Path) -> None:
        told: list[int] = []
        make_film(path, told.append, SHORT)
        assert told == list(range(1, SHORT + 1))

    return once(tmp_path_factory, "orchard.mkv", make)


def pictures(film: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(film)) as container:
        yield from container.decode(video=0)


def test_every_frame_tells_its_number(film: Path) -> None:
    assert [read_counter(frame) for frame in pictures(film)] == list(range(SHORT))


def test_video_is_baseline_without_b_frames_and_a_keyframe_each_second(film: Path) -> None:
    with av.open(str(film)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 1280, 720)
        assert video.codec_context.profile == "Constrained Baseline"
        assert not video.codec_context.has_b_frames
        packets = [packet for packet in container.demux(video) if packet.size]
    assert [n for n, packet in enumerate(packets) if packet.is_keyframe] == [0, 30, 60]
    times = [packet.pts for packet in packets if packet.pts is not None]
    assert len(times) == len(packets)
    assert times == sorted(times)


def test_sound_is_stereo_opus_that_can_be_heard_and_does_not_clip(film: Path) -> None:
    with av.open(str(film)) as container:
        audio = container.streams.audio[0]
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("opus", 48000, 2)
        loudest = 0.0
        for frame in container.decode(audio):
            samples = memoryview(frame.planes[0]).cast("f")
            loudest = max(loudest, *samples[: frame.samples])
    assert 0.02 < loudest < 0.9


def test_the_kitchen_is_small_and_published_at_its_own_pace(tmp_path: Path) -> None:
    path = tmp_path / "kitchen.mkv"
    make_film(path, lambda frame: None, take=KITCHEN)
    film = Film(path)
    assert (film.rate, film.seconds, len(film.pictures)) == (15, 10, 150)
    assert [n for n, packet in enumerate(film.pictures) if packet.is_keyframe] == [
        *range(0, 150, 15)
    ]
    film.close()
    # The publisher's clock goes by the minute; a part of it that fits comes round in time.
    assert 60 % film.seconds == 0
    frame = next(pictures(path))
    assert (frame.width, frame.height) == (640, 360)
    assert read_counter(frame) is None
    assert (
        sum(1 for at, is_picture, _ in takewhile(_first_second, schedule(15)) if is_picture) == 15
    )
    assert path.stat().st_size < 700_000


def test_what_people_look_at_is_upright_and_shows_no_counter(tmp_path: Path) -> None:
    path = tmp_path / "host.mkv"
    make_film(path, lambda frame: None, 2, take=HOST)
    frame = next(pictures(path))
    assert (frame.width, frame.height) == (720, 1280)
    assert read_counter(frame) is None


def _first_second(entry: tuple[float, bool, int]) -> bool:
    return entry[0] < 1.0


@pytest.mark.parametrize("scene", [Orchard, Upright, Kitchen])
def test_the_loop_has_no_seam(scene: type[Orchard | Upright | Kitchen]) -> None:
    drawn = scene()
    moments = [drawn.at(frame / RATE).convert("L") for frame in (-4, -2, 0, 2, 4)]
    moved = [
        sum(ImageChops.difference(one, next_).histogram()[25:]) for one, next_ in pairwise(moments)
    ]
    assert max(moved) < 2 * min(moved)
    assert min(moved) > 0


def test_an_ffmpeg_that_fails_leaves_no_film_and_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = tmp_path / "ffmpeg"
    full.write_text("#!/bin/sh\nexec 0<&-\necho 'No space left on device' >&2\nexit 1\n")
    full.chmod(0o755)
    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", lambda: str(full))
    path = tmp_path / "film" / "orchard.mkv"
    with pytest.raises(FilmError, match="No space left"):
        make_film(path, lambda frame: None, 2)
    assert list(path.parent.iterdir()) == []


def test_delay_is_read_from_counter_and_wall_clock() -> None:
    minute = 29_400_000 * 60_000
    assert delay_ms(90, minute + 3_120) == pytest.approx(120)
    assert delay_ms(FRAMES - 30, minute + 250) == pytest.approx(1_250)
    assert delay_ms(30, minute + 990) == pytest.approx(-10)


def test_schedule_keeps_sound_ahead_of_pictures() -> None:
    second = []
    for at, is_picture, number in schedule():
        if at >= 1.0:
            break
        second.append((at, is_picture, number))
    assert [at for at, _, _ in second] == sorted(at for at, _, _ in second)
    assert [n for _, is_picture, n in second if is_picture] == list(range(30))
    latest_sound = -1.0
    for at, is_picture, number in second:
        if is_picture:
            assert latest_sound > number / RATE
        else:
            latest_sound = number / 50
        assert at >= 0
