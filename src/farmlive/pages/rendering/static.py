"""The static files under /static: found in the package, fingerprinted, cached for good.

`/static/{fingerprint}/pages/live/live.js` never changes and may be kept for a year; its relative
imports carry the same fingerprint. `/static/pages/live/live.js` works too and is asked again each
time.
"""

import hashlib
from importlib.resources import files
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from farmlive.pages.rendering.scripts import modules

WEB = Path(str(files("farmlive.web")))


def fingerprint(folder: Path) -> str:
    """Return a name for the contents of a folder, 12 hex digits."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


class Static(StaticFiles):
    """An ASGI application that serves web/static; `url(path)` is the URL of a file."""

    def __init__(self, folder: Path = WEB / "static", mount: str = "/static"):
        super().__init__(directory=folder)
        self.mount = mount
        self.folder = folder
        self.fingerprint = fingerprint(folder)

    def url(self, path: str) -> str:
        """Return the URL of a file, with the fingerprint of the whole folder in it."""
        return f"{self.mount}/{self.fingerprint}/{path}"

    def modules(self, *entries: str) -> list[str]:
        """Return the URLs of these scripts and all that they import, for a page to preload."""
        return [self.url(path) for path in modules(self.folder, *entries)]

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the file, cached for good if the URL has the current fingerprint."""
        first, _, rest = path.replace("\\", "/").partition("/")
        kept = first == self.fingerprint
        response = await super().get_response(
            rest if kept or _is_fingerprint(first) else path, scope
        )
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if kept else "no-cache"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _is_fingerprint(name: str) -> bool:
    """Return whether a path's first part is a fingerprint, perhaps of an earlier version."""
    return len(name) == 12 and all(letter in "0123456789abcdef" for letter in name)
