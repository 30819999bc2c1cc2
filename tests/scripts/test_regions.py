"""What the list of regions is made of."""

from pathlib import Path

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
