"""Pictures and documents that people upload, kept in the data folder under the hash of their bytes.

A file never changes and may be there without anyone pointing to it; who points to it is the rooms'
part, who may upload the routes'.
"""

import asyncio
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from PIL import Image, ImageOps
from pydantic import StringConstraints

from farmlive.problems import Problem, Unavailable
from farmlive.settings import Settings

T = TypeVar("T")

PICTURE_EDGE = 1600
DOCUMENT_EDGE = 2400  # a photographed certificate must stay readable
MAX_PIXELS = 64_000_000
QUALITY = 82
MAX_PROFILE = 64 * 1024
AT_ONCE = 2  # a decoded picture may take 200 MB for a moment
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")

_NAME = re.compile(r"[0-9a-f]{64}\.(webp|pdf)")
_PDF_END = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_XREF = re.compile(rb"\s*(xref\b|\d+\s+\d+\s+obj\b)")

PictureUrl = Annotated[str, StringConstraints(pattern=r"^/files/[0-9a-f]{64}\.webp$")]
"""The address of a picture as `keep_picture` answers it; whether it is there, `Files.has` tells."""


class NotAPicture(Problem):
    """What was sent as a picture can't be read as one, or is too big to be read."""

    status = 422
    slug = "not-a-picture"
    title = "That is not a picture we can read"


class NotACertificate(Problem):
    """What was sent as a certificate is neither a PDF nor a picture."""

    status = 422
    slug = "not-a-certificate"
    title = "A certificate is a PDF or a picture"


class NotKept(Unavailable):
    """The disk did not take the file."""

    slug = "file-not-kept"
    title = "The file could not be kept"


@dataclass(frozen=True)
class Picture:
    """A kept picture: its name, and its size in pixels."""

    name: str
    width: int
    height: int

    @property
    def url(self) -> str:
        """The address of one that everyone may see."""
        return f"/files/{self.name}"


class Files:
    """The files of one data folder; servers that share a database share the folder too.

    Those of another `folder` of it than `files` have no public address, and nobody else of this
    machine reads them.
    """

    def __init__(self, settings: Settings, folder: str = "files"):
        self._folder = settings.data / folder
        self._mode = 0o644 if folder == "files" else 0o600
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def keep_picture(self, data: bytes) -> Picture:
        """Keep a picture: upright, 1600 pixels at most, as WebP without the facts of its camera.

        Raises NotAPicture.
        """
        written, (width, height) = await self._in_thread(lambda: picture(data, PICTURE_EDGE))
        name = await self._in_thread(lambda: self._keep(written, "webp"))
        return Picture(name, width, height)

    async def keep_document(self, data: bytes) -> str:
        """Keep a certificate, a PDF as it is or a picture as a picture, and tell its address.

        Raises NotACertificate.
        """
        written, ending = await self._in_thread(lambda: document(data))
        return f"/files/{await self._in_thread(lambda: self._keep(written, ending))}"

    def has(self, url: str) -> bool:
        """Whether the address is that of a file kept here."""
        name = url.removeprefix("/files/")
        return url != name and self.path(name) is not None

    def path(self, name: str) -> Path | None:
        """Where the file of that name, `{sha-256}.webp` or `.pdf`, is kept; None if it is not."""
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / name[:2] / name
        return path if path.is_file() else None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(work)

    def _keep(self, data: bytes, ending: str) -> str:
        name = f"{hashlib.sha256(data).hexdigest()}.{ending}"
        path = self._folder / name[:2] / name
        try:
            if not path.exists():
                _write(path, data, self._mode)
        except OSError as error:
            raise NotKept(
                f"The disk did not take the file ({error.strerror}). Nothing was kept: tell the "
                "operator, then send it again."
            ) from error
        return name


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write the file so that it is whole and on the disk before anyone points to it."""
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


def document(data: bytes) -> tuple[bytes, str]:
    """What is to be kept of a certificate, and the ending of its name, `pdf` or `webp`.

    Raises NotACertificate.
    """
    if b"%PDF-" in data[:1024]:
        check_pdf(data)
        return data, "pdf"
    try:
        return picture(data, DOCUMENT_EDGE)[0], "webp"
    except NotAPicture as error:
        raise NotACertificate(
            "The file is neither a PDF nor a picture that can be read. Nothing was kept: send the "
            "certificate as PDF, JPEG or PNG."
        ) from error


def check_pdf(data: bytes) -> None:
    """Check that a PDF is whole: its end names where its table of objects begins, and it does.

    ISO 32000-2, section 7.5.5. Raises NotACertificate, for one that asks for a password too.
    """
    begin = data.index(b"%PDF-")
    found = _PDF_END.findall(data, max(0, len(data) - 2048))
    # What stands before the header counts for some writers and not for others.
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


def picture(data: bytes, edge: int) -> tuple[bytes, tuple[int, int]]:
    """A picture as WebP, `edge` pixels wide and high at most, and its size. Raises NotAPicture."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise NotAPicture(
                    f"The picture has {width} by {height} pixels. Nothing was kept: send one of "
                    f"{MAX_PIXELS // 1_000_000} million pixels at most."
                )
            image.draft("RGB", (edge, edge))
            upright = ImageOps.exif_transpose(image)
            profile = image.info.get("icc_profile", b"") if image.mode == "RGB" else b""
            clear = "A" in upright.getbands() or "transparency" in upright.info
            small = upright.convert("RGBA" if clear else "RGB")
            small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
            written = io.BytesIO()
            # The colour profile stays, or a phone's wide colours would fade; nothing else does.
            kept = {"icc_profile": profile} if 0 < len(profile) <= MAX_PROFILE else {}
            small.save(written, "WEBP", quality=QUALITY, method=4, exif=b"", xmp=b"", **kept)
    except NotAPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAPicture(
            "The picture is far too large. Nothing was kept: send one of "
            f"{MAX_PIXELS // 1_000_000} million pixels at most."
        ) from error
    except Exception as error:  # Pillow's readers raise whatever a torn file makes them stumble on
        raise NotAPicture(
            "The file can't be read as a picture, or it is cut off. Nothing was kept: send a JPEG, "
            "PNG or WebP."
        ) from error
    return written.getvalue(), small.size


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
