"""Uploaded pictures and documents, stored in the data folder by the hash of their content.

A file never changes, and may exist without a reference. The rooms hold the references, the routes
check who may upload, uploads.py enforces quotas.
"""

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated

from pydantic import StringConstraints

from farmlive.problems import Problem, Unavailable
from farmlive.settings import Settings
from farmlive.store.files.pictures import NotAPicture, Turns, in_queue, shrink

PICTURE_EDGE = 1600
DOCUMENT_EDGE = 2400  # a photographed certificate must stay readable
# Seconds within which an upload must arrive.
RECEIVE_S = 180.0

_NAME = re.compile(r"[0-9a-f]{64}\.(webp|pdf)")
_PDF_END = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_XREF = re.compile(rb"\s*(xref\b|\d+\s+\d+\s+obj\b)")

PictureUrl = Annotated[str, StringConstraints(pattern=r"^/files/[0-9a-f]{64}\.webp$")]
"""URL path of a picture as `keep_picture` returns it; `Files.has` checks that it exists."""


class NotACertificate(Problem):
    """The uploaded certificate is neither a PDF nor a picture."""

    status = 422
    slug = "not-a-certificate"
    title = "A certificate is a PDF or a picture"


class NotKept(Unavailable):
    """The disk did not store the file."""

    slug = "file-not-kept"
    title = "The file could not be kept"


class UploadLate(Problem):
    """The upload did not arrive in time."""

    status = 408
    slug = "upload-late"
    title = "The file took too long"


@dataclass(frozen=True)
class Kept:
    """A stored file: its name, and its size in bytes."""

    name: str
    size: int

    @property
    def url(self) -> str:
        """The URL path, for a file that is public."""
        return f"/files/{self.name}"


@dataclass(frozen=True)
class Picture(Kept):
    """A stored picture; width and height in pixels."""

    width: int
    height: int


class Files:
    """The files of one data folder; servers that share a database share the folder too.

    Files of another `folder` than `files` have no public URL, and no other user of the machine may
    read them.
    """

    def __init__(self, settings: Settings, folder: str = "files"):
        self._folder = settings.data / folder
        self._mode = 0o644 if folder == "files" else 0o600
        # One picture of each folder at a time waits for the decoder, so that photos of claims,
        # which strangers upload, delay growers' pictures by at most one.
        self._turns = Turns()

    @asynccontextmanager
    async def receive(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[IO[bytes]]:
        """Write an upload to an unnamed temporary file, which exists while the block runs.

        Thus many or slow uploads use no memory. Raises UploadLate, NotKept.
        """
        with self._disk():
            self._folder.mkdir(parents=True, exist_ok=True)
            sent = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (closed below)
        with sent:
            try:
                async with asyncio.timeout(RECEIVE_S):
                    async for chunk in chunks:
                        with self._disk():
                            sent.write(chunk)
                with self._disk():
                    sent.flush()
            except TimeoutError:
                raise UploadLate(
                    f"The file was not here after {RECEIVE_S:.0f} s. Nothing was kept: send it "
                    "again where the network is better.",
                    headers={"Connection": "close"},
                ) from None
            yield sent

    async def keep_picture(self, sent: IO[bytes], owner: str) -> Picture:
        """Store a picture: upright, at most 1600 pixels, as WebP without camera metadata.

        One picture of each `owner` is decoded at a time. Raises NotAPicture, NotKept.
        """

        def work() -> Picture:
            data, (width, height) = shrink(sent, PICTURE_EDGE)
            return Picture(self._keep(data, "webp"), len(data), width, height)

        async with self._turns.of(owner):
            return await in_queue(work)

    async def keep_document(self, sent: IO[bytes], owner: str) -> Kept:
        """Store a certificate: a PDF unchanged, a picture re-encoded.

        Raises NotACertificate, NotKept.
        """

        def work() -> Kept:
            data, ending = document(sent)
            return Kept(self._keep(data, ending), len(data))

        async with self._turns.of(owner):
            return await in_queue(work)

    def has(self, url: str) -> bool:
        """Return whether the URL is that of a stored file."""
        name = url.removeprefix("/files/")
        return url != name and self.path(name) is not None

    def path(self, name: str) -> Path | None:
        """Return the path of a stored file, `{sha-256}.webp` or `.pdf`; None where it is absent."""
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / name[:2] / name
        return path if path.is_file() else None

    def _keep(self, data: bytes, ending: str) -> str:
        name = f"{hashlib.sha256(data).hexdigest()}.{ending}"
        path = self._folder / name[:2] / name
        with self._disk():
            if not path.exists():
                _write(path, data, self._mode)
        return name

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NotKept(
                f"The disk did not take the file ({error.strerror}). Nothing was kept: tell the "
                "operator, then send it again."
            ) from error


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write the file so that it is complete and on the disk before anything refers to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
        try:
            part.write(data)
            part.flush()
            os.fsync(part.fileno())
            os.chmod(part.name, mode)
            os.replace(part.name, path)
        except BaseException:
            os.unlink(part.name)
            raise
    for folder in (path.parent, path.parent.parent):
        _sync(folder)


def document(sent: IO[bytes]) -> tuple[bytes, str]:
    """Return the bytes to store of a certificate, and their file extension, `pdf` or `webp`.

    Raises NotACertificate.
    """
    sent.seek(0)
    if b"%PDF-" in sent.read(1024):
        sent.seek(0)
        data = sent.read()
        check_pdf(data)
        return data, "pdf"
    try:
        return shrink(sent, DOCUMENT_EDGE)[0], "webp"
    except NotAPicture as error:
        raise NotACertificate(
            "The file is neither a PDF nor a picture that can be read. Nothing was kept: send the "
            "certificate as PDF, JPEG or PNG."
        ) from error


def check_pdf(data: bytes) -> None:
    """Check that a PDF is complete: its end has the offset of the cross-reference table, which is
    there.

    ISO 32000-2, section 7.5.5. Raises NotACertificate, also for a PDF that needs a password.
    """
    begin = data.index(b"%PDF-")
    found = _PDF_END.findall(data, max(0, len(data) - 2048))
    # Some writers count the bytes before the header, and others do not.
    starts = [int(found[-1]), int(found[-1]) + begin] if found else []
    if not any(at < len(data) and _XREF.match(data, at) for at in starts):
        raise NotACertificate(
            "The PDF is damaged or cut off. Nothing was kept: save it once more and send it again, "
            "or send a photo of the certificate."
        )
    if b"/Encrypt" in data:
        raise NotACertificate(
            "The PDF is locked, so that buyers could not open it. Nothing was kept: save it "
            "without a password and send it again."
        )


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
