"""Money as requests carry it."""

from typing import Any


def cny(amount: int) -> Any:
    """So much in minor units, 2990 for ¥29.90; a model takes it, too."""
    return {"amount": amount, "currency": "CNY"}
