"""Fields that people type into an order or a bag: validation, with a message for each mistake.

models.py, checkout_models.py and order_models.py use them.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from farmlive import phones
from farmlive.money import Money
from farmlive.public_text import Public

MAX_QUANTITY = 999
MAX_STOCK = 1_000_000
MAX_PRICE = 1_000_000_00
MAX_AMOUNT = 100_000_000_00


def _whole(value: object) -> object:
    if type(value) is not int or not 1 <= value <= MAX_QUANTITY:
        raise ValueError(f"A quantity is a whole number from 1 to {MAX_QUANTITY}.")
    return value


def _check_seen_price(value: object) -> object:
    if type(value) is not int or value < 0:
        raise ValueError(
            "The price is what the buyer saw, a whole number of minor units: 2990 for 29.90."
        )
    return value


def _money(value: object) -> object:
    if not isinstance(value, dict | Money):
        raise ValueError(
            'Send money with its currency, in minor units: {"amount": 2990, "currency": "CNY"} '
            "for ¥29.90."
        )
    return value


def _within(least: int, most: int, wrong: str) -> Callable[[Money], Money]:
    def check(money: Money) -> Money:
        if not least <= money.amount <= most:
            raise ValueError(wrong)
        return money

    return check


def _from_to(least: int, most: int) -> Any:
    """Return JSON Schema bounds of an amount, to stand beside the reference to Money."""
    return Field(json_schema_extra={"properties": {"amount": {"minimum": least, "maximum": most}}})


def _step(value: object) -> object:
    if type(value) is not int or value == 0 or abs(value) > MAX_STOCK:
        raise ValueError(
            f"Release a whole number from 1 to {MAX_STOCK}, or take back by one below zero."
        )
    return value


def _name(value: object) -> object:
    text = unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else ""
    if not text or len(text) > 60 or not text.isprintable():
        raise ValueError("Write the name of the person who receives it, 1 to 60 characters.")
    return text


def _phone(value: object) -> object:
    return phones.typed(value if isinstance(value, str) else "")


def _address(value: object) -> object:
    text = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    text = re.sub(r"\s+", " ", text).strip()
    if not 2 <= len(text) <= 300 or not text.isprintable():
        raise ValueError("Write where the parcel goes, 2 to 300 characters; a village is enough.")
    return text


def _email(value: object) -> object:
    # NFKC: a Chinese input method may type full-width ａ＠ｂ．ｃ.
    text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else ""
    wrong = "An e-mail address looks like name@example.org; leave it out otherwise."
    # RFC 5322, section 3.2.3: also refuse specials such as a comment in parentheses, which would be
    # another spelling of the same mailbox.
    if not re.fullmatch(
        r"[^\s@<>,;:\"()\[\]\\\x00-\x20]+@[^\s@<>,;:\"()\[\]\\]+\.[^\s@.<>,;:\"()\[\]\\]+", text
    ):
        raise ValueError(wrong)
    name, _, domain = text.rpartition("@")
    if not name.isascii():
        # Few mail servers accept one (SMTPUTF8, RFC 6531), and the buyer would not learn of the
        # failure.
        raise ValueError(
            "Before the @ of an e-mail address only plain letters, digits and signs can be written "
            "to; give another, or leave it out."
        )
    try:
        length = len(name) + 1 + len(domain.encode("idna"))
    except UnicodeError as error:
        raise ValueError(wrong) from error
    if max(length, len(text)) > 254:
        raise ValueError(wrong)
    return text


def _reason(value: object) -> object:
    text = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    text = re.sub(r"\s+", " ", text).strip()
    if not text or len(text) > 200 or not text.isprintable():
        raise ValueError("Write the reason in 1 to 200 characters, or leave it out.")
    return text


def _key(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]{16,64}", value):
        raise ValueError("The key is 16 to 64 random letters, digits or signs, without spaces.")
    return value


def _picture(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"/files/[0-9a-f]{16,64}\.webp", value):
        raise ValueError("Upload the picture first; send the address that the upload answered.")
    return value


# Malformed ids are refused before they reach the database.
Identifier = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,26}$")]
Quantity = Annotated[
    int,
    BeforeValidator(_whole),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_QUANTITY}),
]
SeenPrice = Annotated[
    int, BeforeValidator(_check_seen_price), WithJsonSchema({"type": "integer", "minimum": 0})
]
Step = Annotated[
    int,
    BeforeValidator(_step),
    WithJsonSchema({"type": "integer", "minimum": -MAX_STOCK, "maximum": MAX_STOCK}),
]
Name = Annotated[str, BeforeValidator(_name)]
Phone = Annotated[str, BeforeValidator(_phone)]
Address = Annotated[str, BeforeValidator(_address)]
Email = Annotated[str, BeforeValidator(_email)]
Reason = Annotated[str, BeforeValidator(_reason)]
# Buyers of all affected orders read it.
StaffReason = Annotated[Reason, Public]
Key = Annotated[
    str,
    BeforeValidator(_key),
    WithJsonSchema(
        {"type": "string", "minLength": 16, "maxLength": 64, "pattern": "^[\\x21-\\x7e]*$"}
    ),
]
Proof = Annotated[str, Field(max_length=64)]
Picture = Annotated[str, BeforeValidator(_picture)]
SentMoney = Annotated[Money, BeforeValidator(_money)]
Price = Annotated[
    SentMoney,
    AfterValidator(
        _within(1, MAX_PRICE, f"A price is above zero, and {MAX_PRICE} minor units at most.")
    ),
    _from_to(1, MAX_PRICE),
]
Amount = Annotated[
    SentMoney,
    AfterValidator(_within(1, MAX_AMOUNT, "An amount is above zero.")),
    _from_to(1, MAX_AMOUNT),
]
ParcelFee = Annotated[
    SentMoney,
    AfterValidator(_within(0, MAX_PRICE, f"A fee is {MAX_PRICE} minor units at most.")),
    _from_to(0, MAX_PRICE),
]
Weight = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Way = Literal["parcel", "pickup"]
PaymentMethod = Literal["cash_on_delivery", "pay_at_pickup"]
By = Literal["buyer", "staff"]
# How staff know the buyer when an order is handed over without its code.
KnownBy = Literal["known_to_me", "slip", "identity_card", "other"]
