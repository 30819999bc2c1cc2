"""Money: an integer of minor units with its ISO 4217 code. No floats, no other shape anywhere."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

# Minor units a major unit, where it is not 100 (ISO 4217, table A.1).
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}

Minor = Annotated[int, Field(strict=True, ge=0, le=100_000_000_00)]


class Money(BaseModel):
    """An amount such as `{"amount": 2990, "currency": "CNY"}`, which is ¥29.90.

    `amount` is in minor units, `currency` a code of ISO 4217.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Minor
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]

    def times(self, quantity: int) -> Self:
        """The price of a quantity."""
        return self.model_copy(update={"amount": self.amount * quantity})


def decimals(currency: str) -> int:
    """How many decimals the currency is written with."""
    return _EXPONENTS.get(currency, 2)
