"""Bodies of uploads: pictures, PDF files, and the chunks in which they arrive."""

import io
from collections.abc import AsyncIterator

from PIL import Image

from farmlive.store.files.files import (
    Files,
    Picture,
)


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    """The data as it comes from the network."""
    yield data


class Never:
    """A file that must not be read."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("the file was read")


never = Never()


async def keep_picture(files: Files, data: bytes) -> Picture:
    async with files.receive(chunks(data)) as sent:
        return await files.keep_picture(sent, "account:1")


def picture(size: tuple[int, int] = (40, 30), form: str = "JPEG", **how: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, (200, 120, 20)).save(written, form, **how)
    return written.getvalue()


def pdf(body: bytes = b"1 0 obj <</Type /Catalog>> endobj\n", trailer: bytes = b"") -> bytes:
    begin = b"%PDF-1.7\n" + body
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer <</Size 1 /Root 1 0 R" + trailer + b">>\n"
    return begin + table + b"startxref\n%d\n%%%%EOF\n" % len(begin)
