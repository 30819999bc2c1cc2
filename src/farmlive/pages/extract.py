"""Updates the catalogues from the texts of templates, scripts and pages.

`python -m farmlive.pages.extract` in the working copy, after a text was added or changed. Each
language has one catalogue for each part of the pages: studio.po for the pages behind a sign-in,
review.po for the review, messages.po for all others. Translations stay; new messages are added
without one (in English, as in the source).
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from farmlive.pages.rendering.languages import LANGUAGES
from farmlive.pages.rendering.static import WEB

Text = str | list[str] | tuple[str, ...] | None

PAGES = Path(__file__).parent
PARTS = ("messages", "studio", "review")
# The pages behind a sign-in.
STUDIO = {"studio", "admin", "console", "documents", "guest", "orders", "pickup"}
JINJA = {"silent": "false", "trimmed": "true", "newstyle_gettext": "true"}
# Words within `…${t("…")}…` too.
SCRIPT = {"parse_template_string": "true"}
# Calls in scripts: t("…"), n("…", "…", count).
SCRIPT_WORDS = {"t": None, "n": (1, 2)}
PYTHON_WORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "word": None}


def sources(part: str) -> Iterator[tuple[str, Path, str]]:
    """Yield the files of a part: method, file, and its name in the catalogue."""
    for folder, method, pattern in (
        (WEB / "templates", "jinja2.ext:babel_extract", "**/*.html"),
        (WEB / "static", "javascript", "**/*.js"),
        (PAGES, "python", "**/*.py"),
    ):
        for file in sorted(folder.glob(pattern)):
            inside = file.relative_to(folder)
            if "vendor" in inside.parts or file == Path(__file__):
                continue
            if part_of(inside) == part:
                yield method, file, f"{folder.name}/{inside.as_posix()}"


def part_of(inside: Path) -> str:
    """Return the part that a file belongs to, by the page whose folder or name it has."""
    page = Path(inside.parts[1] if inside.parts[0] == "pages" else inside.parts[0]).stem
    return "studio" if page in STUDIO else page if page in PARTS else "messages"


def messages_of(part: str) -> Catalog:
    """Return every message of the files of a part, without translations."""
    catalogue = Catalog(fuzzy=False)
    for method, file, name in sources(part):
        keywords = SCRIPT_WORDS if method == "javascript" else PYTHON_WORDS
        options = {"javascript": SCRIPT, "python": {}}.get(method, JINJA)
        for line, message, comments, context in extract_from_file(
            method, file, keywords={**keywords, "_": None, "gettext": None}, options=options
        ):
            catalogue.add(
                message, locations=[(name, line)], auto_comments=comments, context=context
            )
    return catalogue


def update(part: str, language: str, prefer: Catalog | None = None) -> tuple[Catalog, int]:
    """Write the catalogue of a part; return it and the number of messages without a translation."""
    file = WEB / "locale" / language / "LC_MESSAGES" / f"{part}.po"
    old = read_po(BytesIO(file.read_bytes()), locale=language) if file.exists() else None
    new = Catalog(
        locale=language,
        fuzzy=False,
        project="farmlive",
        version="1",
        header_comment=f"# The {part} catalogue of farmlive's pages.",
    )
    for message in messages_of(part):
        if message.id:
            new[message.id] = Message(
                message.id,
                string=_known(message, language, old, prefer),
                locations=sorted({(place, 0) for place, _ in message.locations}),
                flags=message.flags - {"fuzzy"},
            )
    written = BytesIO()
    write_po(written, new, width=98, sort_output=True, include_lineno=False, omit_header=False)
    stable = re.sub(
        rb'"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Report-Msgid-Bugs-To'
        rb"|Generated-By):.*\n",
        b"",
        written.getvalue(),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(stable)
    return new, sum(1 for message in new if message.id and not _complete(message))


def _known(message: Message, language: str, *catalogues: Catalog | None) -> Text:
    for catalogue in catalogues:
        found = catalogue.get(message.id) if catalogue else None
        # A message that gains a plural needs a new translation.
        if found is not None and _complete(found) and found.pluralizable == message.pluralizable:
            return found.string
    if language == "en":
        return message.id
    return "" if isinstance(message.id, str) else ("",)


def _complete(message: Message) -> bool:
    text = message.string
    return all(text) if isinstance(text, list | tuple) else bool(text)


def main() -> None:
    """Update every catalogue."""
    for language in LANGUAGES:
        shared, missing = update("messages", language)
        for part in PARTS[1:]:
            _, more = update(part, language, prefer=shared)
            missing += more
        print(f"{language}: {missing} messages to translate")  # noqa: T201


if __name__ == "__main__":
    main()
