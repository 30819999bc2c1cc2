"""How many people just bought: different ones, of orders that stand, and never fewer than two."""

import pytest

from farmlive.broadcast.log import Event
from farmlive.broadcast.recent_buyers import WINDOW_MS, RecentBuyers

T = 1_795_944_000_000


def event(at: int, kind: str, order: str, *, device: str | None = None, **data: object) -> Event:
    return Event("B", 1, at, kind, ("staff",), {"order": order, **data}, device)


@pytest.fixture
def recent() -> RecentBuyers:
    return RecentBuyers()


def place(recent: RecentBuyers, at: int, order: str, buyer: str) -> None:
    recent.apply(event(at, "order.placed", order, buyer=buyer))


def test_one_buyer_of_many_orders_is_no_crowd(recent: RecentBuyers) -> None:
    assert recent.count(T) is None
    for number in range(3):
        place(recent, T + number, f"o{number}", "fang")
    assert recent.count(T + 10) is None
    place(recent, T + 5, "other", "qiang")
    assert recent.count(T + 10) == 2


def test_one_person_of_many_names_and_devices_counts_once(recent: RecentBuyers) -> None:
    for number, (buyer, device) in enumerate(
        [("fang", "phone"), ("her mother", "phone"), ("an invention", "phone"), ("fang", "tablet")]
    ):
        recent.apply(event(T, "order.placed", f"o{number}", buyer=buyer, device=device))
    assert recent.count(T) is None
    recent.apply(event(T, "order.placed", "other", buyer="qiang", device="his"))
    assert recent.count(T) == 2
    # An order that shows two to be one joins them.
    recent.apply(event(T, "order.placed", "both", buyer="qiang", device="phone"))
    assert recent.count(T) is None


def test_orders_that_staff_place_at_a_desk_are_no_crowd(recent: RecentBuyers) -> None:
    for number in range(5):
        told = {"buyer": f"villager {number}", "by": "staff", "device": f"desk {number}"}
        recent.apply(event(T, "order.placed", f"o{number}", **told))
    place(recent, T, "own", "fang")
    assert recent.count(T) is None


def test_what_is_older_than_the_window_is_over(recent: RecentBuyers) -> None:
    place(recent, T, "a", "fang")
    place(recent, T + 1, "b", "qiang")
    place(recent, T + 5_000, "c", "mei")
    assert recent.count(T + WINDOW_MS - 1) == 3
    assert recent.count(T + WINDOW_MS) == 2
    assert recent.count(T + WINDOW_MS + 1) is None


def test_a_cancelled_or_erased_order_counts_no_more(recent: RecentBuyers) -> None:
    for order in ("a", "b", "c"):
        place(recent, T, order, f"buyer of {order}")
    recent.apply(event(T + 1, "order.cancelled", "a"))
    assert recent.count(T + 2) == 2
    recent.apply(event(T + 3, "order.erased", "b", buyer="anew"))
    assert recent.count(T + 4) is None


def test_a_clock_that_is_set_back_leaves_nobody_there_for_ever(recent: RecentBuyers) -> None:
    place(recent, T, "a", "fang")
    place(recent, T, "b", "qiang")
    assert recent.count(T - 3_600_000) == 2
    recent.apply(event(T + WINDOW_MS, "chat.said", "-"))
    assert recent.count(T - 3_600_000) is None


def test_an_order_that_is_placed_again_by_an_undone_step_is_not_new(recent: RecentBuyers) -> None:
    place(recent, T, "a", "fang")
    recent.apply(event(T, "order.placed", "b", undone="cancelled"))
    assert recent.count(T) is None
