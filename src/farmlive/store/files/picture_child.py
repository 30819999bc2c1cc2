"""A program that decodes one picture from standard input to a small WebP on standard output.

It runs as a process of its own under limits of memory and time, since decoders of strangers' files
are a target of denial of service and of exploits. It imports Pillow and nothing of farmlive, so
that it starts in 30 ms and holds no secrets. `pictures.py` starts it and reads its output.

Arguments: the folder that Pillow lies in, and the edge of the result in pixels. Exit codes are
`EXIT_*`.
"""

import io
import os
import sys
from contextlib import suppress
from typing import IO, Any

QUALITY = 82
MAX_PROFILE = 64 * 1024
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")

# Most pixels of a picture, by a decoder's worst memory per pixel: WebP 18 bytes, AVIF 13, the
# others 10. A JPEG is decoded at a fraction of its size.
MOST_PIXELS = {"JPEG": 200_000_000, "WEBP": 14_000_000, "AVIF": 16_000_000}
MOST_PIXELS_ELSE = 24_000_000

# Limits of added address space, bytes, and of CPU time, seconds.
MEMORY = 256 << 20
CPU_S = 8

EXIT_UNREADABLE = 3
EXIT_TOO_MANY_PIXELS = 4  # standard output: width, height, most pixels
EXIT_TOO_MUCH_MEMORY = 5


# A decoder out of memory may report a broken file: above this many pixels a failure counts as
# TooHeavy, below it as unreadable.
SURELY_FITS = 12_000_000


class TooHeavy(Exception):
    """Decoding takes too much memory."""


class TooManyPixels(Exception):
    """More pixels than the format may have; arguments: width, height, most pixels."""


def shrink(sent: IO[bytes], edge: int) -> tuple[bytes, tuple[int, int]]:
    """Return a picture as WebP, upright, at most `edge` pixels wide and high, and its size.

    Metadata is dropped. Raises TooManyPixels, TooHeavy, and any error of Pillow.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the table above is the limit
    with Image.open(sent, formats=FORMATS) as image:
        width, height = image.size
        most = MOST_PIXELS.get(image.format or "", MOST_PIXELS_ELSE)
        if width * height > most:
            raise TooManyPixels(width, height, most)
        image.draft("RGB", (edge, edge))
        profile = image.info.get("icc_profile", b"") if image.mode == "RGB" else b""
        clear = "A" in image.getbands() or "transparency" in image.info
        small: Any = image
        try:
            if image.mode in ("1", "P", "PA"):  # palette indexes can't be interpolated
                small = image.convert("RGBA" if clear else "RGB")
            # Resize before turning upright: turning copies, which would double the memory.
            small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        except Exception as error:
            if isinstance(error, MemoryError) or width * height > SURELY_FITS:
                raise TooHeavy from error
            raise
        small = ImageOps.exif_transpose(small).convert("RGBA" if clear else "RGB")
        written = io.BytesIO()
        # Keep the colour profile alone: without it a phone's wide-gamut colours would fade.
        kept = {"icc_profile": profile} if 0 < len(profile) <= MAX_PROFILE else {}
        small.save(written, "WEBP", quality=QUALITY, method=4, exif=b"", xmp=b"", **kept)
    return written.getvalue(), small.size


def confine() -> None:
    """Limit this process: memory, CPU time, no writes to files, lowest priority."""
    import resource

    with open("/proc/self/statm", "rb") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, mapped + MEMORY),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(10)


def main(pillow: str, edge: int) -> int:
    """Decode standard input; return the exit code."""
    sys.path.insert(0, pillow)
    from PIL import AvifImagePlugin, Image

    Image.preinit()
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each thread's stack counts as memory
    with suppress(OSError):  # no /proc: no Linux
        confine()
    try:
        data, (width, height) = shrink(sys.stdin.buffer, edge)
    except TooManyPixels as error:
        sys.stdout.buffer.write(b"%d %d %d" % error.args)
        return EXIT_TOO_MANY_PIXELS
    except TooHeavy:
        return EXIT_TOO_MUCH_MEMORY
    except Exception:  # Pillow's decoders raise any exception on a broken file
        return EXIT_UNREADABLE
    sys.stdout.buffer.write(b"%d %d\n" % (width, height) + data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
