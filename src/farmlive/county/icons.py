"""The county's mark as the square icon of an installed page."""

from io import BytesIO
from pathlib import Path

# The pages' ground in light: where a mark is not square or lets something through.
_GROUND = "#faf6ee"


def square_icon(mark: Path, edge: int) -> bytes:
    """Return a stored picture as a PNG of `edge` by `edge` pixels, whole and in the middle.

    Blocks: call it in a thread. Raises OSError if the file is gone.
    """
    from PIL import Image

    icon = Image.new("RGB", (edge, edge), _GROUND)
    with Image.open(mark) as picture:
        drawn = picture.convert("RGBA")
    scale = edge / max(drawn.size)
    drawn = drawn.resize((max(1, round(drawn.width * scale)), max(1, round(drawn.height * scale))))
    icon.paste(drawn, ((edge - drawn.width) // 2, (edge - drawn.height) // 2), drawn)
    written = BytesIO()
    icon.save(written, "PNG")
    return written.getvalue()
