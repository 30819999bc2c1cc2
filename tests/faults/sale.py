"""A sale that a test interrupts."""

from tests.support.money import cny

from farmlive.client import Api

RELEASED = 100_000


async def prepare(api: Api) -> tuple[str, str, str]:
    """A live broadcast with one offer, and a pick-up point."""
    farm = await api.create_farm({"zh": "农场", "en": "Farm"}, {"zh": "尤溪", "en": "Youxi"})
    lot = await api.create_lot(
        farm["id"],
        "1123",
        {"zh": "金桔", "en": "Kumquats"},
        "2026-11-20T08:00:00+08:00",
        RELEASED * 2500,
    )
    made = await api.create_broadcast({"zh": "直播", "en": "Live"})
    offer = await api.create_offer(
        made["id"],
        lot["id"],
        cny(2990),
        RELEASED,
        name={"zh": "金桔", "en": "Kumquats"},
        unit={"zh": "箱", "en": "box"},
        net_weight_g=2500,
    )
    centre = await api.create_centre({"en": "Centre"}, {"en": "Main street 1"})
    await api.start(made["id"])
    return made["id"], offer["id"], centre["id"]
