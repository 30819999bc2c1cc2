"""Settings of retention: how long what belongs to a person is kept, and what the privacy page says
besides.
"""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from farmlive.clock import DAY_MS

YEAR_MS = 31_557_600_000


class RetentionSettings(BaseModel):
    """How long what belongs to a person is kept, and whom the privacy page names."""

    person_days: int = Field(
        180,
        ge=1,
        le=36_500,
        description="Days after an order's last change until its personal data is removed: "
        "name, phone, address, e-mail, reasons, claims with their photos, "
        "notices, and the answer saved for its key. An order that is open or has "
        "money due keeps them.",
    )
    outbox_days: int = Field(
        7,
        ge=1,
        le=36_500,
        description="Days after the last notice in them for which files of the outbox are kept.",
    )
    watch_days: int = Field(
        90,
        ge=1,
        le=36_500,
        description="Days after a broadcast's end until watch sessions and card taps of "
        "single devices are removed. The review keeps their sums.",
    )
    sale_years: int = Field(
        3,
        ge=1,
        le=100,
        description="Years after an order's last change until the record of its sale is "
        "removed. Its personal data is gone by then, and the review keeps its "
        "sums.",
    )
    backup_days: int | None = Field(
        None,
        ge=0,
        le=36_500,
        description="Days for which the operator keeps backups, as the privacy page says: "
        "removed data stays in them as long. farmlive itself removes no backup. "
        "0: there are none. Not set: the page promises nothing and says to ask.",
    )
    county_name: str = Field(
        "",
        max_length=100,
        description="Operator of this server, as pages name it, such as Youxi County Agriculture "
        "Bureau, until a coordinator saves the county's page (/studio/county).",
    )
    county_contact: str = Field(
        "",
        max_length=200,
        description="Contact on the privacy page, and on the page of an order that can't be "
        "cancelled any more: an e-mail address, a phone number, or a sentence "
        "with both; until a coordinator saves the county's page.",
    )

    @model_validator(mode="after")
    def _person_before_the_record(self) -> Self:
        if self.sale_years * YEAR_MS < self.person_days * DAY_MS:
            raise ValueError(
                "FARMLIVE_SALE_YEARS is shorter than FARMLIVE_PERSON_DAYS: an order's person is "
                "removed before the record of its sale is"
            )
        return self

    @property
    def person_ms(self) -> int:
        """`person_days` in milliseconds."""
        return self.person_days * DAY_MS

    @property
    def outbox_ms(self) -> int:
        """`outbox_days` in milliseconds."""
        return self.outbox_days * DAY_MS

    @property
    def watch_ms(self) -> int:
        """`watch_days` in milliseconds."""
        return self.watch_days * DAY_MS

    @property
    def sale_ms(self) -> int:
        """`sale_years` in milliseconds."""
        return self.sale_years * YEAR_MS
