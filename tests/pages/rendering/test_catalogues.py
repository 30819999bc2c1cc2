"""Every message that pages and scripts say stands in both catalogues, whole."""

import re
from collections.abc import Iterable

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from farmlive.pages.extract import PARTS, messages_of
from farmlive.pages.rendering.languages import LANGUAGES, read_words
from farmlive.pages.rendering.scripts import modules
from farmlive.pages.rendering.static import WEB

PLACE = re.compile(r"%\((\w+)\)s")


def catalogue(part: str, language: str) -> Catalog:
    with (WEB / "locale" / language / "LC_MESSAGES" / f"{part}.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(text: str | Iterable[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_every_message_is_translated(part: str, language: str) -> None:
    known = catalogue(part, language)
    missing = []
    for message in messages_of(part):
        if not message.id:
            continue
        found = known.get(message.id)
        if found is None or not all(forms(found.string)) or not forms(found.string):
            missing.append(message.id)
    assert missing == [], "run python -m farmlive.pages.extract and translate these"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_no_catalogue_holds_what_nobody_says(part: str, language: str) -> None:
    spoken = {forms(message.id)[0] for message in messages_of(part) if message.id}
    kept = {forms(message.id)[0] for message in catalogue(part, language) if message.id}
    assert kept - spoken == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_translations_keep_the_placeholders(part: str, language: str) -> None:
    for message in catalogue(part, language):
        if message.id:
            wanted = set(PLACE.findall(forms(message.id)[-1]))
            for text in forms(message.string):
                assert set(PLACE.findall(text)) == wanted, message.id


def test_a_page_gets_only_what_its_scripts_say() -> None:
    words = read_words(WEB / "locale")["zh"]
    live = words.of_scripts(*modules(WEB / "static", "pages/live/live.js"))
    assert live["Tap for sound"] == "点一下开声音"
    assert isinstance(live["%(left)s left"], list)
    assert "Sign in" not in live


def test_a_page_gets_no_text_that_its_scripts_have() -> None:
    words = read_words(WEB / "locale")["en"]
    live = modules(WEB / "static", "pages/live/live.js")
    assert words.of_scripts(*live) == {}
    assert words.gettext("Tap for sound") == "Tap for sound"


def test_a_plural_takes_the_form_of_its_number() -> None:
    words = read_words(WEB / "locale")
    assert words["en"].ngettext("%(num)s box", "%(num)s boxes", 1) == "%(num)s box"
    assert words["en"].ngettext("%(num)s box", "%(num)s boxes", 2) == "%(num)s boxes"
    assert words["zh"].ngettext("%(num)s box", "%(num)s boxes", 2) == "%(num)s 件"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_says_the_same_in_every_catalogue(language: str) -> None:
    """Of a message that stands in several, pages show the first: it needs words of its own where
    it means something else.
    """
    said: dict[str, list[str]] = {}
    for part in PARTS:
        for message in catalogue(part, language):
            if message.id:
                text = forms(message.string)
                assert said.setdefault(forms(message.id)[0], text) == text, (part, message.id)
