"""Plots of a farm."""

from tests.browser.conftest import Sale


async def plot_of(sale: Sale) -> str:
    made = await sale.api.request(
        "POST",
        f"/api/v1/farms/{sale.farm}/plots",
        json={
            "name": {"zh": "南坡", "en": "South slope"},
            "crop": {"zh": "金桔", "en": "Kumquats"},
        },
    )
    return str(made["id"])
