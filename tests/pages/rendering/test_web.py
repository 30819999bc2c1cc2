"""What stands in web/: nothing from elsewhere, nothing inline, and colours that can be read."""

import re
from pathlib import Path

import pytest

from farmlive.pages.rendering.static import WEB

OWN = [
    file
    for folder in ("templates", "static")
    for file in sorted((WEB / folder).rglob("*"))
    if file.suffix in (".html", ".css", ".js", ".svg") and "vendor" not in file.parts
]
# Names of XML namespaces are no addresses.
NAMES = ("http://www.w3.org/2000/svg",)


def name(file: Path) -> str:
    return file.relative_to(WEB).as_posix()


@pytest.mark.parametrize("file", OWN, ids=name)
def test_nothing_is_loaded_from_elsewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for namespace in NAMES:
        text = text.replace(namespace, "")
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S) if file.suffix == ".js" else text
    assert not re.search(r"""(src|href|url|import|from|fetch)\W{0,4}(https?:)?//\w""", text)


@pytest.mark.parametrize("file", [file for file in OWN if file.suffix == ".html"], ids=name)
def test_no_style_or_script_stands_inline(file: Path) -> None:
    text = re.sub(r"{#.*?#}", "", file.read_text(encoding="utf-8"), flags=re.S)
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son\w+=", text)
    assert "<style" not in text
    for tag in re.findall(r"<script[^>]*>", text):
        # The one that watches the others begin is allowed by its hash.
        is_watch = file.name == "base.html" and tag.startswith("<script data-old=")
        assert "src=" in tag or 'type="application/json"' in tag or is_watch


COLOUR = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{6});")
# Ink on ground, and the least contrast (WCAG 2.2, 1.4.3 and 1.4.11).
PAIRS = [
    ("ink", "paper", 4.5),
    ("ink", "surface", 4.5),
    ("ink", "sunk", 4.5),
    ("ink", "kumquat-wash", 4.5),
    ("ink", "leaf-wash", 4.5),
    ("ink-soft", "paper", 4.5),
    ("ink-soft", "surface", 4.5),
    ("ink-soft", "sunk", 4.5),
    ("on-kumquat", "kumquat", 4.5),
    ("on-kumquat", "kumquat-press", 4.5),
    ("kumquat-ink", "paper", 4.5),
    ("kumquat-ink", "surface", 4.5),
    ("kumquat-ink", "kumquat-wash", 4.5),
    ("leaf", "paper", 4.5),
    ("leaf", "surface", 4.5),
    ("leaf", "leaf-wash", 4.5),
    ("red", "paper", 4.5),
    ("red", "surface", 4.5),
    ("red", "red-wash", 4.5),
    ("on-red", "red", 4.5),
    ("line-strong", "paper", 3),
    ("line-strong", "surface", 3),
    ("focus", "paper", 3),
    ("focus", "surface", 3),
]


def themes() -> dict[str, dict[str, str]]:
    text = (WEB / "static" / "lib" / "styles" / "tokens.css").read_text(encoding="utf-8")
    light = dict(COLOUR.findall(text[: text.index("@media")]))
    followed = dict(
        COLOUR.findall(text[text.index("@media") : text.index(':root[data-theme="dark"]')])
    )
    chosen = text[text.index(':root[data-theme="dark"]') :]
    dark = dict(COLOUR.findall(chosen[: chosen.index("@media")]))
    assert followed == dark, "dark by the device and dark by data-theme must be the same"
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_colours_can_be_read(theme: str, ink: str, ground: str, least: float) -> None:
    colours = themes()[theme]
    bright, dim = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= least
