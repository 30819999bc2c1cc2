"""The driver of what ports stand on: ICE, the table by address, the backlog and the deframer."""

import subprocess
from pathlib import Path

import pytest
from tests.media.engine.native.support.compiling import DRIVERS, compiled, sanitizers

SOURCES = (
    "address",
    "framing",
    "ice",
    "path",
    "port",
    "send_queue",
    "sha1",
    "stun",
    "table",
    "ufrag_table",
)


@pytest.fixture(scope="session")
def ports_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver's program."""
    driver = [DRIVERS / "ports_driver.c"]
    return compiled(tmp_path_factory, "ports_driver", driver, SOURCES, *sanitizers())


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
