"""A farm's page in Chromium: its lots, and the harvest that is recorded in the orchard."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.plots import plot_of
from tests.support.waiting import until

from farmlive.ids import token

pytestmark = pytest.mark.browser

# Keeps where the weight's field stands in each picture that is drawn, from the first.
WATCHED = """
window.tops = [];
requestAnimationFrame(function look() {
  const field = document.getElementById("harvest-weight");
  if (field) window.tops.push(field.getBoundingClientRect().top + scrollY);
  requestAnimationFrame(look);
});
"""
WORDS = {
    "en": {
        "record": "Record a harvest",
        "code": "Lot code",
        "kilograms": "Kilograms",
        "do": "Record",
        "done": "412.5 kg of Kumquats, lot {code}",
    },
    "zh": {
        "record": "记果园的采收",
        "code": "批次号",
        "kilograms": "公斤数",
        "do": "记下来",
        "done": "金桔 825 斤（412.5 公斤），批次 {code}",
    },
}


async def record(page: Page, kilograms: str, language: str = "en") -> None:
    await page.get_by_label(WORDS[language]["kilograms"]).fill(kilograms)
    await page.get_by_role("button", name=WORDS[language]["do"]).click()


async def test_lot_goes_its_way_with_test_and_certificate(
    open_studio: Open, sale: Sale, photo: Path
) -> None:
    page = await open_studio(
        f"/studio/farms/{sale.farm}", role="seller", farms=[sale.farm], size=PHONE
    )
    lot = page.get_by_role("listitem").filter(has_text="1123")
    await lot.get_by_role("button", name=re.compile("^Tested")).click()
    sheet = page.get_by_role("dialog", name="Test of lot 1123")
    await sheet.get_by_label("What the test found", exact=True).fill("No residue found")
    await sheet.locator("input[type=file]").set_input_files(photo)
    await sheet.get_by_role("button", name="Save test").click()
    await expect(sheet.get_by_text("Please fill this in.")).to_be_visible()
    await sheet.get_by_role("radio", name="Passed", exact=True).check()
    await sheet.get_by_role("button", name="Save test").click()
    await expect(lot.get_by_role("link", name="Certificate")).to_be_visible()
    await lot.get_by_role("button", name=re.compile("^Packed")).click()
    await (
        page.get_by_role("dialog", name="Lot 1123 was packed")
        .get_by_role("button", name="Save")
        .click()
    )
    await expect(lot.get_by_role("button", name=re.compile("^Packed"))).to_have_count(0)
    (kept,) = await sale.api.lots()
    assert kept["tested"]
    assert kept["packed_at"]


async def test_lot_is_sorted_out_in_part_and_put_right(open_studio: Open, sale: Sale) -> None:
    body = {
        "lines": [{"offer": sale.offer, "quantity": 8, "price": 2990}],
        "buyer": {"name": "王小明", "phone": "138 0000 0000"},
        "delivery": {"way": "parcel", "address": "溪口村"},
        "payment": "cash_on_delivery",
    }
    await sale.api.commands(sale.broadcast).order(token(), body)
    page = await open_studio(
        f"/studio/farms/{sale.farm}", role="seller", farms=[sale.farm], size=PHONE
    )
    row = page.get_by_role("listitem").filter(has_text="Kumquats · 1123")
    await expect(row).to_contain_text("20 kg sold · 480 kg left")
    await row.get_by_role("button", name="Record waste…").click()
    sheet = page.get_by_role("dialog", name="Waste of lot 1123")
    await expect(sheet).to_contain_text("480 kg of it are neither sold nor held.")
    await sheet.get_by_label("Kilograms").fill("481")
    await sheet.get_by_label("Why").fill("split by rain")
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.get_by_label("Kilograms")).to_have_accessible_description(
        re.compile("At most 480")
    )
    await sheet.get_by_label("Kilograms").fill("30.5")
    await sheet.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("20 kg sold · 31 kg wasted · 450 kg left")
    await page.get_by_role("button", name="Undo").click()
    await expect(row).to_contain_text("20 kg sold · 480 kg left")

    await row.get_by_role("button", name="Correct…").click()
    sheet = page.get_by_role("dialog", name="Correct lot 1123")
    await expect(sheet).to_contain_text(
        "It can't be less than 20 kg: that much is sold, held or wasted"
    )
    harvested = sheet.get_by_label("Kilograms really harvested")
    await expect(harvested).to_have_value("500")
    await harvested.fill("50")
    await sheet.get_by_label("Why it was recorded otherwise").fill("typed a nought too many")
    await sheet.get_by_role("button", name="Correct it").click()
    await expect(row).to_contain_text("20 kg sold · 30 kg left")

    await page.goto(f"/origin/lot/{sale.lot}")
    await expect(page.get_by_text("50 kg harvested, 20 kg sold")).to_be_visible()
    await expect(
        page.get_by_text("corrected to 50 kg, from 500 kg: typed a nought")
    ).to_be_visible()
    await page.goto(f"/studio/farms/{sale.farm}?lang=zh")
    await expect(page.get_by_role("listitem").filter(has_text="1123")).to_contain_text(
        "已售 20 公斤 · 剩余 30 公斤"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_harvest_is_recorded_from_the_orchard(
    language: str, open_studio: Open, sale: Sale
) -> None:
    words = WORDS[language]
    await plot_of(sale)
    page = await open_studio(
        "/studio", role="seller", farms=[sale.farm], size=PHONE, language=language
    )
    await page.get_by_role("link", name=words["record"]).click()
    field = page.get_by_label(words["code"])
    await expect(field).to_have_value(re.compile(r"^\d{4}$"))
    code = await field.input_value()
    await record(page, "412.5", language)
    await expect(page.get_by_text(words["done"].format(code=code))).to_be_visible()
    # The next one is proposed at once.
    await expect(field).to_have_value(f"{code}-2")
    found = {lot["code"]: lot for lot in await sale.api.lots()}
    assert found[code]["quantity_g"] == 412_500
    assert found[code]["plot"]["name"]["en"] == "South slope"


@pytest.mark.parametrize("plots", [0, 3])
async def test_nothing_moves_under_the_thumb_once_the_harvest_is_painted(
    plots: int, open_studio: Open, sale: Sale
) -> None:
    for _ in range(plots):
        await plot_of(sale)
    page = await open_studio(f"/studio/farms/{sale.farm}/harvest", size=PHONE, script=WATCHED)
    await expect(page.get_by_text("Recently recorded")).to_be_visible()
    await expect(page.get_by_role("radio")).to_have_count(plots)
    drawn = len(await page.evaluate("window.tops"))
    await until(lambda: page.evaluate(f"window.tops.length > {drawn} + 2"), "another picture")
    tops = await page.evaluate("window.tops")
    assert len(set(tops)) == 1, tops


async def test_whoever_records_what_stops_a_lot_reads_so(open_studio: Open, sale: Sale) -> None:
    plot = await plot_of(sale)
    await sale.api.create_lot(
        sale.farm,
        "1124",
        {"zh": "金柑", "en": "Kumquats"},
        datetime.now(UTC).isoformat(),
        50_000,
        plot=plot,
    )
    page = await open_studio(f"/studio/farms/{sale.farm}", role="seller", farms=[sale.farm])
    await page.get_by_role("button", name=re.compile("^Flowered or sprayed")).click()
    work = page.get_by_role("dialog", name="South slope")
    await work.get_by_label("When").fill("2026-01-02T08:00")
    await work.get_by_label("Waiting period").fill("365")
    await work.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Stopped everywhere: lot 1124")).to_be_visible()
    sprayed = page.get_by_role("listitem").filter(has_text="1124")
    await expect(sprayed.get_by_text("Stopped", exact=True)).to_be_visible()
    tested = page.get_by_role("listitem").filter(has_text="1123")
    await tested.get_by_role("button", name=re.compile("^Tested")).click()
    sheet = page.get_by_role("dialog", name="Test of lot 1123")
    await sheet.get_by_label("What the test found", exact=True).fill("Too much chlorpyrifos")
    verdict = sheet.get_by_role("group", name="Did the lot pass?")
    for said in ("Passed", "Not passed"):
        await expect(verdict.get_by_role("radio", name=said, exact=False).first).not_to_be_checked()
    await sheet.get_by_role("button", name="Save test").click()
    await expect(sheet.get_by_text("Please fill this in.")).to_be_visible()
    assert (await sale.api.story(sale.lot))["inspections"] == []
    await sheet.get_by_role("radio", name="Not passed").check()
    await sheet.get_by_role("button", name="Save, and stop the lot").click()
    await expect(page.get_by_text("Stopped everywhere: lot 1123")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_test_of_a_harvest_that_is_prepared_says_whether_it_was_passed(
    open_studio: Open, sale: Sale, language: str
) -> None:
    page = await open_studio(
        f"/studio/{sale.broadcast}/prepare#farm", size=PHONE, language=language
    )
    await page.locator('section[data-step="farm"] [data-choices] button').first.click()
    step = page.locator('section[data-step="lot"]')
    await step.locator("summary").first.click()
    await step.locator(f'[name="product_name.{language}"]').fill("金柑 Kumquats")
    await step.locator("[name=code]").fill("V1")
    await step.locator("[name=harvested_at]").fill("2026-11-20T08:00")
    await step.locator("[name=quantity_g]").fill("50")
    await step.locator(".studio-more summary").click()
    await step.locator('[name="inspection.at"]').fill("2026-11-21T08:00")
    await step.locator(f'[name="inspection.result.{language}"]').fill("0.9 mg/kg")
    verdict = step.locator('[name="inspection.passed"]')
    await expect(verdict).to_have_value("")
    await step.locator("[type=submit]").click()
    said = {"en": "Say whether the lot passed this test", "zh": "请选择这次检测是否合格"}
    await expect(step.get_by_text(said[language])).to_be_visible()
    assert [lot["code"] for lot in await sale.api.lots() if lot["code"] == "V1"] == []
    await verdict.select_option("no")
    await step.locator("[type=submit]").click()
    stopped = {"en": "Stopped everywhere: lot V1", "zh": "批次 V1 已全面停售"}
    await expect(page.locator("#toasts").get_by_text(stopped[language])).to_be_visible()
    row = step.locator("[data-choices] > li").filter(has_text="V1")
    await expect(row).to_contain_text("Stopped" if language == "en" else "已停售")
    await expect(row.get_by_role("button")).to_have_count(0)


async def test_harvest_waits_for_the_waiting_period(open_studio: Open, sale: Sale) -> None:
    plot = await plot_of(sale)
    page = await open_studio(f"/studio/farms/{sale.farm}")
    await page.get_by_role("button", name=re.compile("^Flowered or sprayed")).click()
    sheet = page.get_by_role("dialog", name="South slope")
    await sheet.get_by_label(re.compile(r"^Product used \(")).fill("Copper")
    await sheet.get_by_label("Waiting period").fill("14")
    await sheet.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("picking allowed from")).to_be_visible()
    await page.goto(f"/studio/farms/{sale.farm}/harvest")
    await record(page, "20")
    await expect(page.get_by_text("waiting period after spraying is not over")).to_be_visible()
    await page.get_by_label("Why it was picked all the same").fill("Thinned out, not for sale")
    await page.get_by_role("button", name="Record").click()
    await expect(page.get_by_text("Recorded: 20 kg")).to_be_visible()
    lots = await sale.api.lots()
    assert any((lot["plot"] or {}).get("id") == plot for lot in lots)


async def test_harvest_typed_without_network_is_kept(open_studio: Open, sale: Sale) -> None:
    await plot_of(sale)
    page = await open_studio(f"/studio/farms/{sale.farm}/harvest", size=PHONE, language="zh")
    await expect(page.get_by_text("南坡")).to_be_visible()
    await page.context.set_offline(True)
    await record(page, "33", "zh")
    await expect(page.get_by_text("保存在这部手机上")).to_be_visible()
    await page.context.set_offline(False)
    await page.reload()
    await expect(page.get_by_label("公斤数")).to_have_value("33")
    await page.get_by_role("button", name="记下来").click()
    await expect(page.get_by_text("已记下")).to_be_visible()
    assert sum(lot["quantity_g"] == 33_000 for lot in await sale.api.lots()) == 1


async def test_a_test_and_a_work_are_taken_back_with_a_reason_that_stays_to_be_read(
    open_studio: Open, sale: Sale
) -> None:
    plot = await plot_of(sale)
    sprayed = {"kind": "sprayed", "at": "2026-10-01T08:00:00+08:00", "waiting_days": 7}
    await sale.api.request("POST", f"/api/v1/plots/{plot}/works", json=sprayed)
    test = {"at": "2026-11-24T08:00:00+08:00", "result": {"en": "No residue found"}, "passed": True}
    await sale.api.request("POST", f"/api/v1/lots/{sale.lot}/inspections", json=test)
    page = await open_studio(
        f"/studio/farms/{sale.farm}", role="seller", farms=[sale.farm], size=PHONE
    )
    row = page.get_by_role("listitem").filter(has_text="1123")
    await row.get_by_role("button", name=re.compile("^Withdraw a test")).click()
    sheet = page.get_by_role("dialog", name="Withdraw a test of lot 1123")
    await expect(sheet.get_by_role("radio")).to_be_checked()
    await expect(sheet.get_by_text("Passed · No residue found")).to_be_visible()
    await sheet.get_by_label("Why").fill("The sample was of another lot")
    await sheet.get_by_role("button", name="Withdraw it").click()
    await expect(row.get_by_role("button", name=re.compile("^Withdraw a test"))).to_have_count(0)
    row = page.get_by_role("listitem").filter(has_text="South slope")
    await expect(row).to_contain_text("Sprayed")
    await row.get_by_role("button", name=re.compile("^Withdraw")).click()
    sheet = page.get_by_role("dialog", name="Withdraw a record: South slope")
    await sheet.get_by_label("Why").fill("Another plot was sprayed")
    await sheet.get_by_role("button", name="Withdraw it").click()
    await expect(row).not_to_contain_text("Sprayed")
    await page.goto(f"{page.url.partition('/studio')[0]}/origin/lot/{sale.lot}")
    await expect(page.get_by_text("The sample was of another lot")).to_be_visible()
    await expect(page.get_by_text("No test is recorded for this lot.")).to_be_visible()


async def test_a_harvest_that_is_hard_to_believe_asks_for_a_reason(
    open_studio: Open, sale: Sale
) -> None:
    plot = await plot_of(sale)
    await sale.api.request("PATCH", f"/api/v1/plots/{plot}", json={"area_m2": 20})
    page = await open_studio(
        f"/studio/farms/{sale.farm}/harvest", role="seller", farms=[sale.farm], size=PHONE
    )
    await record(page, "412.5")
    why = page.get_by_label("Why it is right all the same")
    await expect(why).to_be_visible()
    await expect(page.get_by_role("alert")).to_contain_text("its 20 m² can yield 200 kg")
    await why.fill("Two years were weighed together")
    await page.get_by_role("button", name=WORDS["en"]["do"]).click()
    await expect(page.get_by_text(re.compile("Recorded: 412.5 kg of Kumquats"))).to_be_visible()
    await page.get_by_role("link", name="As buyers read it").click()
    await expect(page.get_by_text("Two years were weighed together")).to_be_visible()
