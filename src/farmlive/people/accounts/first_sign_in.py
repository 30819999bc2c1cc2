"""The file `first-sign-in` in the data folder: the first coordinator's name and password, where no
terminal shows them. Only the user that the server runs as may read it, and the first sign-in
removes it.
"""

import asyncio
import contextlib
import os
from pathlib import Path

NAME = "first-sign-in"


async def write(folder: Path, name: str, password: str) -> Path:
    """Write the file (0600) in place of an older one, and return its path. Raises OSError."""
    return await asyncio.to_thread(_write, folder / NAME, f"{name} {password}\n")


async def remove(folder: Path, name: str) -> None:
    """Remove the file where it holds a password of this account."""
    await asyncio.to_thread(_remove, folder / NAME, name)


def read(folder: Path) -> tuple[str, str]:
    """Return the name and the password that the file holds. Raises OSError."""
    name, _, password = (folder / NAME).read_text("utf-8").strip().partition(" ")
    return name, password


def _write(path: Path, text: str) -> Path:
    path.unlink(missing_ok=True)
    # Never through a link that somebody put there, nor readable for a moment.
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    return path


def _remove(path: Path, name: str) -> None:
    with contextlib.suppress(OSError):
        if read(path.parent)[0] == name:
            path.unlink()
