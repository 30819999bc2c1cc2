"""API models of parcel fees."""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from farmlive.shop.core import regions
from farmlive.shop.core.fields import ParcelFee, Weight

MAX_FEES = 2_000


def _where(value: object) -> object:
    if value == "":
        return value
    code = value.ljust(6, "0") if isinstance(value, str) and len(value) in (2, 4, 6) else ""
    if not regions.is_known(code):
        raise ValueError(
            "A region is the code of a province, a prefecture or a county (GB/T 2260), such as 35, "
            "3504 or 350426; empty for everywhere else."
        )
    return regions.prefix(code)


Where = Annotated[
    str,
    BeforeValidator(_where),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]{2}){0,3}$"}),
]


class Fee(BaseModel):
    """The fee of a parcel of up to `upto_g` net grams.

    `region` is the prefix of the region's codes: 35 for a province, 3504 for a prefecture, 350426
    for a county; empty for everywhere else.
    """

    model_config = ConfigDict(extra="forbid")

    region: Where
    upto_g: Weight
    fee: ParcelFee


class FeeTable(BaseModel):
    """All fees; without any, parcels are free.

    The fee is that of the region with the longest matching code, for the least sufficient weight; a
    heavier parcel is refused. `version` is that of the fees which these replace, from GET; without
    it they replace any.
    """

    model_config = ConfigDict(extra="forbid")

    fees: Annotated[list[Fee], Field(max_length=MAX_FEES)]
    version: Annotated[str, Field(max_length=64)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({fee.fee.currency for fee in self.fees}) > 1:
            raise ValueError("All fees are in one currency, the shop's.")
        by_region: dict[str, dict[int, int]] = {}
        for fee in self.fees:
            bands = by_region.setdefault(fee.region, {})
            if fee.upto_g in bands:
                where = _named(fee.region)
                raise ValueError(f"{where}: {fee.upto_g} g stands there twice.")
            bands[fee.upto_g] = fee.fee.amount
        if by_region and "" not in by_region:
            raise ValueError(
                "Say what a parcel to everywhere else costs: a fee with an empty region, or take "
                "all fees away."
            )
        for region, bands in by_region.items():
            before = 0
            for weight, fee_of in sorted(bands.items()):
                if fee_of < before:
                    raise ValueError(
                        f"{_named(region)}: up to {weight} g costs less than a lighter parcel. "
                        "Compare the two."
                    )
                before = fee_of
        return self


def _named(region: str) -> str:
    return regions.full_name(region.ljust(6, "0"), "en") if region else "Everywhere else"


class Fees(FeeTable):
    """All fees, the shortest region code first, each region's lightest parcel first; their
    currency, which is the shop's; and their `version`, another one for other fees.
    """

    currency: str
    version: str
