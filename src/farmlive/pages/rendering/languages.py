"""The languages of the pages: catalogues read from .po files, and the visitor's language.

formats.py formats numbers, money and times.
"""

from collections.abc import Iterable
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import HTTPConnection

LANGUAGES = ("zh", "en")
DEFAULT = "zh"
COOKIE = "farmlive_language"
# Under https; the other one is read too.
SECURE_COOKIE = f"__Host-{COOKIE}"
COOKIE_DAYS = 365

# How a language is called in itself, and the tag of its pages (BCP 47).
NAMES = {"zh": "中文", "en": "English"}
TAGS = {"zh": "zh-CN", "en": "en"}
LOCALES = {"zh": Locale.parse("zh_Hans_CN"), "en": Locale.parse("en_GB")}


class Words:
    """The messages of one language: every .po file of its folder, messages.po first."""

    def __init__(self, language: str, catalogues: Iterable[Catalog]):
        self.language = language
        whole = Catalog(locale=language)
        self._places: dict[str, set[str]] = {}
        self._forms: dict[str, str | list[str]] = {}
        # Those whose text is the message itself, which scripts say without being given it.
        self._as_said: set[str] = set()
        self._of_scripts: dict[tuple[str, ...], dict[str, str | list[str]]] = {}
        for catalogue in catalogues:
            for message in catalogue:
                if not message.id:
                    continue
                key = message.id if isinstance(message.id, str) else message.id[0]
                self._places.setdefault(key, set()).update(place for place, _ in message.locations)
                if key in self._forms:
                    continue
                whole[message.id] = message
                text = message.string
                self._forms[key] = list(text) if isinstance(text, list | tuple) else (text or "")
                said = message.id if isinstance(message.id, str) else list(message.id)
                if self._forms[key] == said:
                    self._as_said.add(key)
        compiled = BytesIO()
        write_mo(compiled, whole)
        compiled.seek(0)
        self.translations = GNUTranslations(compiled)

    def gettext(self, message: str) -> str:
        """Return the message in this language."""
        return self.translations.gettext(message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Return the message in the plural form of this number."""
        return self.translations.ngettext(one, many, number)

    def of_scripts(self, *paths: str) -> dict[str, str | list[str]]:
        """Return the messages of these scripts, `{message: text or plural forms}`, but for those
        that read as the scripts have them.

        `paths` are below web/static. The result is kept, because each page needs it.
        """
        if paths not in self._of_scripts:
            files = {f"static/{path}" for path in paths}
            self._of_scripts[paths] = {
                key: self._forms[key]
                for key, places in sorted(self._places.items())
                if not files.isdisjoint(places) and self._forms[key] and key not in self._as_said
            }
        return self._of_scripts[paths]


def read_words(folder: Path) -> dict[str, Words]:
    """Read the catalogues below a folder `locale/{language}/LC_MESSAGES/*.po`."""
    words = {}
    for language in LANGUAGES:
        files = sorted(
            (folder / language / "LC_MESSAGES").glob("*.po"),
            key=lambda file: (file.name != "messages.po", file.name),
        )
        words[language] = _read(language, tuple((file, file.stat().st_mtime_ns) for file in files))
    return words


@cache
def _read(language: str, files: tuple[tuple[Path, int], ...]) -> Words:
    """Read files of this age, once."""
    catalogues = []
    for file, _ in files:
        with file.open("rb") as opened:
            catalogues.append(read_po(opened, locale=language))
    return Words(language, catalogues)


def requested_language(connection: HTTPConnection) -> str | None:
    """Return the language that `?lang=` names, if it is one of ours."""
    asked = connection.query_params.get("lang")
    return asked if asked in LANGUAGES else None


def language_of(connection: HTTPConnection) -> str:
    """Return the visitor's language: `?lang=`, then the cookie, then Accept-Language, then
    Chinese.
    """
    cookies = connection.cookies
    asked = requested_language(connection) or cookies.get(SECURE_COOKIE) or cookies.get(COOKIE)
    if asked in LANGUAGES:
        return asked
    accepted = _accepted(connection.headers.get("accept-language", ""))
    return negotiate_locale(accepted, LANGUAGES, sep="-") or DEFAULT


def _accepted(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, most wanted first (RFC 9110, section
    12.5.4).
    """
    weighted: list[tuple[float, str]] = []
    for part in header[:1000].split(","):
        tag, _, parameter = part.partition(";")
        weight = 1.0
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                weight = float(value)
            except ValueError:
                continue
        tag = tag.strip()
        if tag and weight > 0:
            weighted.append((weight, tag.split("-")[0].lower()))
    return [tag for _, tag in sorted(weighted, key=lambda item: -item[0])]
