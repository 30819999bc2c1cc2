"""docs/integrate.md: the programs and the configuration that stand there, by their language."""

import re
from pathlib import Path

_GUIDE = Path(__file__).parents[1] / "docs" / "integrate.md"

BLOCKS: dict[str, str] = dict(
    re.findall(r"^```(\w+)\n(.*?)^```$", _GUIDE.read_text("utf-8"), re.S | re.M)
)
