"""The table of an order's life: every step it has, and none that it has not."""

import itertools
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmlive.broadcast.events.trade import Payment, State
from farmlive.people import Caller
from farmlive.problems import Forbidden
from farmlive.shop.core import state_machine
from farmlive.shop.core.fields import Way
from farmlive.shop.core.problems import NotInState

STATES: tuple[State, ...] = get_args(State)
PAYMENTS: tuple[Payment, ...] = get_args(Payment)
WAYS: tuple[Way, ...] = get_args(Way)
WHO: tuple[state_machine.OrderRole, ...] = get_args(state_machine.OrderRole)

STEPS = {
    ("held", "held"),
    ("held", "expired"),
    ("held", "cancelled"),
    ("held", "placed"),
    ("placed", "packed"),
    ("placed", "cancelled"),
    ("packed", "cancelled"),
    ("packed", "shipped"),
    ("packed", "at_centre"),
    ("shipped", "received"),
    ("shipped", "cancelled"),
    ("at_centre", "received"),
    ("at_centre", "cancelled"),
}


def may(before: State, after: State, who: state_machine.OrderRole, way: Way) -> bool:
    try:
        state_machine.next_state(before, after, who, way)
    except (NotInState, Forbidden):
        return False
    return True


def test_an_order_takes_the_steps_of_the_table_and_no_other() -> None:
    taken = {
        (before, after)
        for before, after, who, way in itertools.product(STATES, STATES, WHO, WAYS)
        if may(before, after, who, way)
    }
    assert taken == STEPS


def test_what_is_over_stays_as_it_is() -> None:
    for state, after, who, way in itertools.product(
        ("received", "cancelled", "expired"), STATES, WHO, WAYS
    ):
        assert not may(state, after, who, way)  # type: ignore[arg-type]


def test_a_buyer_cancels_until_it_is_packed_and_staff_until_the_buyer_has_it() -> None:
    assert [state for state in STATES if state_machine.can_cancel(state, "buyer")] == [
        "held",
        "placed",
    ]
    by_staff = [state for state in STATES if state_machine.can_cancel(state, "staff")]
    assert by_staff == ["placed", "packed", "shipped", "at_centre"]


def test_only_what_left_the_farm_is_called_off_with_a_reason() -> None:
    assert [step.before for step in state_machine.STATES if step.why] == ["shipped", "at_centre"]


def test_what_is_undone_was_a_step_and_boxes_that_went_back_are_taken_again() -> None:
    steps = {(step.before, step.after): step for step in state_machine.STATES}
    for back in state_machine.BACK_STATES:
        step = steps[back.after, back.before]  # type: ignore[index]
        assert back.event.kind == f"order.{back.after}"
        assert step.way == back.way
        assert (step.stock == state_machine.BACK) == (back.stock == state_machine.SOLD)
    undone = {(back.after, back.before) for back in state_machine.BACK_STATES}
    forward = {
        pair for pair in steps if pair[0] not in (None, "held") and pair[1] not in ("expired",)
    }
    assert undone == forward


def test_each_payment_and_refund_has_its_way_back() -> None:
    back = {(step.after, step.before): step for step in state_machine.BACK_PAYMENTS}
    forward = {(step.before or "", step.after): step for step in state_machine.PAYMENTS}
    assert back.keys() == forward.keys()
    for pair, step in forward.items():
        assert (back[pair].event, back[pair].who) == (step.event, step.who)


def test_a_clerk_undoes_only_what_a_clerk_did() -> None:
    for step in state_machine.BACK_STATES:
        forward = next(
            each
            for each in state_machine.STATES
            if (each.before, each.after) == (step.after, step.before)
        )
        assert ("clerk" in step.who) == ("clerk" in forward.who)


def test_only_what_is_not_packed_goes_back_to_the_stock() -> None:
    back = {step.before for step in state_machine.STATES if step.stock == state_machine.BACK}
    assert back == {"held", "placed"}


def test_parcels_are_shipped_and_pick_ups_brought_to_the_centre() -> None:
    assert may("packed", "shipped", "staff", "parcel")
    assert not may("packed", "shipped", "staff", "pickup")
    assert may("packed", "at_centre", "staff", "pickup")
    assert not may("packed", "at_centre", "staff", "parcel")


def test_a_clerk_brings_what_is_picked_up_to_its_buyer_and_does_no_more() -> None:
    steps = {
        (before, after, way)
        for before, after, way in itertools.product(STATES, STATES, WAYS)
        if may(before, after, "clerk", way)
    }
    assert steps == {
        ("placed", "packed", "pickup"),  # the farm forgot to tick it, and the box is there
        ("packed", "at_centre", "pickup"),
        ("at_centre", "received", "pickup"),
    }


@given(st.lists(st.sampled_from(PAYMENTS)), st.sampled_from(STATES))
def test_money_is_paid_before_it_is_given_back(path: list[Payment], state: State) -> None:
    payment: Payment = "due"
    seen: list[Payment] = []
    for after in path:
        try:
            state_machine.next_payment(payment, after, "staff", "parcel", state)
        except NotInState:
            continue
        payment = after
        seen.append(after)
    asked = [*itertools.dropwhile(lambda after: after == "due", seen)]
    assert asked[:1] in ([], ["paid"])
    assert "due" not in asked
    assert seen.count("paid") <= 1
    assert "refunded" not in seen[:-1]
    if state == "cancelled":
        assert seen == []


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(NotInState) as refusal:
        state_machine.next_state("placed", "received", "staff", "parcel")
    assert refusal.value.members == {"state": "placed", "allowed": ["cancelled", "packed"]}
    assert "can't become received. It may become cancelled, packed." in refusal.value.detail
    with pytest.raises(NotInState) as refusal:
        state_machine.next_state("cancelled", "packed", "staff", "parcel")
    assert refusal.value.detail.endswith("It stays as it is.")
    with pytest.raises(Forbidden):
        state_machine.next_state("packed", "cancelled", "buyer", "parcel")


def test_who_changes_orders() -> None:
    def who(role: Any) -> state_machine.OrderRole:
        return state_machine.role_of(Caller(None, None, role, "d", "192.0.2.1"))

    assert [who(role) for role in ("coordinator", "host", "clerk")] == ["staff", "staff", "clerk"]
    for role in (None, "seller", "moderator", "simulator"):
        with pytest.raises(Forbidden):
            who(role)


def test_each_step_writes_the_event_of_its_state() -> None:
    for step in state_machine.STATES:
        assert step.event.kind == f"order.{step.after}"
