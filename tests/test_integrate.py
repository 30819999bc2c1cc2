"""docs/integrate.md: its programs do what it says, as they stand there."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tests.guide import BLOCKS

from farmlive.server import Server


async def ran(words: list[str], folder: Path, **more: str) -> str:
    """Run a program in a folder and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        env={**os.environ, **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, (out + err).decode()
    return out.decode()


def environment(server: Server) -> dict[str, str]:
    """Where the commands find the server and its database."""
    settings = server.house.settings
    return {
        "SERVER": server.url,
        "FARMLIVE_DATA": str(settings.data),
        "FARMLIVE_DATABASE_URL": settings.database_url,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def test_both_programs_are_short() -> None:
    for language in ("sh", "python"):
        lines = [line for line in BLOCKS[language].splitlines() if line.strip()]
        assert len(lines) < 30, language


@pytest.mark.parametrize("language", ["sh", "python"])
async def test_a_sale_goes_from_key_to_export(
    server: Server, coordinator: str, tmp_path: Path, language: str
) -> None:
    program = tmp_path / f"sale.{language}"
    program.write_text(BLOCKS[language], "utf-8")
    if language == "sh":
        words = ["bash", "-euo", "pipefail", str(program)]
    else:
        words = [sys.executable, str(program)]
    out = await ran(words, tmp_path, **environment(server), KEY=coordinator)
    state, payment, _names, order = out.split("\n")[:4]
    assert (state, payment) == ("live", "paid")
    assert order.startswith("A0001,")
    assert ",59.80," in order
