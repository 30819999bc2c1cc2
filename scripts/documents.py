"""Checks the documents: the index names each, links resolve, pictures are shown."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

# Of all pictures together, so that a clone stays small.
MOST_PICTURE_BYTES = 3_000_000
PICTURE_FORMATS = {".webp", ".svg"}
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LABEL = re.compile(r"(?<![*\w])\*(?!\*)([^*]+)\*(?![*\w])")
LINK = re.compile(r"\]\(([^)\s]+)\)|<img\b[^>]*?\bsrc=\"([^\"]+)\"")


def documents(root: Path) -> list[Path]:
    """Return every document: those at the root and those in docs."""
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def links(text: str) -> Iterator[str]:
    """Yield the relative targets of a document's links and pictures, code left out."""
    for match in LINK.finditer(CODE.sub("", text)):
        target = match[1] or match[2]
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(text: str) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    found: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#+ (.+)$", re.sub(r"(?ms)^```.*?^```", "", text), re.MULTILINE):
        words = re.sub(r"\]\([^)]*\)", "", heading)
        name = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names


def broken_links(root: Path) -> Iterator[str]:
    """Name the links that lead to no file, or to no heading of it."""
    for document in documents(root):
        for target in sorted(set(links(document.read_text()))):
            path, _, anchor = target.partition("#")
            there = (document.parent / path).resolve() if path else document
            name = document.relative_to(root)
            if not there.is_relative_to(root):
                yield f"{name} links to {path}, which is outside of the repository"
            elif not there.exists():
                yield f"{name} links to {path}, which is not there"
            elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text()):
                yield f"{name} links to {target}, which has no such heading"


def unlisted(root: Path) -> Iterator[str]:
    """Name the documents that the index, docs/README.md, does not link to."""
    index = root / "docs" / "README.md"
    linked = {
        (index.parent / link.partition("#")[0]).resolve() for link in links(index.read_text())
    }
    for document in documents(root):
        if document.name != "README.md" and document.resolve() not in linked:
            yield f"docs/README.md does not link to {document.relative_to(root)}"


def wrong_pictures(root: Path) -> Iterator[str]:
    """Name the pictures that no document shows, and say where they are too large."""
    shown = {
        (document.parent / link).resolve()
        for document in documents(root)
        for link in links(document.read_text())
    }
    pictures = sorted((root / "docs" / "pictures").iterdir())
    for picture in pictures:
        name = picture.relative_to(root)
        if picture.resolve() not in shown:
            yield f"no document shows {name}: remove it, or take it to look at with --to"
        if picture.suffix not in PICTURE_FORMATS:
            yield f"{name} is neither WebP nor SVG"
    total = sum(picture.stat().st_size for picture in pictures)
    if total > MOST_PICTURE_BYTES:
        yield f"docs/pictures has {total:,} bytes; at most {MOST_PICTURE_BYTES:,} are allowed"


def page_texts(root: Path) -> list[str]:
    """Return the English texts of the pages, from the catalogues, in lower case."""
    texts: list[str] = []
    for catalogue in sorted((root / "web" / "locale" / "zh" / "LC_MESSAGES").glob("*.po")):
        with catalogue.open("rb") as file:
            for message in read_po(file):
                both = (message.id,) if isinstance(message.id, str) else message.id
                texts += [" ".join(text.lower().split()) for text in both]
    return texts


def unknown_labels(text: str, texts: list[str]) -> Iterator[str]:
    """Yield the words in italics that no page has; an ellipsis stands for what varies."""
    for match in LABEL.finditer(CODE.sub("", text)):
        label = " ".join(match[1].split())
        parts = [re.escape(part.strip()) for part in re.split(r" … |…", label.lower()) if part]
        wanted = re.compile(".*".join(parts))
        if not any(wanted.search(text) for text in texts):
            yield label


def differences(root: Path) -> list[str]:
    """Name all faults of the documents under this folder."""
    guide = root / "docs" / "host.md"
    labels = [
        f"docs/host.md names *{label}*, which no page says"
        for label in unknown_labels(guide.read_text(), page_texts(root))
    ]
    return [*broken_links(root), *unlisted(root), *wrong_pictures(root), *labels]
