"""Claims on orders that have arrived."""

import io
from typing import Any

from PIL import Image
from tests.shop.conftest import HOST
from tests.shop.support.orders import enter
from tests.support.money import cny
from tests.support.upload_bodies import chunks

from farmlive.shop.core.claim_models import ClaimAnswer, NewClaim

SAID = "压坏了三个 / three are crushed"


def photo(shade: int = 20) -> bytes:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "a phone"
    Image.new("RGB", (40, 30), (200, 120, shade)).save(written, "JPEG", exif=exif)
    return written.getvalue()


async def arrived(stall: Any, quantity: int = 2, *, paid: bool = True) -> Any:
    placed = await stall.place(quantity)
    for state in ("packed", "shipped", "received"):
        await enter(stall, placed, state)
    if paid:
        await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    return placed


async def send(stall: Any, placed: Any, data: bytes, address: str = "192.0.2.1") -> Any:
    return await stall.shop.claims.keep_photo(placed["token"], address, chunks(data))


async def kept(stall: Any, placed: Any, shade: int = 20) -> str:
    return (await send(stall, placed, photo(shade))).id  # type: ignore[no-any-return]


async def claim(stall: Any, placed: Any, text: str = SAID, photos: Any = ()) -> Any:
    return await stall.shop.claims.claim(placed["token"], NewClaim(text=text, photos=list(photos)))


async def answer(stall: Any, of: Any, amount: int | None = None, **said: Any) -> Any:
    """Answer a claim with so much money back, or without."""
    if amount is not None:
        said["amount"] = cny(amount)
    return await stall.shop.claims.answer(HOST, stall.broadcast, of.id, ClaimAnswer(**said))
