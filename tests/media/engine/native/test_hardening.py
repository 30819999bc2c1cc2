"""The engine in C, as it lies there built, makes less of what a fault in it could do."""

import importlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.media.engine.native.support.compiling import FOLDER, compiler
from tests.media.engine.native.support.elf import (
    DT_TEXTREL,
    PF_W,
    PF_X,
    PT_GNU_RELRO,
    PT_GNU_STACK,
    PT_LOAD,
    Elf,
)

ROOT = Path(__file__).parents[4]

pytestmark = pytest.mark.native


def built() -> Path:
    """The file that Python loads."""
    found = importlib.import_module("farmlive.media.engine.native._native").__file__
    assert found is not None
    return Path(found)


@pytest.fixture(scope="module")
def elf() -> Elf:
    return Elf(built())


def test_a_function_with_a_buffer_sees_that_its_frame_was_overwritten(elf: Elf) -> None:
    assert "__stack_chk_fail" in elf.imports


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="FORTIFY is glibc's")
def test_copies_into_buffers_of_known_size_are_checked(elf: Elf) -> None:
    assert {name for name in elf.imports if name.endswith("_chk")} >= {"__memcpy_chk"}


def test_the_table_of_addresses_is_bound_at_once_and_read_only(elf: Elf) -> None:
    assert elf.has(PT_GNU_RELRO)
    assert elf.binds_now


def test_nothing_that_can_be_written_can_be_executed(elf: Elf) -> None:
    for segment in elf.segments:
        if segment.kind in (PT_LOAD, PT_GNU_STACK):
            assert segment.flags & (PF_X | PF_W) != PF_X | PF_W
    assert elf.has(PT_GNU_STACK)
    assert DT_TEXTREL not in elf.dynamic


def built_by(folder: Path, *only: str, **environment: str) -> tuple[Elf, str]:
    """The extension of a copy, or of these folders of it, built by setup.py alone, and what the
    compiler said.
    """
    compiler()
    shutil.copytree(
        FOLDER,
        folder / FOLDER.relative_to(ROOT),
        ignore=shutil.ignore_patterns("*.so", "__pycache__"),
    )
    for part in (folder / FOLDER.relative_to(ROOT)).iterdir():
        if only and part.is_dir() and part.name not in only:
            shutil.rmtree(part)
    shutil.copy(ROOT / "setup.py", folder)
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--build-lib", "out"],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    found = list((folder / "out").rglob("*.so"))
    assert found, done.stdout + done.stderr
    return Elf(found[0]), done.stderr


def test_a_compiler_that_sets_fortify_by_itself_has_nothing_to_say(tmp_path: Path) -> None:
    # As Ubuntu's does. Each file is compiled with the same flags: those of two folders will do.
    elf, said = built_by(tmp_path, "base", "wire", CFLAGS="-D_FORTIFY_SOURCE=2")
    assert "_FORTIFY_SOURCE" not in said
    assert elf.binds_now


@pytest.mark.skipif(shutil.which("musl-gcc") is None, reason="there is no musl on this machine")
def test_on_musl_which_has_no_fortify_it_is_built_all_the_same(tmp_path: Path) -> None:
    kernel = tmp_path / "kernel"
    kernel.mkdir()
    machine = Path("/usr/include") / f"{platform.machine()}-linux-gnu"
    for name, source in (
        ("linux", Path("/usr/include/linux")),
        ("asm", machine / "asm"),
        ("asm-generic", Path("/usr/include/asm-generic")),
    ):
        (kernel / name).symlink_to(source)
    (kernel / machine.name).mkdir()  # where Debian's Python looks for its own
    for source in machine.glob("python3*"):
        (kernel / machine.name / source.name).symlink_to(source)
    elf, _ = built_by(tmp_path, CC="musl-gcc", CFLAGS=f"-I{kernel}")
    assert "__stack_chk_fail" in elf.imports
    assert elf.binds_now
    assert not [name for name in elf.imports if name.endswith("_chk")]
