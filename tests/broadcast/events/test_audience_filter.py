"""What of an order each of its audiences sees."""

from typing import Any

import pytest

from farmlive.broadcast.events.audience_filter import filter_data

TOLD = ("staff", "farm:1", "farm:2", "order:9")
DATA = {
    "order": "9",
    "state": "placed",
    "buyer": "pseudonym",
    "lines": [
        {"farm": "1", "quantity": 2, "total": 5980},
        {"farm": "2", "quantity": 1, "total": 2990},
        {"farm": "1", "quantity": 1, "total": 100},
    ],
    "total": {"amount": 9070, "currency": "CNY"},
}


@pytest.mark.parametrize("audience", ["staff", "order:9"])
def test_staff_and_the_buyer_see_all(audience: str) -> None:
    assert filter_data(DATA, TOLD, {"public", audience}) is DATA


def test_a_seller_sees_own_lines_with_their_total_and_no_buyer() -> None:
    assert filter_data(DATA, TOLD, {"public", "farm:1", "farm:3"}) == {
        "order": "9",
        "state": "placed",
        "lines": [DATA["lines"][0], DATA["lines"][2]],  # type: ignore[index]
        "total": {"amount": 6080, "currency": "CNY"},
    }


def test_a_seller_of_every_farm_in_it_sees_the_whole_but_the_buyer() -> None:
    shown = filter_data(DATA, TOLD, {"public", "farm:1", "farm:2"})
    assert shown == {name: value for name, value in DATA.items() if name != "buyer"}


def test_what_the_parcel_costs_is_no_part_of_a_sellers_total() -> None:
    data = {**DATA, "fee": {"amount": 900}, "total": {"amount": 9970, "currency": "CNY"}}
    shown = filter_data(data, TOLD, {"public", "farm:1", "farm:2"})
    assert shown == {name: value for name, value in DATA.items() if name != "buyer"}


def test_a_seller_who_buys_sees_the_own_order_whole() -> None:
    assert filter_data(DATA, TOLD, {"public", "farm:1", "order:9"}) is DATA


@pytest.mark.parametrize(
    ("told", "amount"), [(("staff", "farm:1", "farm:2"), False), (("staff", "farm:1"), True)]
)
def test_what_is_said_of_the_whole_order_is_left_out_where_another_farm_has_a_part(
    told: tuple[str, ...], amount: bool
) -> None:
    data: dict[str, Any] = {"order": "9", "amount": {"amount": 100}, "reason": "one was bruised"}
    shown = filter_data(data, told, {"public", "farm:1"})
    assert ("amount" in shown) is amount
    assert "reason" not in shown


@pytest.mark.parametrize(
    ("farms", "quantities"), [({"farm:1"}, [3]), ({"farm:2"}, [1]), ({"farm:1", "farm:2"}, [3, 1])]
)
def test_a_seller_sees_which_of_own_boxes_were_put_back(
    farms: set[str], quantities: list[int]
) -> None:
    back = [{"offer": "a", "farm": "1", "quantity": 3}, {"offer": "b", "farm": "2", "quantity": 1}]
    shown = filter_data({"order": "9", "back": back}, TOLD, {"public", *farms})
    assert [each["quantity"] for each in shown["back"]] == quantities
    # Nothing tells that others were.
    assert "back" not in filter_data({"order": "9", "back": back[1:]}, TOLD, {"public", "farm:1"})


def test_a_seller_is_told_of_a_wrong_price_of_own_lines_alone() -> None:
    data = {"order": "9", "line": {"offer": "a", "farm": "1"}}
    assert filter_data(data, TOLD, {"public", "farm:1"}) == data
    assert filter_data(data, TOLD, {"public", "farm:2"}) == {"order": "9"}


@pytest.mark.parametrize(("told", "shown"), [(TOLD, False), (("staff", "farm:1", "order:9"), True)])
def test_what_an_older_log_put_back_is_shown_where_no_other_farm_has_a_part(
    told: tuple[str, ...], shown: bool
) -> None:
    data = {"order": "9", "back": [{"offer": "a", "quantity": 3}]}
    assert ("back" in filter_data(data, told, {"public", "farm:1"})) is shown


def test_what_is_public_is_seen_as_it_is() -> None:
    data = {"offer": "a", "total": 3}
    assert filter_data(data, ["public"], {"public", "farm:1"}) is data
