"""Settings of the shop: limits of orders and holds, proof of work, flags, and price grace."""

from phonenumbers import SUPPORTED_REGIONS
from pydantic import BaseModel, Field, field_validator


class ShopSettings(BaseModel):
    """Limits of orders and holds, proof of work, flags, and price grace."""

    orders_per_minute: int = Field(
        60,
        ge=1,
        description="Orders a minute from one device, and for one phone number; an address has "
        "twenty times that, and the block around it (a /24, of IPv6 a /48) a thousand times. "
        "What is refused counts a third for the address. Who is signed in counts by the device "
        "and the phone alone. "
        "Holds, and places in waiting lists, are each counted apart by the same number, and giving "
        "them up by twice that.",
    )
    order_proof_bits: int = Field(
        0,
        ge=0,
        le=24,
        description="Zero bits with which the SHA-256 of the proof of work begins that each order, "
        "hold and place in a waiting list needs, against those who take stock by the thousand: 16 "
        "cost a telephone two to four seconds on average and a desk half a second, sometimes three "
        "times that; each more doubles it. Who is signed in needs none. 0: nobody needs one.",
    )
    phone_country: str = Field(
        "CN",
        description="ISO 3166-1 code of the country of phone numbers that are written without one. "
        "Set it before the first order: numbers that are kept stay as they are.",
    )
    order_boxes: int = Field(
        20,
        ge=1,
        description="Boxes that one order, hold or place in a waiting list may have, over all its "
        "lines. Staff and clerks may order more.",
    )
    device_boxes: int = Field(
        40,
        ge=0,
        description="Boxes of one offer that one device, and one phone number, may have held and "
        "ordered and not yet packed. Staff and clerks may have more. 0: as many as there are.",
    )
    address_boxes: int = Field(
        400,
        ge=0,
        description="The same for one network address, which may be a village's; as many may be "
        "waited for there. Staff and clerks there may have more, and what they order is not "
        "counted. 0: as many as there are.",
    )
    rush_share: int = Field(
        40,
        ge=0,
        le=100,
        description="Percent of the boxes that an offer has left: where devices without a past "
        "order take more than that within a minute, and more than one order may have, they need a "
        "proof of work for it, until five minutes after the last such minute. By holds alone they "
        "can't take more than 50. 0: never.",
    )
    rush_proof_bits: int = Field(
        14,
        ge=1,
        le=24,
        description="How hard that proof is, as FARMLIVE_ORDER_PROOF_BITS says: 14 cost a "
        "telephone half a second to a second on average.",
    )
    flag_orders: int = Field(
        5,
        ge=1,
        description="Orders for one phone number in one broadcast; a further one is marked for "
        "staff to look at before it is packed.",
    )
    flag_phones: int = Field(
        3,
        ge=1,
        description="Phone numbers for which one device orders in one broadcast; an order for a "
        "further one is marked. A clerk's device is for many.",
    )
    flag_total: int = Field(
        200_000,
        ge=1,
        description="Sum, in minor units, above which an order is marked: 200000 is 2,000.00.",
    )
    hold_minutes: float = Field(
        10.0,
        gt=0,
        le=1440,
        description="Minutes for which what a buyer chose is kept while the order is written; "
        "renewed, at most three times that since it was first held.",
    )
    price_grace_s: float = Field(
        10.0,
        ge=0,
        le=600,
        description="Seconds for which a buyer still gets the price seen before it changed.",
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
