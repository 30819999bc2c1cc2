"""docs/integrate.md: what stands there as code, by its language, and the points of its list."""

import re
from pathlib import Path

_GUIDE = Path(__file__).parents[2] / "docs" / "integrate.md"

_TEXT = _GUIDE.read_text("utf-8")

BLOCKS: dict[str, str] = dict(re.findall(r"^```(\w+)\n(.*?)^```$", _TEXT, re.S | re.M))


def told(point: str) -> str:
    """What the guide says in a point of its list."""
    (text,) = re.findall(rf"^- \*\*{point}\.\*\*(.*?)(?=^- \*\*|^$)", _TEXT, re.S | re.M)
    return str(text)
