"""A page's scripts: its entries, and every module that they import.

Scripts are native ES modules without a bundler. The imports define which modules a page preloads,
and which texts the server sends with it.
"""

import re
from functools import cache
from pathlib import Path, PurePosixPath

# `import … from "./x.js"`, `export … from …` and `import "./x.js"`; below `import("./x.js")`, and
# the URL of a worker.
_IMPORT = re.compile(r"""^(?:import|export)\b[^;"'(]*["'](\.[^"']+)["']""", re.MULTILINE)
_LATER = re.compile(r"""\b(?:import|new URL)\(\s*["'](\.[^"']+\.js)["']""")


@cache
def modules(folder: Path, *entries: str, later: bool = False) -> tuple[str, ...]:
    """Return the entries and all modules that they import, as paths below `folder`, in order.

    `later`: also those that they load while they run. Raises FileNotFoundError if a module is not
    there.
    """
    found: dict[str, None] = {}
    waiting = list(reversed(entries))
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = None
        text = (folder / path).read_text(encoding="utf-8")
        imports = _IMPORT.findall(text) + (_LATER.findall(text) if later else [])
        waiting += [_resolve(path, name) for name in reversed(imports)]
    return tuple(found)


def _resolve(importer: str, name: str) -> str:
    """Return the path of a module that another one imports by a relative URL."""
    parts = list(PurePosixPath(importer).parent.parts)
    for part in PurePosixPath(name).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
