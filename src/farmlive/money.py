"""Money: an integer of minor units with its ISO 4217 code. No floats.

Events have the same shape as a plain dict; a line of an order has plain minor units of the order's
currency.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

# Decimals of the minor unit where they are not two (ISO 4217, table A.1). Pages carry the table, so
# that their scripts have no other.
DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_EXPONENTS = {code: decimals for decimals, codes in DECIMALS.items() for code in codes.split()}

Minor = Annotated[int, Field(strict=True, ge=0, le=100_000_000_00)]


class Money(BaseModel):
    """An amount such as `{"amount": 2990, "currency": "CNY"}`, which is ¥29.90.

    `amount` is in minor units, `currency` a code of ISO 4217.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Minor
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]

    def times(self, quantity: int) -> Self:
        """Return the price of a quantity."""
        return self.model_copy(update={"amount": self.amount * quantity})


def decimals(currency: str) -> int:
    """Return the number of decimals of the currency."""
    return _EXPONENTS.get(currency, 2)
