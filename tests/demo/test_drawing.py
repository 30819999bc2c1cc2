"""The films are drawn by a child process, which is ended where it is not waited for."""

import asyncio
from pathlib import Path

import pytest

from farmlive.demo.drawing import drawing
from farmlive.demo.film.__main__ import main
from farmlive.demo.film.film import HOST, KITCHEN, FilmError, film_in


async def test_a_missing_film_is_drawn_and_each_frame_told(tmp_path: Path) -> None:
    film_in(tmp_path, HOST).parent.mkdir()
    film_in(tmp_path, HOST).write_bytes(b"drawn before")
    told: list[float] = []
    async with drawing(tmp_path, (HOST, KITCHEN)) as films:
        assert films.frames == KITCHEN.frames
        await films.wait(told.append)
    assert film_in(tmp_path, KITCHEN).stat().st_size > 100_000
    assert film_in(tmp_path, HOST).read_bytes() == b"drawn before"
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] <= KITCHEN.frames


async def test_with_all_films_there_nothing_is_begun(tmp_path: Path) -> None:
    film_in(tmp_path, KITCHEN).parent.mkdir()
    film_in(tmp_path, KITCHEN).touch()
    async with drawing(tmp_path, (KITCHEN,)) as films:
        assert films.frames == 0
        await films.wait(lambda _done: pytest.fail("nothing is drawn"))


async def test_a_start_that_is_stopped_ends_the_drawing(tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(_done: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        async with drawing(tmp_path, (HOST,)) as films:
            await films.wait(stop)
    assert films._child is not None
    assert films._child.returncode is not None
    assert not film_in(tmp_path, HOST).exists()


async def test_what_goes_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "film").write_text("no folder")
    async with drawing(tmp_path, (KITCHEN,)) as films:
        async with asyncio.timeout(60):
            with pytest.raises(FilmError, match="FileExistsError"):
                await films.wait(lambda done: None)


def test_frames_of_several_films_are_counted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def make_film(path: Path, tell: object, take: object) -> None:
        assert callable(tell)
        for frame in range(2):
            tell(frame)

    monkeypatch.setattr("farmlive.demo.film.__main__.make_film", make_film)
    main(tmp_path, ["kitchen", "host"])
    assert capsys.readouterr().out == "1\n2\n3\n4\n"
