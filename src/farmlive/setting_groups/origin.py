"""Settings of origin: the yield of a plot, and the tests that a lot needs before it is sold."""

from pydantic import BaseModel, Field


class OriginSettings(BaseModel):
    """Lots."""

    max_yield_g_per_m2: int = Field(
        10_000,
        ge=1,
        description="Yield of a plot within a calendar year, grams a square metre, above "
        "which a harvest needs a reason, which everyone reads. 10000 is a hundred "
        "tonnes a hectare; kumquats bear a third of that.",
    )
    sell_tested_only: bool = Field(
        False,
        description="Sell no lot without a passed test. Set the same on all servers of one "
        "database. What was sold before is packed and handed over.",
    )
    sell_certified_only: bool = Field(
        False, description="Sell no lot without a certificate of a passed test; as above."
    )
