"""Phone numbers: the one way in which a number is written, so that one person is one buyer."""

import re
import unicodedata

_NUMBER = re.compile(r"\+?[0-9]{7,15}")


def written(text: str) -> str:
    """The number without spaces and signs; a leading plus stays. Raises ValueError.

    China's own prefix is left out of its mobile numbers.
    """
    number = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", text))
    if not _NUMBER.fullmatch(number):
        raise ValueError(
            "Write a phone number of 7 to 15 digits, such as 138 0000 0000 or +44 20 7946 0000."
        )
    return re.sub(r"^(\+|00)86(?=1[0-9]{10}$)", "", number)


def international(number: str) -> str:
    """A written number as one dials it from anywhere, such as +8613800000000."""
    if number.startswith("+"):
        return number
    return f"+{number[2:]}" if number.startswith("00") else f"+86{number}"
