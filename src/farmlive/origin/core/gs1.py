"""GS1 identifiers: GTINs with check digits, lot codes, Digital Link paths. Pure."""

import re
from urllib.parse import quote, unquote, urlsplit

from farmlive.problems import WrongValue

# GS1 General Specifications, figure 7.11-1: the 82 characters of AI 10.
_LOT = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}""")
_GTIN_LENGTHS = (8, 12, 13, 14)


def check_digit(digits: str) -> int:
    """Return the check digit of these digits (GS1 General Specifications, section 7.9)."""
    weighted = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return -weighted % 10


def gtin14(text: str) -> str:
    """Return a GTIN-8, -12, -13 or -14 with fourteen digits.

    Raises WrongValue with a sentence for the user.
    """
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) in _GTIN_LENGTHS):
        raise WrongValue("gtin", "A GTIN is 8, 12, 13 or 14 digits.")
    right = check_digit(text[:-1])
    if int(text[-1]) != right:
        raise WrongValue(
            "gtin-check-digit",
            f"The GTIN {text} has the wrong check digit: it ends in {text[-1]} where its other "
            f"digits give {right}. Read it once more from the label.",
        )
    return text.zfill(14)


def lot_code(text: str) -> str:
    """Check a lot's code: 1 to 20 of the characters that GS1 allows in AI 10.

    Raises WrongValue with a sentence for the user.
    """
    text = text.strip()
    if not _LOT.fullmatch(text):
        raise WrongValue(
            "lot-code",
            "A lot code has 1 to 20 characters: letters without accents, digits and "
            "! \" % & ' ( ) * + , - . / : ; < = > ? _, without spaces.",
        )
    return text


def prefix(text: str) -> str:
    """Check a GS1 company prefix: 4 to 12 digits.

    Raises WrongValue with a sentence for the user.
    """
    text = text.strip()
    if not (text.isascii() and text.isdigit() and 4 <= len(text) <= 12):
        raise WrongValue("gs1-prefix", "A GS1 company prefix is 4 to 12 digits.")
    return text


def digital_link(gtin: str, code: str) -> str:
    """Return the path of a lot's GS1 Digital Link (version 1.2), percent-encoded."""
    return f"/01/{gtin}/10/{quote(code, safe='')}"


def private_class(identifier: str, code: str) -> str:
    """Return the path of a lot of a farm without a GS1 prefix, percent-encoded."""
    return f"/origin/class/{identifier}/lot/{quote(code, safe='')}"


def segments(uri: str) -> list[str]:
    """Return the decoded segments of a URI's path.

    An encoded slash in a lot code does not split a segment.
    """
    return [unquote(part) for part in urlsplit(uri).path.split("/")[1:]]
