"""Settings of the shop: limits of orders and holds, proof of work, flags, and price grace."""

from phonenumbers import SUPPORTED_REGIONS
from pydantic import BaseModel, Field, field_validator


class ShopSettings(BaseModel):
    """Limits of orders and holds, proof of work, flags, and price grace."""

    orders_per_minute: int = Field(
        60,
        ge=1,
        description="Orders a minute from one device, and for one phone number. An IP address "
        "has twenty times that, and its block (a /24, of IPv6 a /48) a thousand "
        "times. A refused order counts a third for the IP address. Signed-in "
        "users count by device and phone number alone. Holds, and waiting-list "
        "places, have the same limit, each by itself; dropping them has twice "
        "that.",
    )
    order_proof_bits: int = Field(
        0,
        ge=0,
        le=24,
        description="Proof-of-work difficulty of each order, hold and waiting-list place: "
        "leading zero bits of SHA-256. 16 cost a phone two to four seconds on "
        "average and a desktop computer half a second, sometimes three times "
        "that; each more doubles it. Signed-in users need none. 0 turns it off.",
    )
    phone_country: str = Field(
        "CN",
        description="ISO 3166-1 code of the country of phone numbers without a country code. "
        "Set it before the first order: stored numbers stay as they are.",
    )
    order_boxes: int = Field(
        20,
        ge=1,
        description="Boxes that one order, hold or waiting-list place may have, over all its "
        "lines. Staff and clerks may order more.",
    )
    device_boxes: int = Field(
        40,
        ge=0,
        description="Boxes of one offer that one device, and one phone number, may have held, "
        "or ordered and not yet packed. Staff and clerks may have more. 0: no "
        "limit.",
    )
    address_boxes: int = Field(
        400,
        ge=0,
        description="The same for one IP address, which may be a village's; as many may be "
        "waited for there. Staff and clerks there may have more, and their orders "
        "are not counted. 0: no limit.",
    )
    rush_share: int = Field(
        40,
        ge=0,
        le=100,
        description="Percent of an offer's boxes left. If devices without a past order take "
        "more than that within a minute, and more than one order may have, they "
        "need a proof of work for the offer, until five minutes after the last "
        "such minute. Holds alone can't take more than 50. 0 turns it off.",
    )
    rush_proof_bits: int = Field(
        14,
        ge=1,
        le=24,
        description="Difficulty of that proof, as for FARMLIVE_ORDER_PROOF_BITS: 14 cost a "
        "phone half a second to a second on average.",
    )
    flag_orders: int = Field(
        5,
        ge=1,
        description="Orders for one phone number in one broadcast; a further one is marked "
        "for staff to check before it is packed.",
    )
    flag_phones: int = Field(
        3,
        ge=1,
        description="Phone numbers for which one device orders in one broadcast; an order for "
        "a further one is marked. Clerks' devices are exempt.",
    )
    flag_total: int = Field(
        200_000,
        ge=1,
        description="Order total, in minor units, above which an order is marked: 200000 is "
        "2,000.00.",
    )
    hold_minutes: float = Field(
        10.0,
        gt=0,
        le=1440,
        description="Minutes for which a hold lasts. Renewed, it lasts at most three times "
        "that from its beginning.",
    )
    price_grace_s: float = Field(
        10.0,
        ge=0,
        le=600,
        description="Seconds for which a buyer still gets the price that they saw before it "
        "changed.",
    )

    @field_validator("phone_country")
    @classmethod
    def _country(cls, value: str) -> str:
        if value not in SUPPORTED_REGIONS:
            raise ValueError("write the two capital letters of a country, such as CN")
        return value

    @property
    def price_grace_ms(self) -> int:
        """`price_grace_s` in milliseconds."""
        return round(self.price_grace_s * 1000)
