"""Control characters: refused in every text of a path, a parameter, a body or a frame; so are texts
longer than any field allows.

One rule for all, checked before a room or the database sees the text. SDP and files have parsers of
their own; each field has further rules.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from farmlive.problems import Invalid, field_error

# Multi-line members of a body: they may hold TAB, LF and CR.
SEVERAL_LINES = frozenset({"address", "answer", "reason", "story", "text"})

# Unicode category Cc, and lone surrogates, which UTF-8 can't encode.
_UNTAKEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNTAKEN_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# The same as UTF-8 bytes, and as JSON escapes; 0x00 also reveals UTF-16 and UTF-32.
_IN_BYTES = re.compile(rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]")
_IN_JSON = re.compile(
    rb"[\x00\x7f]|\xc2[\x80-\x9f]|\\[bfnrt]|\\u00[01][0-9A-Fa-f]|\\u00(?:7[Ff]|[89][0-9A-Fa-f])"
    rb"|\\u[dD][89A-Fa-f]"
)
# No field allows a longer text, in characters. It is refused before it is normalized, which takes
# quadratic time for a run of combining marks, a minute for a megabyte.
MAX_TEXT = 5_000
# Limits of a refusal: number of texts, characters of each member's name, members of a path.
_NAMED, _LONGEST_NAME, _DEEPEST = 10, 64, 20
# The path of a value: its parent's path, and its name or index there.
_Place: TypeAlias = "tuple[_Place, str | int] | None"
# Types of decoded values that can contain a text.
_WALKED = (str, dict, list)
TOO_LONG = f"It is longer than {MAX_TEXT} characters. Write less."
ADVICE = "It contains an invisible character, such as a tab. Type it again without it."


def check_address(path: str, query: bytes) -> None:
    """Raise Invalid if a decoded path, or a raw query string, has such a character."""
    if _UNTAKEN.search(path):
        raise _invalid(["path"], "The address")
    if _IN_BYTES.search(unquote_to_bytes(query)):
        raise _invalid(["query"], "A parameter of the address")


def check(body: Any) -> None:
    """Raise Invalid if a decoded JSON value has such a character anywhere, or a text longer than
    any field allows.
    """
    wrong = list(islice(_wrong(body), _NAMED))
    if wrong:
        errors = [field_error(*each) for each in wrong]
        place, _, advice = wrong[0]
        raise Invalid(f"{place or 'The body'}: {advice} Nothing was changed.", errors=errors)


def check_json(body: bytes) -> None:
    """Check JSON as `check` does; malformed JSON is left to its parser. Raises Invalid."""
    if len(body) <= MAX_TEXT and not _IN_JSON.search(body):
        return
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return
    check(decoded)


def _wrong(value: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the paths of refused texts, such as `lines.0.name`, the code, and what to do.

    It walks without recursion, and builds paths only for refused texts.
    """
    left: list[tuple[Any, _Place, bool]] = [(value, None, False)]
    while left:
        each, place, lines = left.pop()
        if isinstance(each, str):
            if len(each) > MAX_TEXT:
                yield _path(place), "too-long", TOO_LONG
            elif (_UNTAKEN_IN_LINES if lines else _UNTAKEN).search(each):
                yield _path(place), "invisible-character", ADVICE
        elif isinstance(each, dict):
            if any(len(name) > MAX_TEXT for name in each):
                yield _path(place), "too-long", TOO_LONG
                continue
            if any(_UNTAKEN.search(name) for name in each):
                yield _path(place), "invisible-character", ADVICE
                continue
            left.extend(
                (member, (place, name), lines or name in SEVERAL_LINES)
                for name, member in reversed(each.items())
                if type(member) in _WALKED
            )
        elif isinstance(each, list):
            left.extend(
                (each[at], (place, at), lines)
                for at in reversed(range(len(each)))
                if type(each[at]) in _WALKED
            )


def _path(place: _Place) -> str:
    parts: list[str] = []
    while place is not None:
        place, name = place
        parts.append(str(name)[:_LONGEST_NAME])
    return ".".join(reversed(parts[:_DEEPEST]))


def _invalid(places: list[str], named: str) -> Invalid:
    errors = [field_error(place, "invisible-character", ADVICE) for place in places]
    return Invalid(f"{named}: {ADVICE} Nothing was changed.", errors=errors)
