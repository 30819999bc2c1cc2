"""C files of the engine, compiled for tests: once for all processes of a run."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.support.build_once import once

import farmlive.media.engine.native

FOLDER = Path(farmlive.media.engine.native.__file__).parent
DRIVERS = Path(__file__).parents[1] / "drivers"
FLAGS = ("-O1", "-g", "-std=c11", "-D_GNU_SOURCE")
LIBRARY = ("-shared", "-fPIC")
SANITIZERS = ("thread", "address,undefined")


def compiler() -> str:
    """The compiler; without one the test is skipped."""
    found = shutil.which(os.environ.get("CC", "cc"))
    if found is None:
        pytest.skip("there is no C compiler on this machine")
    return found


def sanitizers(kinds: str = "address,undefined") -> tuple[str, ...]:
    """The flags for these."""
    return f"-fsanitize={kinds}", "-fno-sanitize-recover=all"


def sanitizing(kinds: str, folder: Path) -> tuple[str, ...]:
    """The same; where the compiler lacks them the test is skipped."""
    flags, probe = sanitizers(kinds), folder / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    if subprocess.run([compiler(), flags[0], "-o", folder / "probe", probe]).returncode:
        pytest.skip(f"this compiler has no {flags[0]}")
    return flags


def compiled(
    factory: pytest.TempPathFactory,
    name: str,
    driver: Iterable[Path],
    sources: Iterable[str],
    *flags: str,
) -> Path:
    """The program or library of this name: a test's own files with these of the engine."""
    found = {path.stem: path for path in FOLDER.glob("*/*.c")}
    files = [*driver, *(found[each] for each in sources)]
    wanted = (*FLAGS, *flags, *shlex.split(os.environ.get("CFLAGS", "")), f"-I{FOLDER}")
    command = [compiler(), *wanted, *map(str, files)]

    def make(path: Path) -> None:
        built = subprocess.run([*command, "-o", str(path), "-lm"], capture_output=True, text=True)
        if built.returncode:
            pytest.fail(f"the C files do not compile:\n{built.stderr}", pytrace=False)

    return once(factory, name, make)
