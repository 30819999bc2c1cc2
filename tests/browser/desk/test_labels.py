"""Labels of 100 by 150 mm in Chromium: whatever stands on one stands apart from its sum and codes,
and no product is left out unsaid.
"""

import re
from typing import Any

import pytest
from playwright.async_api import Page
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.support.money import cny

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

VILLAGE = {
    "zh": "福建省三明市尤溪县梅仙镇坪寨村 18 号",
    "en": "18 Pingzhai village, Meixian, Youxi",
}
LONG = {
    "zh": "福建省三明市尤溪县城关镇解放路紫阳公园东侧阳光花园小区十二号楼三单元一千二百零二室代收",
    "en": "Flat 1202, staircase 3, 12 Sunlight Gardens, Jiefang road, Youxi",
}
LONGEST = {
    "zh": "尤溪县城关镇解放路紫阳公园东侧阳光花园" * 15,
    "en": "Sunlight Gardens road 12, " * 11,
}
PLACE = {language: words[:200] for language, words in LONGEST.items()}
SHORT = {"zh": "小金桔", "en": "Small kumquats"}
NAMES = {
    "zh": "尤溪梯田高山晨采脆皮金桔家庭分享装",
    "en": "Crisp-skinned mountain kumquats, picked at",
}
UNITS = {"zh": "五斤装礼盒（含保鲜冰袋）", "en": "gift box of 2.5 kg with ice pack"}
LOT = "20261123-MEIXIAN-A"

# A case: how many lines, which name, which unit, the address, the lot, who receives it. Of what is
# picked up it is the centre's name, and nearly its address.
CASES: dict[str, tuple[int, Any, Any, Any, str, str]] = {
    "plain": (1, SHORT, {"zh": "箱", "en": "box"}, VILLAGE, "1123", "王芳"),
    "two long names": (2, NAMES, UNITS, LONG, "1123", "王芳"),
    "five with long units": (5, SHORT, UNITS, LONG, "1123-MX", "王芳"),
    "twelve": (12, NAMES, UNITS, VILLAGE, LOT, "王芳"),
    "picked up": (3, NAMES, UNITS, LONG, LOT, "王芳"),
    "the longest place": (7, NAMES, UNITS, PLACE, LOT, "王芳芳" * 20),
    "the longest address": (7, NAMES, UNITS, LONGEST, LOT, "王芳芳" * 20),
}

# Of each label: the products that are seen whole or cut by an ellipsis, those that are said to be
# on the slip, and what lies upon something else or outside of the label.
LAID_OUT = """
() => [...document.querySelectorAll(".label")].map((label) => {
  const box = (element) => element.getBoundingClientRect();
  const all = (...names) => [...label.querySelectorAll(names)].filter((each) => each.offsetParent);
  const part = (name) => label.querySelector(`.label__${name}`);
  const parts = ["head", "to", "lines", "foot"].map(part);
  const end = box(label).bottom - parseFloat(getComputedStyle(label).paddingBottom);
  const wrong = [];
  parts.slice(1).forEach((part, index) => {
    if (box(part).top < box(parts[index]).bottom - 0.5) wrong.push(`${part.className} lies above`);
  });
  if (box(parts[3]).bottom > end + 1) wrong.push("the foot lies outside");
  for (const each of all(".label__lines > li", ".label__lines span", ".label__to p")) {
    const place = each.closest(".label__lines, .label__to");
    if (box(each).bottom > box(place).bottom + 0.5) wrong.push(`${each.className} is cut off`);
  }
  for (const each of all(".label__to p", ".label__unit", "figcaption", ".label__pay")) {
    if (each.scrollWidth > each.clientWidth + 1) wrong.push(`${each.className} is too wide`);
  }
  const more = label.querySelector("[data-more]").textContent.match(/\\d+/);
  return {
    shown: all(".label__lines > li").length - (more ? 1 : 0),
    said: more ? Number(more[0]) : 0,
    wrong,
    points: parseFloat(getComputedStyle(part("place")).fontSize) * 0.75,
  };
})
"""


async def labels(open_studio: Open, sale: Sale, language: str, size: tuple[int, int]) -> Page:
    """The page of the labels, one for each case."""
    for place, (case, said) in enumerate(CASES.items()):
        count, name, unit, address, code, buyer = said
        lot = await sale.api.create_lot(
            sale.farm,
            f"{code}-{place}",
            {"zh": "金桔", "en": "Kumquats"},
            "2026-11-20T08:00:00+08:00",
            5_000_000,
        )
        offers = [
            await sale.api.create_offer(
                sale.broadcast,
                lot["id"],
                cny(2990),
                20,
                name={word: f"{words}{number}" for word, words in name.items()},
                unit=unit,
                net_weight_g=2500,
            )
            for number in range(count)
        ]
        delivery = {"way": "parcel", "address": address[language].strip(" ,")}
        is_picked_up = case in ("picked up", "the longest place")
        if is_picked_up:
            where = {word: said[1:] for word, said in address.items()}
            delivery = {
                "way": "pickup",
                "centre": (await sale.api.create_centre(address, where))["id"],
            }
        await sale.api.commands(sale.broadcast).order(
            f"a-key-of-a-label-{place:04d}",
            {
                "lines": [{"offer": each["id"], "quantity": 1, "price": 2990} for each in offers],
                "buyer": {"name": buyer, "phone": "13800000001"},
                "delivery": delivery,
                "payment": "pay_at_pickup" if is_picked_up else "cash_on_delivery",
            },
        )
    path = f"/studio/{sale.broadcast}/orders/labels"
    # On a phone each label stands narrower than it is printed.
    return await open_studio(path, language=language, size=size)


@pytest.mark.parametrize(("language", "size"), [("zh", DESK), ("en", DESK), ("zh", PHONE)])
async def test_no_product_lies_on_the_sum_or_is_left_out_unsaid(
    open_studio: Open, sale: Sale, language: str, size: tuple[int, int]
) -> None:
    page = await labels(open_studio, sale, language, size)
    for medium in ("screen", "print"):
        await page.emulate_media(media=medium)
        found = await page.evaluate(LAID_OUT)
        assert {name: each["wrong"] for name, each in zip(CASES, found, strict=True)} == {
            name: [] for name in CASES
        }
        whole = [each["shown"] + each["said"] for each in found]
        assert whole == [count for count, *_ in CASES.values()]
        # Few are all shown, and a plain label in large letters; of many products at least one is.
        assert [each["said"] for each in found[:3]] == [0, 0, 0]
        assert found[-1]["shown"] >= 1
        assert found[0]["points"] == pytest.approx(14, abs=0.01)
    printed = await page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == len(CASES)
