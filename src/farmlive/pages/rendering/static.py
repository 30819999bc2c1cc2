"""The static files under /static: found in the package, fingerprinted, cached for good, and in gzip
for those who take it.

`/static/{fingerprint}/pages/live/live.js` never changes and may be kept for a year; its relative
imports carry the same fingerprint. `/static/pages/live/live.js` works too and is asked again each
time. Each file is compressed once, when somebody first asks for it.
"""

import hashlib
import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from farmlive.pages.rendering import compression, styles
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


@dataclass(frozen=True)
class _Made:
    """A file that is made here: its bytes, and those in gzip."""

    content: bytes
    coded: bytes | None
    etag: str
    kind: str


class Static(StaticFiles):
    """An ASGI application that serves web/static; `url(path)` is the URL of a file."""

    def __init__(
        self,
        folder: Path = WEB / "static",
        mount: str = "/static",
        templates: Path = WEB / "templates",
    ):
        super().__init__(directory=folder)
        self.mount = mount
        self.folder = folder
        self.fingerprint = fingerprint(folder)
        # In gzip by file and ETag; a file that gains nothing has None.
        self._coded: dict[str, tuple[str, bytes | None]] = {}
        # Joined styles by name, made when somebody first asks for them. Other orders of parts than
        # those of the templates are not served: each would cost a reading and a compressing.
        self._sheets: dict[str, _Made | None] = dict.fromkeys(styles.of_templates(templates))
        self._added: dict[str, _Made] = {}

    def url(self, path: str) -> str:
        """Return the URL of a file, with the fingerprint of the whole folder in it."""
        return f"{self.mount}/{self.fingerprint}/{path}"

    def modules(self, *entries: str) -> list[str]:
        """Return the URLs of these scripts and all that they import, for a page to preload."""
        return [self.url(path) for path in modules(self.folder, *entries)]

    def add(self, name: str, content: bytes, kind: str) -> str:
        """Serve a file that is none of the folder's; return its URL, which changes with the
        content.
        """
        made = self._added[name] = _made(content, kind)
        return f"{self.url(name)}?{made.etag[1:13]}"

    def one_sheet(self, head: str) -> str:
        """Return a page's head with one style sheet in the place of all that it links, in their
        order.
        """
        root = self.url("")
        parts = [url.removeprefix(root) for url in styles.links(head) if url.startswith(root)]
        if len(parts) < 2:
            return head
        name = styles.name_of(parts)
        self._sheets.setdefault(name, None)
        return styles.replace_links(head, root, self.url(name))

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the file, cached for good if the URL has the current fingerprint."""
        if "\\" in path:  # one file has one path, and no part of it leads up
            raise HTTPException(status_code=404)
        first, _, rest = path.partition("/")
        kept = first == self.fingerprint
        name = rest if kept or _is_fingerprint(first) else path
        if styles.is_joined(name):
            response = await self._joined(name, scope)
        elif (added := self._added.get(name)) is not None:
            response = self._answer_made(added, scope)
        else:
            response = await self._file(name, scope)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if kept else "no-cache"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    async def _file(self, path: str, scope: Scope) -> Response:
        """Answer with one file. A range is of the file as it is, whatever else a client takes."""
        whole = await super().get_response(path, scope)
        if Path(path).suffix not in compression.SUFFIXES:
            return whole
        whole.headers.add_vary_header("Accept-Encoding")
        asked = Headers(scope=scope)
        if (
            not isinstance(whole, FileResponse)
            or "range" in asked
            or not compression.accepts_gzip(asked.get("accept-encoding", ""))
        ):
            return whole
        coded = await self._compressed(whole)
        if coded is None:
            return whole
        headers = {**whole.headers, "etag": _coded_etag(whole.headers["etag"])}
        return self._answer(scope, coded, headers)

    async def _compressed(self, file: FileResponse) -> bytes | None:
        # By the file, not by the address: many lead to one.
        path = str(file.path)
        etag, known = file.headers["etag"], self._coded.get(path)
        if known is None or known[0] != etag:
            known = etag, await to_thread.run_sync(_compress_file, file.path)
            self._coded[path] = known
        return known[1]

    async def _joined(self, name: str, scope: Scope) -> Response:
        """Answer with the styles of a template in one file."""
        if name not in self._sheets:
            raise HTTPException(status_code=404)
        sheet = self._sheets[name]
        if sheet is None:
            sheet = await to_thread.run_sync(self._make_sheet, styles.parts_of(name))
            self._sheets[name] = sheet
        return self._answer_made(sheet, scope)

    def _make_sheet(self, parts: list[str]) -> _Made:
        return _made(styles.join(self.folder, parts, self.url("")), "text/css; charset=utf-8")

    def _answer_made(self, made: _Made, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(status_code=405, headers={"Allow": "GET, HEAD"})
        headers = {"content-type": made.kind, "etag": made.etag, "vary": "Accept-Encoding"}
        accepted = Headers(scope=scope).get("accept-encoding", "")
        if made.coded is not None and compression.accepts_gzip(accepted):
            headers["etag"] = _coded_etag(made.etag)
            return self._answer(scope, made.coded, headers)
        return self._answer(scope, made.content, headers, coding=None)

    def _answer(
        self, scope: Scope, body: bytes, headers: dict[str, str], coding: str | None = "gzip"
    ) -> Response:
        if coding is not None:
            headers["content-encoding"] = coding
            headers.pop("accept-ranges", None)
        if self.is_not_modified(Headers(headers), Headers(scope=scope)):
            return NotModifiedResponse(Headers(headers))
        headers["content-length"] = str(len(body))
        return Response(b"" if scope["method"] == "HEAD" else body, headers=headers)


def _made(content: bytes, kind: str) -> _Made:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _Made(content, compression.compress(content), etag, kind)


def _compress_file(path: str | os.PathLike[str]) -> bytes | None:
    return compression.compress(Path(path).read_bytes())


def _coded_etag(etag: str) -> str:
    """Return the ETag of the same contents in gzip: other bytes have another (RFC 9110, section
    8.8.3.3).
    """
    return f'{etag[:-1]}-gzip"'


def _is_fingerprint(name: str) -> bool:
    """Return whether a path's first part is a fingerprint, perhaps of an earlier version."""
    return len(name) == 12 and all(letter in "0123456789abcdef" for letter in name)
