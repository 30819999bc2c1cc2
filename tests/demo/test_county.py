"""The county's content: both languages everywhere, and demonstration GTINs that check."""

from typing import Any

from farmlive.demo.county import content
from farmlive.origin.core.gs1 import gtin14


def bilingual(part: Any) -> list[dict[str, str]]:
    if isinstance(part, dict):
        if set(part) == {"zh", "en"}:
            return [part]
        return [found for value in part.values() for found in bilingual(value)]
    return [found for value in part for found in bilingual(value)] if isinstance(part, list) else []


def test_every_text_is_in_both_languages_and_fits() -> None:
    texts = bilingual({**content(), "script": None})
    assert len(texts) > 50
    for text in texts:
        assert text["zh"]
        assert text["en"]


def test_gtins_are_of_the_demonstration_prefix_with_right_check_digits() -> None:
    gtins = [lot["gtin"] for lot in content()["lots"].values() if lot["gtin"]]
    assert len(set(gtins)) == len(gtins) >= 6
    for gtin in gtins:
        assert gtin.startswith("0952")
        assert gtin14(gtin) == gtin


def test_every_offer_has_a_product_a_lot_and_a_line_of_the_host() -> None:
    youxi = content()
    for broadcast in youxi["broadcasts"].values():
        assert set(broadcast["offers"]) <= set(youxi["products"]) & set(youxi["lots"])
    assert set(youxi["broadcasts"]["live"]["offers"]) <= set(youxi["script"])
    assert all(youxi["lots"][name]["gtin"] for name in youxi["broadcasts"]["live"]["offers"])


def test_plots_works_and_past_evenings_name_what_is_there() -> None:
    youxi = content()
    assert {plot["farm"] for plot in youxi["plots"].values()} == set(youxi["farms"])
    assert {lot["plot"] for lot in youxi["lots"].values()} <= set(youxi["plots"])
    assert {work["plot"] for work in youxi["works"]} <= set(youxi["plots"])
    codes = [(lot["farm"], lot["code"]) for lot in youxi["lots"].values()]
    for evening in youxi["history"].values():
        assert set(evening["offers"]) <= set(youxi["products"])
        assert {change["offer"] for change in evening["changes"]} <= set(evening["offers"])
        codes += [
            (youxi["lots"][name]["farm"], offer["lot"]["code"])
            for name, offer in evening["offers"].items()
            if offer["lot"]
        ]
    assert len(set(codes)) == len(codes)


def test_no_lot_was_picked_within_a_waiting_period() -> None:
    youxi = content()
    for work in youxi["works"]:
        if work["kind"] == "sprayed":
            for lot in youxi["lots"].values():
                since_h = work["days"] * 24 - lot["picked_h"]
                if lot["plot"] == work["plot"] and since_h > 0:
                    assert since_h >= work["waiting_days"] * 24
