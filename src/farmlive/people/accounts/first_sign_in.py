"""The file `first-sign-in` in the data folder: the first coordinator's name and password, if no
terminal can show them.

Only the user that runs the server may read it, and the first sign-in removes it.
"""

import asyncio
import contextlib
import os
from pathlib import Path

NAME = "first-sign-in"


async def write(folder: Path, name: str, password: str) -> Path:
    """Write the file (0600), replacing an older one, and return its path. Raises OSError."""
    return await asyncio.to_thread(_write, folder / NAME, f"{name} {password}\n")


async def remove(folder: Path, name: str) -> None:
    """Remove the file if it has the password of this account."""
    await asyncio.to_thread(_remove, folder / NAME, name)


def read(folder: Path) -> tuple[str, str]:
    """Return the name and the password in the file. Raises OSError."""
    name, _, password = (folder / NAME).read_text("utf-8").strip().partition(" ")
    return name, password


def _write(path: Path, text: str) -> Path:
    path.unlink(missing_ok=True)
    # O_EXCL: never through a planted link, and never readable by others for a moment.
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    return path


def _remove(path: Path, name: str) -> None:
    with contextlib.suppress(OSError):
        if read(path.parent)[0] == name:
            path.unlink()
