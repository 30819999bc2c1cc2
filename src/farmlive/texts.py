"""Control characters: refused in every text of a path, a parameter, a body or a frame.

One rule for all, checked before a room or the database sees the text. SDP and files have parsers of
their own; further rules are each field's.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from farmlive.problems import Invalid

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
# What of a decoded value can hold a text.
_WALKED = (str, dict, list)
ADVICE = "It holds a character that nobody can see, such as a tab. Type it again without that."


def check_address(path: str, query: bytes) -> None:
    """Raise Invalid where a decoded path, or a raw query string, holds such a character."""
    if _UNTAKEN.search(path):
        raise _invalid(["path"], "The address")
    if _IN_BYTES.search(unquote_to_bytes(query)):
        raise _invalid(["query"], "A parameter of the address")


def check(body: Any) -> None:
    """Raise Invalid where a decoded JSON value holds such a character anywhere."""
    wrong = list(_wrong(body))
    if wrong:
        raise _invalid(wrong, wrong[0] or "The body")


def check_json(body: bytes) -> None:
    """Raise Invalid for JSON that holds such a character; malformed JSON is left to its parser."""
    if not _IN_JSON.search(body):
        return
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return
    check(decoded)


def _wrong(value: Any) -> Iterator[str]:
    """Yield the paths, such as `lines.0.name`, of refused texts; walks without recursion."""
    left: list[tuple[Any, str, bool]] = [(value, "", False)]
    while left:
        each, place, lines = left.pop()
        within = f"{place}." if place else ""
        if isinstance(each, str):
            if (_UNTAKEN_IN_LINES if lines else _UNTAKEN).search(each):
                yield place
        elif isinstance(each, dict):
            if any(_UNTAKEN.search(name) for name in each):
                yield place
                continue
            left.extend(
                (member, f"{within}{name}", lines or name in SEVERAL_LINES)
                for name, member in reversed(each.items())
                if type(member) in _WALKED
            )
        elif isinstance(each, list):
            left.extend(
                (each[at], f"{within}{at}", lines)
                for at in reversed(range(len(each)))
                if type(each[at]) in _WALKED
            )


def _invalid(places: list[str], named: str) -> Invalid:
    errors = [{"field": place, "message": ADVICE} for place in places[:10]]
    return Invalid(f"{named}: {ADVICE} Nothing was changed.", errors=errors)
