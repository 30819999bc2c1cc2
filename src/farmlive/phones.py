"""Phone numbers in one canonical form, so that one person is one buyer.

If the default country is China, a Chinese mobile number is stored as its 11 digits; every other
number in E.164, such as +442079460000. The library `phonenumbers` validates; a number that it
rejects is accepted nevertheless, and marked as doubtful.
"""

import re
import unicodedata
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber

from farmlive.problems import WrongValue

# ITU-T E.164: no number has more digits.
_TYPED = re.compile(r"\+?[0-9]{7,15}")
_MOBILE = re.compile(r"(?P<own>1[0-9]{10})")
_WITH_CHINA = re.compile(r"(?:\+|00)86(?P<own>1[0-9]{10})")
# A mobile number behind any number of zeros and country codes.
_IN_DISGUISE = re.compile(r"\+?(?P<country>(?:0*86)*)0*(?P<own>1[3-9][0-9]{9})")
_TOO_LONG = re.compile(r"\+86(?P<own>1[3-9][0-9]{9})[0-9]")
_CHINA = 86
# The library's own pattern of Chinese mobile numbers: nearly all orders have one, and a full parse
# costs ten times as much.
_china = phonenumbers.PhoneMetadata.metadata_for_region("CN")
assert _china is not None
assert _china.mobile is not None
_VALID_MOBILE = re.compile(_china.mobile.national_number_pattern or "")


class Phone(NamedTuple):
    """A number in its canonical form, and whether it may be invalid."""

    number: str
    is_doubtful: bool


def typed(text: str) -> str:
    """Return the number without spaces and signs; a leading plus stays.

    Raises WrongValue if it is no number.
    """
    if _TYPED.fullmatch(text):
        return text
    number = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", text))
    if not _TYPED.fullmatch(number):
        raise WrongValue(
            "phone",
            "Enter a phone number of 7 to 15 digits, such as 138 0000 0000 or +44 20 7946 0000.",
        )
    return number


def parse(text: str, country: str) -> Phone:
    """Return the canonical form; `country` (ISO 3166-1) is that of numbers without a country code.

    Parsing is idempotent. Raises ValueError as `typed` does.
    """
    found = _parsed(typed(text), country)
    number = found.number
    # Each parse of a doubtful number may strip more zeros.
    while found.is_doubtful:
        again = _parsed(number, country).number
        if again == number:
            break
        number = again
    return Phone(number, found.is_doubtful)


def _parsed(number: str, country: str) -> Phone:
    if found := (country == "CN" and _MOBILE.fullmatch(number)) or _WITH_CHINA.fullmatch(number):
        return _chinese(found["own"], country)
    meant = _library(number, country)
    if meant is not None and phonenumbers.is_valid_number(meant):
        return Phone(_written(meant, country), is_doubtful=False)
    if (found := _IN_DISGUISE.fullmatch(number)) and (found["country"] or country == "CN"):
        return _chinese(found["own"], country)
    # Any number of leading zeros gives the same number, as long as it is one at all.
    doubted = f"+{number.lstrip('+0')}"
    if meant is not None:
        own = str(meant.national_number)
        doubted = f"+{meant.country_code}{own}"
        if not _TYPED.fullmatch(doubted):
            doubted = own
    return Phone(doubted if _TYPED.fullmatch(doubted) else number, is_doubtful=True)


def _chinese(own: str, country: str) -> Phone:
    is_valid = _VALID_MOBILE.fullmatch(own) is not None or phonenumbers.is_valid_number(
        PhoneNumber(_CHINA, int(own))
    )
    return Phone(own if country == "CN" else f"+{_CHINA}{own}", is_doubtful=not is_valid)


def is_doubtful(number: str) -> bool:
    """Return whether a stored number, in any earlier form, may not exist.

    A value of an old order that can't be a number is doubtful, too.
    """
    try:
        return parse(number, "CN").is_doubtful
    except ValueError:
        return True


def written(text: str, country: str) -> str:
    """Return the number of `parse`. Raises ValueError."""
    return parse(text, country).number


def international(number: str) -> str:
    """Return a stored number as dialled from anywhere, such as +8613800000000."""
    return number if number.startswith("+") else f"+{_CHINA}{number}"


def without_excess(number: str) -> str:
    """Return the Chinese mobile number at the beginning of one with too many digits, or the number
    itself.

    A network may ignore the excess digits and reach the shorter number.
    """
    found = _TOO_LONG.match(number)
    return found["own"] if found else number


def other_forms(number: str, country: str) -> list[str]:
    """Return other forms in which earlier code, which removed only signs, stored the number.

    A form that is another number now is left out, such as +1 380 239 3445 without its plus, a
    Chinese one.
    """
    code = phonenumbers.country_code_for_region(country)
    digits = international(number)[1:]
    forms = [digits, f"00{digits}", f"+{digits}"]
    if digits.startswith(str(_CHINA)) and _MOBILE.fullmatch(own := digits.removeprefix("86")):
        code = _CHINA
        forms += [f"{before}{own}" for before in ("+0", "+00", "00", "+086", "+860", "860")]
    if digits.startswith(str(code)):
        own = digits.removeprefix(str(code))
        forms += [own, f"0{own}", f"0{digits}"]
    return [form for form in dict.fromkeys(forms) if form != number and _is(form, number, country)]


def _is(form: str, number: str, country: str) -> bool:
    try:
        return written(form, country) == number
    except ValueError:
        return False


def _library(number: str, country: str) -> PhoneNumber | None:
    """Parse with the library; a leading 00 counts as a plus in every country."""
    for each in (f"+{number[2:]}" if number.startswith("00") else None, number):
        try:
            meant = phonenumbers.parse(each, country) if each else None
        except NumberParseException:
            continue
        if meant is not None and (each == number or phonenumbers.is_valid_number(meant)):
            return meant
    return None


def _written(meant: PhoneNumber, country: str) -> str:
    own = phonenumbers.national_significant_number(meant)
    if country == "CN" and meant.country_code == _CHINA and _MOBILE.fullmatch(own):
        return str(own)
    return f"+{meant.country_code}{own}"
