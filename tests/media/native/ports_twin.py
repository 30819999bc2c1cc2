"""The driver of what ports stand on: ICE, the table by address, the backlog and the deframer."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from tests.media.native.conftest import FOLDER

SOURCES = ("address", "backlog", "framing", "ice", "ports", "sha1", "stun", "table")
FLAGS = ["-O1", "-g", "-std=c11", "-D_GNU_SOURCE"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="session")
def ports_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver's program, with the sanitizers where the compiler has them."""
    return _built(tmp_path_factory.getbasetemp())


@cache
def _built(folder: Path) -> Path:
    """Once for all modules that import the fixture."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        pytest.skip("there is no C compiler on this machine")
    program = folder / "ports_driver"
    sources = [Path(__file__).with_name("ports_driver.c")]
    sources += [FOLDER / f"{name}.c" for name in SOURCES]
    command = [compiler, *FLAGS, f"-I{FOLDER}", "-o", str(program), *map(str, sources)]
    if subprocess.run([*command, *SANITIZERS], capture_output=True).returncode:
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode:
            pytest.fail(f"the C files do not compile:\n{built.stderr}", pytrace=False)
    return program


class Script:
    """The driver's script, and what Python says to it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.expected: list[str] = []

    def call(self, *words: object) -> None:
        """One call, with bytes in hexadecimal."""
        self.calls.append(" ".join(map(_written, words)))

    def says(self, *words: object) -> None:
        """What the driver is to print next."""
        self.expected.append(" ".join(map(_written, words)))

    def play(self, driver: Path) -> None:
        """Run the driver and compare, line by line."""
        script = "\n".join(self.calls) + "\n"
        ran = subprocess.run([driver], input=script, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        printed = [line.rstrip() for line in ran.stdout.splitlines()]
        for number, (got, wanted) in enumerate(zip(printed, self.expected, strict=False)):
            assert got == wanted, f"line {number} of {len(self.expected)}"
        assert len(printed) == len(self.expected)


def _written(word: object) -> str:
    if isinstance(word, bytes):
        return "." + word.hex()
    if isinstance(word, float):
        return f"{word:.17g}"
    return str(int(word)) if isinstance(word, bool) else str(word)
