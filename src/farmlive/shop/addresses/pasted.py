"""Take a pasted address apart: name, phone, region, and the rest as the street.

Own rules over the divisions of `shop.core.regions`, and no library. jionlp, the usual one, is
maintained and free (Apache-2.0), but its wheel has 16.5 MB, mostly dictionaries for other tasks; it
needs numpy, requests and a segmenter in C. Its divisions are a second list, with names instead of
the codes by which a parcel is charged. Here a text takes about a millisecond, and a region that is
returned is always one that the till accepts.

A guess is named in `unsure`, and nothing is lost: each character that is not part of the name, the
phone, the region or a label stays in the street. Pure: nothing is logged or stored.
"""

import re
from itertools import islice
from typing import NamedTuple

from farmlive.shop.addresses import divisions
from farmlive.shop.addresses.folding import fold
from farmlive.shop.addresses.names import find_name
from farmlive.shop.core import regions

MAX_TEXT = 500
# An address has one of each kind; each more takes a search of its line.
_MOST_LABELS = 12


class Span(NamedTuple):
    """A place in the text and what it was taken for: label, name, phone or region."""

    start: int
    end: int
    kind: str


class Parsed(NamedTuple):
    """The parts of an address; None where there is none.

    `unsure` names the parts that are missing or guessed, `spans` are the places in the text that
    the street lacks.
    """

    name: str | None
    phone: str | None
    region: str | None
    street: str
    unsure: tuple[str, ...]
    spans: tuple[Span, ...]


# Labels of the address cards of shops and messengers, the longest first.
_LABELS = {
    "name": "收货人姓名|收件人姓名|收货人名称|收货人|收件人|联系人|姓名|名字|"
    "recipient|receiver|consignee|full name|name|attn",
    "phone": "收货人手机号码?|收货人电话|收件人电话|手机号码|手机号|联系电话|联系方式|联系手机|"
    "电话号码|收货电话|手机|电话|"
    "phone number|mobile number|contact number|mobile|phone|telephone|tel|cell",
    "region": "所在地区|所在区域|所在省市|所在城市|省市区|地区|区域|region",
    "street": "详细地址|收货人地址|收货地址|收件地址|街道地址|邮寄地址|门牌号码?|地址|"
    "shipping address|delivery address|street address|detailed address|address|street",
}
_ANY_LABEL = "|".join(f"(?P<{kind}{{0}}>{words})" for kind, words in _LABELS.items())
_LABEL = re.compile(
    r"(?im)"
    rf"[【\[]\s*(?:{_ANY_LABEL.format(0)})\s*[】\]]\s*:?[ \t]*"
    rf"|(?<![A-Za-z])(?:{_ANY_LABEL.format(1)})\s*:[ \t]*"
    rf"|^[ \t]*(?:{_ANY_LABEL.format(2)})[ \t]+"
    rf"|(?<![^\s,，])(?:(?P<phone3>{_LABELS['phone']})(?=[+0-9])"
    r"|(?P<street3>详细地址|收货地址|收件地址|地址)(?=[\u3400-\u9fff]))"
)
# The most certain first. A number never begins or ends within a longer one.
_PHONES = [
    re.compile(rf"(?<![0-9])(?:(?:\+|00)?86[\s-]?)?({number})(?![0-9])")
    for number in (
        r"1[3-9][0-9]{9}",
        r"1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}",
        r"1[3-9](?:[ -]?[0-9]){9}",
    )
] + [
    re.compile(r"(?<![0-9A-Za-z])(\+[1-9](?:[ ().-]{0,2}[0-9]){6,14})(?![0-9])"),
    re.compile(r"(?<![0-9])(\(?0[1-9][0-9]{1,2}\)?[ -]?[0-9]{7,8})(?![0-9])"),
    re.compile(r"(?<![0-9-])(400-?[0-9]{3}-?[0-9]{4})(?![0-9])"),
]
_MOBILE = 3  # as many patterns are mobile numbers
_LABELLED = re.compile(r"(\+?[0-9](?:[ ().-]{0,2}[0-9]){6,14})(?![0-9])")
_EXTENSION = re.compile(r"(?i)\s*(?:转|分机|ext\.?|#)\s*[0-9]{1,6}(?![0-9])|-[0-9]{1,6}(?![0-9-])")
_EDGE = " \t\r\n\x0b\x0c\u3000\xa0,，、;；|"
_COUNTRY = re.compile(
    r"(?:中国|中华人民共和国)[\s,，]*(?=\x01)|(?i:(?<=[,\x01])\s*(?:P\.?\s?R\.?\s?)?China\.?\s*$)"
)


