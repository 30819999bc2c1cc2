"""What the list of regions is made of."""

import json
from pathlib import Path

import pytest
from scripts.region_names import joined, names
from scripts.regions import FOLDER, regions


def test_the_packages_module_becomes_names_by_codes_in_order() -> None:
    source = r"""
    const areaList = {
        province_list: { 350000: "\u798F\u5EFA\u7701" },
        city_list: { 350400: "\u4E09\u660E\u5E02" },
        county_list: { 350426: "\u5C24\u6EAA\u53BF", 350402: "\u6885\u5217\u533A" },
    };
    const other = { 1: "x", 12345: "y" };
    """
    assert list(regions(source).items()) == [
        ("350000", "福建省"),
        ("350400", "三明市"),
        ("350402", "梅列区"),
        ("350426", "尤溪县"),
    ]


def test_the_list_has_its_licence_and_says_of_which_version_it_is() -> None:
    folder = Path(FOLDER)
    assert "MIT License" in (folder / "LICENSE").read_text("utf-8")
    assert "`@vant/area-data` 2.1.0" in (folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("syllables", "word"),
    [("xi an", "Xi'an"), ("dong e", "Dong'e"), ("lü liang", "Lüliang"), ("e zhou", "Ezhou")],
)
def test_syllables_are_one_word(syllables: str, word: str) -> None:
    assert joined(syllables.split()) == word


def test_a_name_is_spelt_with_its_kind_behind_it() -> None:
    spelt = {"福建": "fu jian", "三明": "san ming", "长阳": "zhang yang", "海港": "hai gang"}
    found = names(
        {
            "350000": "福建省",
            "350400": "三明市",
            "350428": "长阳土家族苗族自治县",
            "350471": "福建三明海港经济开发区",
            "350472": "三明市高新技术产业开发区",
            "350473": "乌鲁木齐县",
        },
        lambda name: spelt[name].split(),
    )
    assert list(found.values()) == [
        "Fujian Province",
        "Sanming City",
        "Changyang Tujia and Miao Autonomous County",
        "Sanming Haigang Economic Development Zone",
        "Sanming High-tech Development Zone",
        "Ürümqi County",
    ]


def test_both_lists_have_the_same_regions() -> None:
    chinese, english = (
        json.loads((FOLDER / name).read_text("utf-8"))
        for name in ("regions.json", "regions.en.json")
    )
    assert list(chinese) == list(english)
