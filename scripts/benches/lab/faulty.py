"""A disk and a clock that fail on command: builds `native/faulty.c`, preloads it into a program,
and controls it. That file describes what is kept and what is lost.
"""

import contextlib
import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

_SOURCE = Path(__file__).parents[1] / "native" / "faulty.c"
_COMPILE = ("cc", "-O2", "-shared", "-fPIC", "-std=c11", "-D_GNU_SOURCE")
_STATE = struct.Struct("=qqqq")


def build(folder: Path) -> Path:
    """Compile the library into the folder. Raises SystemExit without a compiler."""
    library = folder / "faulty.so"
    try:
        subprocess.run(
            [*_COMPILE, "-o", str(library), str(_SOURCE), "-ldl", "-lpthread"], check=True
        )
    except FileNotFoundError:
        raise SystemExit("This bench needs a C compiler: apt-get install gcc.") from None
    library.chmod(0o755)
    return library


class Faulty:
    """The disk of one folder, and the clock of the programs that get `environment`.

    What is in the folder when this is made counts as synced. The programs may run as anyone.
    """

    def __init__(self, library: Path, folder: Path, beside: Path):
        self.folder = folder
        self._shadow = beside / f"{folder.name}.synced"
        self._shadow.mkdir()
        self._shadow.chmod(0o777)
        for path in _files(folder):
            copy = self._copy_of(path)
            shutil.copyfile(path, copy)
            copy.chmod(0o666)
        state = beside / f"{folder.name}.state"
        state.write_bytes(bytes(_STATE.size))
        state.chmod(0o666)
        with state.open("r+b") as file:
            self._state = mmap.mmap(file.fileno(), _STATE.size)
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(library),
            "FAULTY_FOLDER": str(folder.resolve()),
            "FAULTY_SHADOW": str(self._shadow),
            "FAULTY_STATE": str(state),
        }

    @property
    def syncs(self) -> int:
        """How many times a file of the folder was synced."""
        return int(_STATE.unpack(self._state)[2])

    def set_clock(self, wrong_s: float) -> None:
        """Set the time of day wrong by this many seconds."""
        self._state[:8] = struct.pack("=q", round(wrong_s * 1e9))

    def full(self) -> AbstractContextManager[None]:
        """Make the disk full during the block."""
        return self._during(1)

    def failing(self) -> AbstractContextManager[None]:
        """Make syncs fail during the block, after writes that succeed."""
        return self._during(3)

    @contextlib.contextmanager
    def _during(self, at: int) -> Iterator[None]:
        self._state[8 * at : 8 * at + 8] = struct.pack("=q", 1)
        try:
            yield
        finally:
            self._state[8 * at : 8 * at + 8] = struct.pack("=q", 0)

    def lose_power(self) -> int:
        """Restore every file as it was last synced, and return how many differed. The writers must
        have ended before.
        """
        lost = 0
        for path in _files(self.folder):
            copy = self._copy_of(path)
            kept = copy.read_bytes() if copy.exists() else b""
            if path.read_bytes() != kept:
                lost += 1
                with path.open("r+b") as file:  # the file stays the same, with its owner
                    file.write(kept)
                    file.truncate()
        return lost

    def close(self) -> None:
        """Free the shared state."""
        self._state.close()

    def _copy_of(self, path: Path) -> Path:
        return self._shadow / str(path.stat().st_ino)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def choose_folder() -> Path:
    """Return the best folder for such a disk: in memory if there is room, since real syncs prove
    nothing here. The inode numbers of deleted files are not reused there, either.
    """
    memory = Path("/dev/shm")
    with contextlib.suppress(OSError):
        found = os.statvfs(memory)
        if os.access(memory, os.W_OK) and found.f_bavail * found.f_frsize > 1 << 30:
            return memory
    return Path(os.environ.get("TMPDIR", "/tmp"))
