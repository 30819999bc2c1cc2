"""The harnesses of libFuzzer on recorded packets and small changes of them, with the sanitizers
that any gcc has. To look for more: ./scripts/test --sanitize.
"""

import subprocess
from pathlib import Path

import pytest
from tests.fuzz.native import seeds
from tests.media.engine.native.conftest import PURE
from tests.media.engine.native.support.compiling import LIBRARY, compiled, sanitizers

HERE = Path(__file__).parent
HARNESSES = sorted(HERE.glob("fuzz_*.c"))
INPUTS = 8_000


def kind(name: str) -> str:
    """What it begins with; as in scripts/sanitize."""
    kinds = ("stun", "rtcp", "rtp", "framing")
    return next((each for each in kinds if name.startswith(each)), "payload")


@pytest.mark.parametrize("harness", HARNESSES, ids=lambda harness: harness.stem)
def test_nothing_breaks_a_parser(
    harness: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = harness.stem.removeprefix("fuzz_")
    parsers = compiled(tmp_path_factory, "parsers sanitized.so", [], PURE, *LIBRARY, *sanitizers())
    drivers = [HERE / "replay.c", harness, parsers]
    program = compiled(tmp_path_factory, f"fuzz {name}", drivers, [], *sanitizers(), f"-I{HERE}")
    seeds.main(tmp_path)
    files = sorted((tmp_path / kind(name)).iterdir())
    assert files
    changes = str(INPUTS // len(files))
    done = subprocess.run([program, changes, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
