"""The pictures of the documents are taken from a demo that runs, and their trade is made there."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from PIL import Image
from scripts import pictures
from tests.demo.demo_process import demo, films, folder

__all__ = ["films", "folder"]

ROOT = Path(__file__).resolve().parents[2]


def test_the_folder_holds_what_the_documents_show_and_no_more() -> None:
    assert {path.name for path in pictures.PICTURES.iterdir()} == pictures.shown()


@pytest.mark.browser
async def test_each_is_taken_at_both_sizes_in_both_languages(folder: Path, tmp_path: Path) -> None:
    taken = tmp_path / "pictures"
    async with demo(folder):
        child = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "scripts.pictures",
                str(folder),
                "wrong-price",
                "--to",
                str(taken),
            ),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert await child.wait() == 0
    sizes = {"phone": (390, 844), "desktop": (1440, 900)}
    for size, measure in sizes.items():
        for language in ("en", "zh"):
            with Image.open(taken / f"wrong-price-{size}-{language}.webp") as picture:
                assert picture.size == measure
    assert len(list(taken.iterdir())) == 4


async def test_without_a_demo_it_says_how_one_is_started(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.pictures", str(tmp_path)),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await child.communicate()
    assert child.returncode == 1
    start = f"./scripts/demo --data {tmp_path}"
    assert said.decode() == f"No demo runs in {tmp_path}: {start} starts one.\n"
