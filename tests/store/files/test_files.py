"""What is kept of a picture and of a certificate, and what is refused."""

import asyncio
import contextlib
import errno
import io
import os
import struct
import tempfile
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from PIL import Image
from tests.support.upload_bodies import chunks, keep_picture, pdf, picture

from farmlive.settings import Settings
from farmlive.store.files import files as store_files
from farmlive.store.files.files import (
    Files,
    NotACertificate,
    NotKept,
    UploadLate,
    check_pdf,
    document,
)
from farmlive.store.files.pictures import NotAPicture


async def keep_document(files: Files, data: bytes) -> str:
    async with files.receive(chunks(data)) as sent:
        return (await files.keep_document(sent, "account:1")).url


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(Settings(data=tmp_path))


def count(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def kept(files: Files, url: str) -> Image.Image:
    path = files.path(url.removeprefix("/files/"))
    assert path is not None
    return Image.open(path)


async def test_a_picture_is_kept_as_webp_under_the_hash_of_its_bytes(files: Files) -> None:
    first = await keep_picture(files, picture())
    assert (first.width, first.height) == (40, 30)
    assert files.has(first.url)
    assert await keep_picture(files, picture()) == first
    with kept(files, first.url) as image:
        assert image.format == "WEBP"


async def test_what_is_private_has_a_folder_of_its_own_that_nobody_else_reads(
    files: Files, tmp_path: Path
) -> None:
    private = Files(Settings(data=tmp_path), "claims")
    name = (await keep_picture(private, picture())).name
    path = private.path(name)
    assert path is not None
    assert path.is_relative_to(tmp_path / "claims")
    assert path.stat().st_mode & 0o777 == 0o600
    assert files.path(name) is None


async def test_a_phones_picture_is_turned_upright_made_smaller_and_tells_no_place(
    files: Files,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken
    big = await keep_picture(files, picture((4000, 3000), exif=exif))
    assert (big.width, big.height) == (1200, 1600)
    with kept(files, big.url) as image:
        assert image.size == (1200, 1600)
        assert dict(image.getexif()) == {}
        assert "exif" not in image.info


async def test_what_is_clear_stays_clear(files: Files) -> None:
    written = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(written, "PNG")
    clear = await keep_picture(files, written.getvalue())
    with kept(files, clear.url) as image:
        assert image.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "TIFF", "BMP"])
async def test_pictures_of_other_forms_are_taken(files: Files, form: str) -> None:
    assert files.has((await keep_picture(files, picture(form=form))).url)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        pdf(),
        picture()[:200],
        picture(form="PNG")[:60],
        b"GIF89a" + b"\0" * 20,
    ],
)
async def test_what_is_no_picture_is_refused_and_not_kept(
    files: Files, data: bytes, tmp_path: Path
) -> None:
    with pytest.raises(NotAPicture, match="Nothing was kept"):
        await keep_picture(files, data)
    assert count(tmp_path) == 0


@pytest.mark.parametrize("edge", [8_000, 60_000])
async def test_a_picture_bomb_is_refused_before_it_is_unpacked(files: Files, edge: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", edge, edge, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (edge + 1) * 50)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with pytest.raises(NotAPicture, match="24 million pixels"):
        await keep_picture(files, bomb)


async def test_a_certificate_is_a_pdf_as_it_is_or_a_picture(files: Files) -> None:
    url = await keep_document(files, pdf())
    assert url.endswith(".pdf")
    path = files.path(url.removeprefix("/files/"))
    assert path is not None
    assert path.read_bytes() == pdf()
    photo = await keep_document(files, picture((3000, 2000)))
    with kept(files, photo) as image:
        assert image.size == (2400, 1600)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"PK\x03\x04 a document of another kind", "neither a PDF nor a picture"),
        (pdf()[:-20], "cut off"),
        (b"%PDF-1.7\nhello\nstartxref\n9\n%%EOF", "damaged"),
        (b"%PDF-1.7\nhello\nstartxref\n99999\n%%EOF", "damaged"),
        (pdf(trailer=b" /Encrypt 5 0 R"), "locked"),
    ],
)
async def test_what_is_no_certificate_is_refused(files: Files, data: bytes, says: str) -> None:
    with pytest.raises(NotACertificate, match=says):
        await keep_document(files, data)


def test_a_pdf_may_begin_after_other_bytes_and_keep_its_table_in_an_object() -> None:
    check_pdf(b"\xef\xbb\xbf" + pdf())
    begin = b"%PDF-2.0\n7 0 obj <</Type /XRef>> stream\nstartxref\r\n"
    check_pdf(begin + b"9\r\n%%EOF")
    with pytest.raises(NotACertificate):
        check_pdf(begin + b"99999\r\n%%EOF")


@pytest.mark.parametrize(
    "name", ["", "../farmlive.sqlite3", "a.webp", "A" * 64 + ".webp", "0" * 64 + ".svg", "0" * 64]
)
def test_other_names_lead_nowhere(files: Files, name: str) -> None:
    assert files.path(name) is None
    assert not files.has(name)
    assert not files.has(f"/files/{name}")


async def test_what_is_on_its_way_is_held_on_the_disk_and_is_gone_without_a_trace(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two() -> AsyncIterator[bytes]:
        yield b"one, "
        yield b"two"

    async with files.receive(two()) as received:
        received.seek(0)
        assert received.read() == b"one, two"
    assert count(tmp_path) == 0

    async def never() -> AsyncIterator[bytes]:
        yield b"one, "
        await asyncio.Event().wait()

    monkeypatch.setattr(store_files, "RECEIVE_S", 0.01)
    with pytest.raises(UploadLate, match="Nothing was kept"):
        async with files.receive(never()):
            raise AssertionError("it was not here as a whole")
    assert count(tmp_path) == 0


async def test_a_full_disk_keeps_nothing_and_is_told(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(NotKept, match="No space left"):
            await keep_picture(files, picture())
    assert count(tmp_path) == 0
    assert files.has((await keep_picture(files, picture())).url)


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(
    whole=st.sampled_from([picture(), picture(form="PNG"), picture(form="WEBP"), pdf()]),
    at=st.floats(0, 1),
    put=st.binary(max_size=40),
    cut=st.booleans(),
)
def test_whatever_is_sent_is_kept_or_refused(
    whole: bytes, at: float, put: bytes, cut: bool
) -> None:
    place = int(at * len(whole))
    torn = whole[:place] + put + (b"" if cut else whole[place + len(put) :])
    with contextlib.suppress(NotACertificate), tempfile.TemporaryFile() as sent:
        sent.write(torn)
        sent.flush()
        kept, form = document(sent)
        assert kept
        assert form in ("pdf", "webp")
