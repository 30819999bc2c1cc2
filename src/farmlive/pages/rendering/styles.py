"""A page's styles in one file: the parts that its template names, joined in their order.

The URL names the parts, so that each server of several can make the file. Only those are made that
the templates name: `styles/lib/styles/tokens,pages/start/start.css` are `lib/styles/tokens.css` and
`pages/start/start.css`.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import quote

PREFIX = "styles/"
# A drawing of so many bytes costs less than a request.
_SMALL = 2_000
_URL = re.compile(r"""url\((["']?)(?!data:|[#/]|\w+:)([^"')]+)\1\)""")
_LINK = re.compile(r'\s*<link rel="stylesheet" href="([^"]+)">')
# In a template: a part, parts that some pages leave out, and the template that it extends.
_PART = re.compile(r"""<link rel="stylesheet" href="\{\{ static\('([^']+)'\) \}\}">""")
_OPTIONAL = re.compile(r"\{% if [^%]*%\}\s*(?:<link rel=\"stylesheet\"[^>]*>\s*)+\{% endif %\}")
_EXTENDS = re.compile(r'\{% extends "([^"]+)" %\}')


def name_of(parts: Sequence[str]) -> str:
    """Return the path of the file that has these styles, below the static files."""
    return PREFIX + ",".join(part.removesuffix(".css") for part in parts) + ".css"


def of_templates(folder: Path) -> set[str]:
    """Return the names of the files that pages made of these templates link, with the parts that
    stand in a condition and without.
    """
    found = set()
    for file in folder.rglob("*.html"):
        texts: list[str] = []
        name: str | None = file.relative_to(folder).as_posix()
        while name is not None:
            # What follows the filter in the base is not joined.
            texts.insert(0, (folder / name).read_text("utf-8").partition("{% endfilter %}")[0])
            extends = _EXTENDS.search(texts[0])
            name = extends[1] if extends else None
        for text in ("".join(texts), _OPTIONAL.sub("", "".join(texts))):
            parts = _PART.findall(text)
            if len(parts) > 1:
                found.add(name_of(parts))
    return found


def is_joined(path: str) -> bool:
    """Return whether a path below the static files is that of joined styles."""
    return path.startswith(PREFIX) and path.endswith(".css")


def parts_of(name: str) -> list[str]:
    """Return the parts that the name of joined styles has."""
    return [part + ".css" for part in name[len(PREFIX) : -len(".css")].split(",")]


def join(folder: Path, parts: Sequence[str], base: str) -> bytes:
    """Return the parts one after the other, with their relative URLs below `base`."""
    texts = (
        _absolute((folder / part).read_text("utf-8"), folder, PurePosixPath(part).parent, base)
        for part in parts
    )
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
