"""The program that decodes one picture: a file at standard input, a small WebP at standard output.

It runs in a process of its own under limits of memory and time, since a decoder fed by strangers
is where a server is drained or broken into. It imports Pillow and nothing of farmlive, so that it
starts in 30 ms and holds nothing worth taking. `pictures.py` starts it and reads its answer.

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

# Pixels that a format may have, by how much memory its decoder takes for each at its worst: WebP
# 18 bytes, AVIF 13, the others 10. A JPEG is read at a fraction of its size.
MOST_PIXELS = {"JPEG": 200_000_000, "WEBP": 14_000_000, "AVIF": 16_000_000}
MOST_PIXELS_ELSE = 24_000_000

# The address space that a picture may add, bytes, and the processor's time, seconds.
MEMORY = 256 << 20
CPU_S = 8

EXIT_UNREADABLE = 3
EXIT_TOO_MANY_PIXELS = 4  # standard output says: width, height, the most
EXIT_TOO_MUCH_MEMORY = 5


# A decoder that is short of memory may say that the file is broken: one of more pixels than this is
# told to be too heavy, and one of fewer to be broken.
SURELY_FITS = 12_000_000


class TooHeavy(Exception):
    """The picture takes too much memory."""


class TooManyPixels(Exception):
    """The picture has more pixels than its format may have: width, height, the most."""


def shrink(sent: IO[bytes], edge: int) -> tuple[bytes, tuple[int, int]]:
    """Return a picture as WebP, upright, at most `edge` pixels wide and high, and its size.

    Nothing that its camera wrote stays. Raises TooManyPixels, TooHeavy, and whatever Pillow
    stumbles on.
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
            if image.mode in ("1", "P", "PA"):  # a palette's numbers can't be averaged
                small = image.convert("RGBA" if clear else "RGB")
            # Made small first and turned then: a copy of the whole would double what it takes.
            small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        except Exception as error:
            if isinstance(error, MemoryError) or width * height > SURELY_FITS:
                raise TooHeavy from error
            raise
        small = ImageOps.exif_transpose(small).convert("RGBA" if clear else "RGB")
        written = io.BytesIO()
        # The colour profile stays, or a phone's wide colours would fade; nothing else does.
        kept = {"icc_profile": profile} if 0 < len(profile) <= MAX_PROFILE else {}
        small.save(written, "WEBP", quality=QUALITY, method=4, exif=b"", xmp=b"", **kept)
    return written.getvalue(), small.size


def confine() -> None:
    """Give this process its limits: memory, time, no file to write, the lowest priority."""
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
    """Decode what is at standard input. Return the exit code."""
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
    except Exception:  # Pillow's readers raise whatever a torn file makes them stumble on
        return EXIT_UNREADABLE
    sys.stdout.buffer.write(b"%d %d\n" % (width, height) + data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
