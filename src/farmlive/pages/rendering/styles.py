"""A page's styles in one file: the parts that its template names, joined in their order.

The URL names the parts, so that each server of several can make the file:
`styles/lib/styles/tokens,pages/start/start.css` are `lib/styles/tokens.css` and
`pages/start/start.css`.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import quote

PREFIX = "styles/"
# More than a page has.
_MOST = 40
# A drawing of so many bytes costs less than a request.
_SMALL = 2_000
_URL = re.compile(r"""url\((["']?)(?!data:|[#/]|\w+:)([^"')]+)\1\)""")
_LINK = re.compile(r'\s*<link rel="stylesheet" href="([^"]+)">')


def name_of(parts: Sequence[str]) -> str:
    """Return the path of the file that has these styles, below the static files."""
    return PREFIX + ",".join(part.removesuffix(".css") for part in parts) + ".css"


def parts_of(path: str) -> list[str] | None:
    """Return the parts that such a path names, each once; None for another path."""
    if not path.startswith(PREFIX) or not path.endswith(".css"):
        return None
    parts = [part + ".css" for part in path[len(PREFIX) : -len(".css")].split(",")]
    known = len(parts) <= _MOST and len(set(parts)) == len(parts)
    return parts if known and not any(".." in part for part in parts) else None


def join(folder: Path, parts: Sequence[str], base: str) -> bytes:
    """Return the parts one after the other, with their relative URLs below `base`.

    Raises OSError for a part that is not a file in the folder.
    """
    texts = []
    for part in parts:
        file = (folder / part).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise FileNotFoundError(part)
        texts.append(_absolute(file.read_text("utf-8"), folder, PurePosixPath(part).parent, base))
    return "".join(texts).encode()


def links(html: str) -> list[str]:
    """Return the URLs of the style sheets that a piece of HTML loads, in their order."""
    return _LINK.findall(html)


def replace_links(html: str, below: str, url: str) -> str:
    """Return the HTML with one style sheet in the place of the first whose URL begins with `below`,
    and without the others of these.
    """
    found = [link for link in _LINK.finditer(html) if link[1].startswith(below)]
    for link in reversed(found):
        one = f'\n  <link rel="stylesheet" href="{url}">' if link is found[0] else ""
        html = html[: link.start()] + one + html[link.end() :]
    return html


def _absolute(text: str, folder: Path, below: PurePosixPath, base: str) -> str:
    """Return a style sheet with its relative URLs below `base`, and small drawings in itself."""

    def write(url: re.Match[str]) -> str:
        path = normpath(below / url[2])
        file = folder / path
        if file.suffix == ".svg" and file.is_file() and file.stat().st_size <= _SMALL:
            return f'url("{data_url(file)}")'
        return f'url("{base}{path}")'

    return _URL.sub(write, text)


def data_url(drawing: Path) -> str:
    """Return a small drawing (SVG) as a URL that has it in itself."""
    return "data:image/svg+xml," + quote(drawing.read_text("utf-8"), safe=" =:/;,()")
