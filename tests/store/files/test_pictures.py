"""What decoding a picture costs at most: a child process does it, with limits, one at a time."""

import asyncio
import contextlib
import io
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from PIL import Image

from farmlive.store.files import picture_child, pictures
from farmlive.store.files.picture_child import MOST_PIXELS, MOST_PIXELS_ELSE
from farmlive.store.files.pictures import NotAPicture, Turns, in_queue, shrink

# What one picture may add to the machine's memory, MiB.
MOST_MIB = 300


def flat(form: str, pixels: int, mode: str = "RGB", **how: Any) -> bytes:
    """A picture of so many pixels that is small to send."""
    written = io.BytesIO()
    edge = int(pixels**0.5)
    Image.new(mode, (edge, edge), 120 if mode == "P" else None).save(written, form, **how)
    return written.getvalue()


# A process counts what the one that started it had: so the child is started by a small one.
MEASURE = """if 1:
    import resource, subprocess, sys
    child = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
    print(child.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
"""


def cost(data: bytes) -> tuple[int, int]:
    """The child's exit code, and the most memory that it had, MiB."""
    python = [sys.executable, "-I", "-S"]
    child = [*python, picture_child.__file__, pictures._PILLOW, "1600"]
    measured = subprocess.run(
        [*python, "-c", MEASURE, *child], input=data, capture_output=True, check=True
    )
    code, memory = map(int, measured.stdout.split())
    return code, memory


@contextlib.contextmanager
def sent(data: bytes) -> Iterator[IO[bytes]]:
    """What was received, as `Files.receive` has it."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file


@pytest.mark.parametrize(
    ("form", "mode", "how"),
    [
        ("PNG", "RGBA", {}),
        ("PNG", "P", {"transparency": 3}),
        ("GIF", "P", {"transparency": 3}),
        ("BMP", "RGB", {}),
        ("TIFF", "RGBA", {"compression": "tiff_lzw"}),
        ("WEBP", "RGBA", {"quality": 1, "method": 0}),
        ("AVIF", "RGBA", {"quality": 1, "speed": 10}),
    ],
)
def test_a_picture_of_as_many_pixels_as_its_format_may_have_is_taken_within_the_memory(
    form: str, mode: str, how: dict[str, Any]
) -> None:
    most = MOST_PIXELS.get(form, MOST_PIXELS_ELSE)
    code, memory = cost(flat(form, most, mode, **how))
    assert code == 0
    assert memory < MOST_MIB


@pytest.mark.parametrize("pixels", [50_000_000, 100_000_000])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_telephones_largest_photo_is_taken_or_refused_within_the_memory(
    pixels: int, progressive: bool
) -> None:
    code, memory = cost(flat("JPEG", pixels, progressive=progressive))
    assert code in ((0, picture_child.EXIT_TOO_MUCH_MEMORY) if progressive else (0,))
    assert memory < MOST_MIB


@pytest.mark.parametrize(("form", "million"), [("PNG", 24), ("WEBP", 14), ("AVIF", 16)])
def test_one_of_more_pixels_is_refused_before_it_is_decoded(form: str, million: int) -> None:
    how: dict[str, Any] = {
        "WEBP": {"quality": 1, "method": 0},
        "AVIF": {"quality": 1, "speed": 10},
    }.get(form, {})
    data = flat(form, million * 1_100_000, **how)
    code, memory = cost(data)
    assert (code, memory < 60) == (picture_child.EXIT_TOO_MANY_PIXELS, True)
    with sent(data) as file, pytest.raises(NotAPicture, match=f"{million} million pixels"):
        shrink(file, 1600)


def test_what_takes_more_memory_than_there_is_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = tmp_path / "child.py"
    source = Path(picture_child.__file__).read_text()
    small.write_text(source.replace("MEMORY = 256 << 20", "MEMORY = 16 << 20"))
    monkeypatch.setattr(picture_child, "__file__", str(small))
    with sent(flat("PNG", 20_000_000)) as file, pytest.raises(NotAPicture, match="memory or time"):
        shrink(file, 1600)


def test_what_takes_more_time_than_there_is_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hangs = tmp_path / "child.py"
    hangs.write_text("import signal\nsignal.pause()\n")
    monkeypatch.setattr(picture_child, "__file__", str(hangs))
    monkeypatch.setattr(pictures, "CHILD_S", 0.05)
    with sent(b"") as file, pytest.raises(NotAPicture, match="memory or time"):
        shrink(file, 1600)


def test_the_child_writes_no_file_and_ends_when_its_time_is_up() -> None:
    limits = (
        "import resource as r, sys; sys.path.insert(0, sys.argv[1]); import picture_child as c;"
        "c.confine(); print(r.getrlimit(r.RLIMIT_FSIZE)[1], r.getrlimit(r.RLIMIT_CPU)[1])"
    )
    folder = str(Path(picture_child.__file__).parent)
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", limits, folder], capture_output=True, check=True
    )
    assert told.stdout.split() == [b"0", str(picture_child.CPU_S).encode()]


async def test_pictures_are_decoded_one_at_a_time_whatever_they_are_for() -> None:
    busy, most, turn = 0, 0, threading.Barrier(2)

    def work() -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        turn.wait()
        busy -= 1

    works = [asyncio.create_task(in_queue(work)) for _ in range(4)]
    for _ in works:
        await asyncio.to_thread(turn.wait)
    await asyncio.gather(*works)
    assert most == 1


async def test_owners_take_turns_however_many_pictures_one_of_them_has() -> None:
    turns, order = Turns(), []

    async def decode(owner: str) -> None:
        async with turns.of(owner):
            order.append(owner)
            await asyncio.sleep(0)

    await asyncio.gather(*(decode(owner) for owner in ["a"] * 4 + ["b", "c"]))
    assert order == ["a", "b", "c", "a", "a", "a"]
    assert turns._of == turns._waiting == {}
