"""Adds the county's farms: pictures, plots and field operations, lots with their tests, products,
pick-up points.

Uses the server's own API; county/youxi.json has the content.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from farmlive.client import Api
from farmlive.clock import DAY_MS, HOUR_MS, now_ms, rfc3339
from farmlive.demo.county import yuan
from farmlive.demo.film.drawings import DRAWINGS, INK, PAPER

LABORATORY = "尤溪县农产品质量检测站"
_FARM_FACTS = ("name", "place", "person", "story", "latitude", "longitude")


async def add_farms(
    api: Api, youxi: Mapping[str, Any], progress: Callable[[float], None] = lambda _: None
) -> dict[str, Any]:
    """Add farms, plots, field operations, lots, products, centres and parcel fees; return the
    identifiers by name.

    `progress` gets the completed share, from 0 to 1.
    """
    pictures: dict[str, str] = {}
    wholes = len(youxi["farms"]) + len(youxi["lots"]) + len(youxi["products"])

    async def picture(name: str) -> str:
        if name not in pictures:
            pictures[name] = (await api.upload_picture(DRAWINGS[name](), "image/jpeg"))["picture"]
        return pictures[name]

    await api.change_county(**youxi["county"])
    farms = {}
    for name, facts in youxi["farms"].items():
        body = {fact: facts[fact] for fact in _FARM_FACTS}
        body |= {
            "photo": await picture(facts["photo"]),
            "person_photo": await picture(facts["person_photo"]),
        }
        farms[name] = (await api.request("POST", "/api/v1/farms", json=body))["id"]
        progress(len(farms) / wholes)
    plots = {}
    for name, facts in youxi["plots"].items():
        body = {fact: value for fact, value in facts.items() if fact != "farm"}
        path = f"/api/v1/farms/{farms[facts['farm']]}/plots"
        plots[name] = (await api.request("POST", path, json=body))["id"]
    for facts in youxi["works"]:
        body = {fact: value for fact, value in facts.items() if fact not in ("plot", "days")}
        body["at"] = rfc3339(now_ms() - facts["days"] * DAY_MS)
        await api.request("POST", f"/api/v1/plots/{plots[facts['plot']]}/works", json=body)
    entered: dict[str, Any] = {"farms": farms, "plots": plots, "lots": {}, "products": {}}
    hour = now_ms() // HOUR_MS * HOUR_MS
    for name, facts in youxi["lots"].items():
        # Two sizes of box may draw on one harvest.
        shared = entered["lots"].get(facts.get("shares"))
        entered["lots"][name] = shared or await add_lot(api, plots, facts, hour)
        progress((len(farms) + len(entered["lots"])) / wholes)
    for name, facts in youxi["products"].items():
        body = {fact: facts[fact] for fact in ("name", "unit", "net_weight_g")}
        body |= {
            "farm": farms[youxi["lots"][name]["farm"]],
            "gtin": youxi["lots"][name]["gtin"],
            "picture": await picture(name),
        }
        entered["products"][name] = (await api.request("POST", "/api/v1/products", json=body))["id"]
        progress((wholes - len(youxi["products"]) + len(entered["products"])) / wholes)
    entered["centres"] = [(await api.create_centre(**centre))["id"] for centre in youxi["centres"]]
    fees = [
        {"region": region, "upto_g": upto_g, "fee": yuan(fee)}
        for region, upto_g, fee in youxi["parcel_fees"]
    ]
    await api.set_parcel_fees(fees)
    return entered


async def add_lot(api: Api, plots: Mapping[str, str], facts: Mapping[str, Any], before: int) -> str:
    """Add a lot with its test, certificate and packing, at hours before `before`, in milliseconds
    since 1970. Return its identifier.
    """
    body = {
        "plot": plots[facts["plot"]],
        "code": facts["code"],
        "product_name": facts["product_name"],
        "gtin": facts["gtin"],
        "harvested_at": rfc3339(before - facts["picked_h"] * HOUR_MS),
        "quantity_g": facts["quantity_g"],
    }
    lot = str((await api.request("POST", "/api/v1/lots", json=body))["id"])
    tested_at = before - facts["tested_h"] * HOUR_MS
    test = await api.request(
        "POST",
        f"/api/v1/lots/{lot}/inspections",
        json={
            "at": rfc3339(tested_at),
            "result": facts["result"],
            "laboratory": LABORATORY,
            "passed": True,
        },
    )
    await api.upload(
        f"/api/v1/lots/{lot}/inspections/{test['id']}/certificate",
        certificate(facts["code"], facts["product_name"]["en"], facts["result"]["en"], tested_at),
        "application/pdf",
    )
    packed = {"at": rfc3339(before - facts["packed_h"] * HOUR_MS)}
    await api.request("POST", f"/api/v1/lots/{lot}/packings", json=packed)
    return lot


def certificate(code: str, product: str, result: str, at: int) -> bytes:
    """Return a test report as a PDF of one page, marked as a demonstration."""
    page = Image.new("RGB", (1240, 1754), PAPER)
    draw = ImageDraw.Draw(page)
    draw.rectangle([60, 60, 1180, 1694], outline=INK, width=3)
    lines = [
        (150, 34, "Youxi County Agricultural Product Testing Station"),
        (260, 60, "TEST REPORT"),
        (330, 26, "A demonstration: no such test was made"),
        (470, 34, f"Product   {product}"),
        (550, 34, f"Lot   {code}"),
        (630, 34, f"Tested   {rfc3339(at)[:10]}"),
        (760, 34, "Result"),
        (830, 38, result),
    ]
    for y, size, text in lines:
        draw.text((140, y), text, INK, ImageFont.load_default(size))
    draw.ellipse([880, 1300, 1120, 1540], outline=(190, 50, 40), width=8)
    draw.text((1000, 1420), "DEMO", (190, 50, 40), ImageFont.load_default(56), "mm")
    written = BytesIO()
    page.save(written, "PDF", resolution=150)
    return written.getvalue()