def parse(text: str) -> Parsed:
    """Return the parts of a pasted text; it never fails."""
    reading = _Reading(text)
    reading.take_labels()
    phone = reading.take_phone()
    region = reading.take_region()
    name, is_sure = find_name(reading.masked, text, reading.labels)
    if name:
        reading.take(*name, "name")
    street = reading.street()
    unsure = [
        *(() if is_sure else ("name",)),
        *(() if phone and not reading.is_phone_doubtful else ("phone",)),
        *(() if region and _is_whole(region) else ("region",)),
        *(() if street else ("street",)),
    ]
    return Parsed(
        text[slice(*name)].strip(_EDGE) if name else None,
        phone,
        region,
        street,
        tuple(unsure),
        tuple(sorted(reading.spans)),
    )


def _is_whole(code: str) -> bool:
    """Return whether no smaller division with a name lies in it."""
    within = regions.prefix(code)
    return not any(
        other.startswith(within) and other != code and divisions.is_named(name)
        for other, name in regions.all_names().items()
    )


class _Reading:
    """A text and what has been taken out of it.

    In `masked` each character that was taken is one that no rule matches: \\1 for a region, \\2 for
    a phone, \\3 for a label or a name.
    """

    def __init__(self, text: str):
        self.text = text
        # The marks themselves may stand in the text; they mean nothing there.
        self.masked = re.sub(r"[\x00-\x03]", " ", fold(text))
        self.spans: list[Span] = []
        self.labels: list[Span] = []
        self.is_phone_doubtful = False
        self._extension: tuple[int, int] | None = None

    def take(self, start: int, end: int, kind: str) -> None:
        mark = {"region": "\x01", "phone": "\x02"}.get(kind, "\x03")
        self.masked = self.masked[:start] + mark * (end - start) + self.masked[end:]
        self.spans.append(Span(start, end, kind))

    def take_labels(self) -> None:
        for match in islice(_LABEL.finditer(self.masked), _MOST_LABELS):
            kind = next(key[:-1] for key, value in match.groupdict().items() if value)
            self.labels.append(Span(match.start(), match.end(), kind))
        for start, end, _ in self.labels:
            self.take(start, end, "label")

    def take_phone(self) -> str | None:
        match, is_mobile = self._find_phone()
        if match is None:
            return None
        start, end = match.start(), match.end()
        number = re.sub(r"[^0-9+]", "", match[1])
        if found := _EXTENSION.match(self.masked, end):
            # No order has a place for it; whoever delivers reads it behind the street.
            self._extension = found.span()
            self.is_phone_doubtful = True
        self.take(start, end, "phone")
        if self._extension:
            a, b = self._extension
            self.masked = self.masked[:a] + "\x02" * (b - a) + self.masked[b:]
        rest = any(pattern.search(self.masked) for pattern in _PHONES[:_MOBILE])
        self.is_phone_doubtful |= rest or (
            not is_mobile and not number.startswith(("+", "0", "400"))
        )
        return number

    def _find_phone(self) -> tuple[re.Match[str] | None, bool]:
        for label in self.labels:
            if label.kind != "phone":
                continue
            line = re.compile(r"[^\n]*").match(self.masked, label.end)
            end = line.end() if line else label.end
            for place, pattern in enumerate((*_PHONES, _LABELLED)):
                if match := pattern.search(self.masked, label.end, end):
                    return match, place < _MOBILE
        for place, pattern in enumerate(_PHONES):
            if match := pattern.search(self.masked):
                return match, place < _MOBILE
        return None, False

    def take_region(self) -> str | None:
        found = divisions.find_chinese(self.masked)
        also = divisions.repeated(self.masked, found) if found else []
        if found is None and not re.search(r"[\u3400-\u9fff]", self.masked):
            found = divisions.find_english(self.masked)
        if found is None:
            return None
        for start, end in (*found.spans, *also):
            self.take(start, end, "region")
        for match in _COUNTRY.finditer(self.masked):
            self.take(match.start(), match.end(), "region")
        return found.code

    def street(self) -> str:
        """Return what was not taken, in order; an extension of the phone last."""
        pieces, at = [], 0
        hidden = sorted(span[:2] for span in self.spans)
        if self._extension:
            hidden = sorted([*hidden, self._extension])
        for start, end in (*hidden, (len(self.text), len(self.text))):
            pieces.append(self.text[at:start])
            at = max(at, end)
        if self._extension:
            pieces.append(self.text[slice(*self._extension)])
        tidy = (re.sub(r"\s+", " ", piece.strip(_EDGE)) for piece in pieces)
        return " ".join(piece for piece in tidy if piece)
