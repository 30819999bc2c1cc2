"""The script at the head of every page that tells whether the page's scripts begin.

It stands inline, so that it is there even where no script is served; the Content-Security-Policy
allows it by its hash.
"""

import hashlib
from base64 import b64encode
from pathlib import Path

from farmlive.pages.rendering.static import WEB

FILE = WEB / "static" / "lib" / "old" / "watch.js"


def script(file: Path = FILE) -> str:
    """Return the script without its comments and indents."""
    lines = (line.strip() for line in file.read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def source_of(text: str) -> str:
    """Return what a Content-Security-Policy calls this script (CSP 3, 2.3.1)."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


WATCH = script()
WATCH_SOURCE = source_of(WATCH)
