"""C files of the engine, compiled for tests: once for all processes of a run, and each file once
for all programs and libraries that have it with the same flags.
"""

import hashlib
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
# The code is the same in a program as in a library, so that both may have it.
FLAGS = ("-O1", "-g", "-std=c11", "-D_GNU_SOURCE", "-fPIC", "-pthread")
LIBRARY = ("-shared",)
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
    link = [each for each in flags if each in LIBRARY or each.startswith("-Wl,")]
    others = [each for each in flags if each not in (*FLAGS, *link)]
    wanted = (*FLAGS, *others, *shlex.split(os.environ.get("CFLAGS", "")), f"-I{FOLDER}")

    def make(path: Path) -> None:
        parts = [_object(factory, each, wanted) if each.suffix == ".c" else each for each in files]
        _run(*wanted, *link, *map(str, parts), "-o", str(path), "-lm")

    return once(factory, name, make)


def _object(factory: pytest.TempPathFactory, source: Path, flags: Iterable[str]) -> Path:
    """One file, compiled with these flags."""
    key = hashlib.sha256("\0".join((str(source), *flags)).encode()).hexdigest()[:12]

    def make(path: Path) -> None:
        _run(*flags, "-c", str(source), "-o", str(path))

    return once(factory, f"{source.stem} {key}.o", make)


def _run(*arguments: str) -> None:
    ran = subprocess.run([compiler(), *arguments], capture_output=True, text=True)
    if ran.returncode:
        pytest.fail(f"the C files do not compile:\n{ran.stderr}", pytrace=False)
