"""Names of files that a browser saves: what it is, of which day, of what, such as
`cash-2026-11-28-youxi.csv` (RFC 6266).
"""

import re
import unicodedata
from urllib.parse import quote

from farmlive.bilingual import Bilingual

# Characters of a part, which a phone still shows beside the others.
_LONGEST = 40


def attachment(language: str, form: str, *parts: str | Bilingual) -> str:
    """Return the Content-Disposition of a file of that form, such as `csv`.

    Its name is in the reader's language; `filename` is the one in ASCII for programs that read no
    `filename*`. Parts without a letter or digit are left out.
    """
    spoken = [_slug(_in(part, language)) for part in parts]
    plain = [_ascii(_in(part, "en")) for part in parts]
    name = "-".join(filter(None, spoken)) + f".{form}"
    fallback = "-".join(filter(None, plain)) + f".{form}"
    header = f'attachment; filename="{fallback}"'
    return header if name == fallback else f"{header}; filename*=UTF-8''{quote(name, safe='')}"


def _in(part: str | Bilingual, language: str) -> str:
    return part.in_language(language) if isinstance(part, Bilingual) else part


def _slug(text: str) -> str:
    """Return it in lower case, with hyphens for all but letters and digits; order numbers as they
    are.
    """
    words = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", text)).strip("-")
    words = words if re.fullmatch(r"[A-Z]\d+", words) else words.lower()
    if len(words) > _LONGEST:
        words = words[: _LONGEST + 1].rpartition("-")[0] or words[:_LONGEST]
    return words.strip("-")


def _ascii(text: str) -> str:
    """Return the slug of what ASCII has of it, without accents."""
    return _slug(unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode())
